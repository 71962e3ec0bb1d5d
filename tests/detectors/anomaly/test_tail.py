"""The limit from a sample: exceeded at the stated rate by what is drawn from the same distribution."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from detectors.anomaly.limits import largest_alone, without_incident
from detectors.anomaly.tail import Tail, peaks, steps, threshold

Draw = Callable[[np.random.Generator, int], np.ndarray]  # type: ignore[type-arg]
SECOND = 1_000_000_000

DISTRIBUTIONS: dict[str, Draw] = {
    "normal": lambda random, count: np.abs(random.normal(size=count)),
    "exponential": lambda random, count: random.exponential(size=count),
    "lognormal": lambda random, count: random.lognormal(0.0, 0.5, count),
    "student": lambda random, count: np.abs(random.standard_t(4, count)),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("count", [100, 2000])
def test_the_rate_is_kept(name: str, count: int) -> None:
    random = np.random.default_rng(3)
    rate, exceeded, drawn = 1e-3, 0, 0
    for _ in range(60):
        limit = threshold(DISTRIBUTIONS[name](random, count), rate)
        fresh = DISTRIBUTIONS[name](random, 20_000)
        exceeded += int(np.count_nonzero(fresh > limit))
        drawn += len(fresh)
    print(f"{name}, {count} learned: {exceeded / drawn:.2e} of {rate:.0e}")
    assert exceeded / drawn < (3.0 if count == 100 else 1.5) * rate
    assert exceeded / drawn > 0.05 * rate, "a limit that nothing exceeds is no limit"


def test_small_and_odd_samples_have_an_answer() -> None:
    assert threshold(np.array([]), 1e-3) == 0.0
    assert threshold(np.zeros(100), 1e-3) == 0.0
    assert threshold(np.array([0.0, 0.0, 3.0]), 1e-3) == 3.0
    assert np.isfinite(threshold(np.array([1.0, np.inf, np.nan, *range(30)]), 1e-3))


def test_scores_that_are_all_the_same_have_a_tail_beyond_them() -> None:
    """They did not: the limit was the largest score seen, and twice as many writes at a change of shift an alarm."""
    scores = np.zeros(1440)
    scores[::70] = 10.0
    assert threshold(scores, 1e-8) > 20.0


def test_chance_and_limit_are_each_others_inverse() -> None:
    tail = peaks(np.random.default_rng(5).exponential(size=2000))
    for rate in (1e-3, 1e-6, 1e-9):
        assert float(tail.chance(np.array([tail.limit(rate)]))[0]) == pytest.approx(rate, rel=1e-6)
    assert tail.chance(np.array([0.0]))[0] == 1.0
    assert Tail.from_json(tail.to_json()) == tail


def test_a_smaller_tail_is_taken_where_the_larger_does_not_fit_and_a_misfit_is_said() -> None:
    random = np.random.default_rng(6)
    assert peaks(random.exponential(size=5000)).fits
    two_heaps = np.concatenate([np.abs(random.normal(size=9000)) * 0.01, 50.0 + random.normal(size=1000) * 0.01])
    assert peaks(two_heaps).share == 0.02 and peaks(two_heaps).fits
    assert not peaks(np.repeat([0.0, 1.0], 1000)).fits


def test_bursts_of_messages_are_read_as_messages() -> None:
    """120 windows with one write among 8,640, none with two: two are no wonder, six are."""
    sizes = np.zeros(8640)
    sizes[:120] = 1.0
    limit = steps(sizes).limit(4e-9, 0.0)
    assert 2.0 < limit < 5.0
    sizes[:30] = 2.0  # where a second often follows, more of them are ordinary
    assert steps(sizes).limit(4e-9, 0.0) > limit + 2.0
    never = steps(np.zeros(8640))
    assert limit < never.limit(4e-9, 0.0) < 20.0, "of what was never seen little is promised"
    assert float(never.chance(np.array([1.0 + 1e-9]))[0]) < 1.0 / 8640


def test_the_promise_for_counts_holds() -> None:
    """Bursts that go on with chance 0.3, 60 of them learned: about one in 100,000 is beyond the limit."""
    random = np.random.default_rng(7)

    def draw(count: int) -> np.ndarray:  # type: ignore[type-arg]
        return np.where(random.random(count) < 0.02, random.geometric(0.7, count), 0).astype(float)

    exceeded = sum(int(np.count_nonzero(draw(200_000) > steps(draw(3000)).limit(1e-5, 0.0))) for _ in range(20))
    assert 0 < exceeded < 120, "40 are promised of 4,000,000"


def test_one_incident_is_no_noise_and_noise_is_no_incident() -> None:
    random = np.random.default_rng(4)
    scores = np.abs(random.normal(size=500))
    times = np.arange(500, dtype=np.uint64) * 10 * SECOND
    clean, _ = without_incident(scores, times, 1e-3)
    spoiled = scores.copy()
    spoiled[200:204] = [300.0, 500.0, 400.0, 90.0]  # one incident lasts four windows
    found, _ = without_incident(spoiled, times, 1e-3)
    assert found < 2.0 * clean and largest_alone(spoiled, times, 1e-3) < 10.0
    spoiled[400] = 450.0  # again, and hours later: that is how this plant is
    assert without_incident(spoiled, times, 1e-3)[0] > 400.0
    assert without_incident(np.array([]), times[:0], 1e-3) == (3.0, None)
    assert math.isclose(without_incident(np.zeros(100), times[:100], 1e-3)[0], 3.0)
