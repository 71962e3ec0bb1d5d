"""Ageing: told when a day's windows are not the learned ones, and never by chance."""

from __future__ import annotations

import numpy as np

from detectors.anomaly.drift import AGED, EDGES, LEAST, Watch, binned, index
from detectors.anomaly.rate import DAY_NS

NAMES = ("requests", "latency_median_ms")


def watch(random: np.random.Generator) -> Watch:
    scores = random.normal(size=(3000, 2))
    counts = binned(scores, np.arange(3000) % 2, 2)
    return Watch.from_json(counts.tolist(), ["a", "b"], NAMES)


def day(own: Watch, number: int, scores: np.ndarray, groups: np.ndarray) -> None:  # type: ignore[type-arg]
    ends = np.linspace(number * DAY_NS + 10, (number + 1) * DAY_NS - 10, len(scores)).astype(np.uint64)
    own.count(scores, groups, ends)


def test_bins_are_those_between_the_edges() -> None:
    scores = np.array([[-9.0], [0.0], [0.5], [0.6], [9.0]])
    (((*counts,),),) = binned(scores, np.zeros(5, dtype=np.intp), 1).tolist()
    assert len(counts) == len(EDGES) + 1 and sum(counts) == 5
    assert counts[0] == 1 and counts[-1] == 1 and counts[4] == 2, "an edge belongs to the bin below it"


def test_the_same_plant_does_not_age_and_a_change_is_told_with_its_feature() -> None:
    random = np.random.default_rng(1)
    own = watch(random)
    groups = np.arange(2 * LEAST + 200) % 2
    assert own.state() == {}
    for number in range(3):
        day(own, number, random.normal(size=(len(groups), 2)), groups)
    assert own.state()["index"] < AGED / 2 and own.state()["aged_days"] == 0
    for number in range(3, 6):
        later = random.normal(size=(len(groups), 2))
        later[groups == 1, 1] += 1.5
        day(own, number, later, groups)
    told = own.state()
    assert (told["group"], told["feature"], told["aged_days"]) == ("b", "latency_median_ms", 2)
    assert told["index"] > AGED and told["day_ns"] == 4 * DAY_NS


def test_of_few_windows_nothing_is_said() -> None:
    random = np.random.default_rng(2)
    own = watch(random)
    for number in range(2):
        day(own, number, 9.0 + random.normal(size=(LEAST, 2)), np.arange(LEAST) % 2)
    assert own.state() == {}


def test_chance_alone_adds_nothing() -> None:
    random = np.random.default_rng(3)
    learned, seen = (binned(random.normal(size=(600, 1)), np.zeros(600, dtype=np.intp), 1) for _ in range(2))
    assert float(index(learned, seen)[0, 0]) < 0.02
