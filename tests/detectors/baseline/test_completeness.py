"""The meter against processes whose unseen part is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from detectors.baseline.completeness import (
    Meter,
    completeness,
    estimate,
    least,
    link_completeness,
    most,
    words,
)

DAY_NS = 86_400_000_000_000


def simulate(rates: np.ndarray, stretches: int, rng: np.random.Generator) -> tuple[Meter, float]:
    """Things that come independently, each at its own pace a stretch; and how many the next will bring first."""
    share = 1 - np.exp(-rates)
    there = rng.random((stretches, len(rates))) < share
    counts = there.sum(0)
    first = np.where(counts > 0, there.argmax(0), stretches)
    late = int(((first >= stretches * 3 // 4) & (counts > 0)).sum())
    meter = Meter(int((counts > 0).sum()), int((counts == 1).sum()), int((counts == 2).sum()), int(counts.sum()), late)
    return meter, float(share[counts == 0].sum())


RATES = {
    "few rare": lambda rng: np.concatenate([np.full(20, 5.0), np.full(10, 0.01)]),
    "long tail": lambda rng: rng.pareto(1.0, 300) * 0.003,
    "all common": lambda rng: np.full(50, 3.0),
}


@pytest.mark.parametrize("name", RATES)
def test_the_estimate_is_calibrated(name: str) -> None:
    """A stretch is a day here, so per day is per stretch."""
    rng = np.random.default_rng(5)
    told, true, held, changing = [], [], [], []
    for _ in range(400):
        meter, unseen = simulate(RATES[name](rng), 60, rng)
        found = estimate(meter, 60, 60.0)
        told.append(found.new_per_day)
        true.append(unseen)
        held.append(unseen <= found.new_per_day_most)
        changing.append(found.changing)
    assert float(np.mean(told)) == pytest.approx(float(np.mean(true)), rel=0.15, abs=0.01)
    assert float(np.mean(held)) >= 0.93  # 95 % of the time, less what 400 rounds allow
    assert float(np.mean(changing)) <= 0.1


def test_counting_messages_would_call_it_complete_when_occasions_do_not() -> None:
    rng = np.random.default_rng(1)
    meter, _ = simulate(np.concatenate([np.full(3, 9.0), np.full(40, 0.02)]), 60, rng)
    found = estimate(meter, 60, 60.0)
    polls = 1_000_000
    assert meter.once / polls < 1e-4 < found.mass
    assert found.new_per_day > 0.1


def test_chao_bounds_the_unseen_from_below() -> None:
    rng = np.random.default_rng(3)
    found, true = [], []
    for _ in range(200):
        rates = np.full(200, 0.02)
        meter, _ = simulate(rates, 60, rng)
        found.append(estimate(meter, 60, 60.0).unseen_least)
        true.append(200 - meter.seen)
    assert float(np.mean(true)) * 0.7 <= float(np.mean(found)) <= float(np.mean(true)) * 1.15


def test_bounds_of_a_count() -> None:
    # Garwood's, one-sided 95 %.
    for count, upper in ((0, 2.996), (1, 4.744), (5, 10.513), (20, 29.062)):
        assert most(count) == pytest.approx(upper, rel=0.01)
    assert least(0) == 0 and least(20) == pytest.approx(13.255, rel=0.01)


Counts = dict[str, int]


def report(links: Counts, operations: Counts, hours: float = 24.0, stretches: int = 60) -> dict[str, Any]:
    link = {
        "segment": "default", "client": "10.0.0.1", "server": "10.0.0.2", "protocol": "modbus",
        "meters": {"links": links, "operations": operations},
    }  # fmt: skip
    span = int(hours * DAY_NS / 24)
    return {"from_ns": 0, "to_ns": span, "stretches": stretches, "meters": link["meters"], "links": [link]}


QUIET = {"seen": 4, "once": 0, "twice": 0, "occasions": 240, "late": 0}
RESTLESS = {"seen": 30, "once": 10, "twice": 5, "occasions": 300, "late": 3}


def test_three_quiet_days_are_complete_and_one_is_not() -> None:
    """By the rule of three: nothing new in n days is at most 3/n a day."""
    assert not completeness(report(QUIET, QUIET)).complete
    told = completeness(report(QUIET, QUIET, hours=73))
    assert told.complete and told.new_per_day == 0 and told.new_per_day_most == pytest.approx(1, rel=0.05)
    assert completeness(report(QUIET, QUIET), allowed_per_day=3.1).complete
    assert not completeness(report(QUIET, RESTLESS, hours=73)).complete


def test_what_is_missing_in_words() -> None:
    told = list(words(completeness(report(QUIET, RESTLESS))))
    assert "操作：已见 30，仍出现新的，约每天 10.0 个" in told[1].zh and "at least 7 not seen yet" in told[1].en
    assert "通信关系：已见 4，未再出现新的" in told[0].zh
    one = report(QUIET, {**RESTLESS, "late": 9})
    assert "近期仍在变化" in next(iter(words(link_completeness(one, one["links"][0])))).zh
    early = completeness(report(QUIET, QUIET, hours=0.0, stretches=1))
    assert not early.complete and math.isinf(early.new_per_day_most)
    assert "太短" in next(iter(words(early))).zh


def test_what_is_done_on_a_new_link_is_not_counted_twice() -> None:
    both = completeness(report(RESTLESS, RESTLESS))
    assert both.new_per_day == completeness(report(RESTLESS, QUIET)).new_per_day
