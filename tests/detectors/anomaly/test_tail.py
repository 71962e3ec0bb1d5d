"""The limit from a sample: exceeded at the stated rate by what is drawn from the same distribution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from detectors.anomaly.tail import BOUNDED, threshold, without_incident

Draw = Callable[[np.random.Generator, int], np.ndarray]  # type: ignore[type-arg]

DISTRIBUTIONS: dict[str, tuple[Draw, tuple[float, float]]] = {
    "normal": (lambda random, count: np.abs(random.normal(size=count)), (0.0, 0.5)),
    "exponential": (lambda random, count: random.exponential(size=count), (0.0, 0.5)),
    "lognormal": (lambda random, count: random.lognormal(0.0, 0.5, count), (0.0, 0.5)),
    "student": (lambda random, count: np.abs(random.standard_t(4, count)), (0.0, 0.5)),
    "bounded": (lambda random, count: random.beta(4.0, 6.0, count), BOUNDED),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("count", [100, 2000])
def test_the_rate_is_kept(name: str, count: int) -> None:
    draw, shapes = DISTRIBUTIONS[name]
    random = np.random.default_rng(3)
    rate, exceeded, drawn = 1e-3, 0, 0
    for _ in range(60):
        limit = threshold(draw(random, count), rate, shapes)
        fresh = draw(random, 20_000)
        exceeded += int(np.count_nonzero(fresh > limit))
        drawn += len(fresh)
    print(f"{name}, {count} learned: {exceeded / drawn:.2e} of {rate:.0e}")
    assert exceeded / drawn < (3.0 if count == 100 else 1.5) * rate
    assert exceeded / drawn > 0.05 * rate, "a limit that nothing exceeds is no limit"


def test_small_and_odd_samples_have_an_answer() -> None:
    assert threshold(np.array([]), 1e-3) == 0.0
    assert threshold(np.zeros(100), 1e-3) == 0.0
    assert threshold(np.array([0.0, 0.0, 3.0]), 1e-3) == 3.0
    assert threshold(np.full(50, 2.0), 1e-3) == 2.0
    assert np.isfinite(threshold(np.array([1.0, np.inf, np.nan, *range(30)]), 1e-3))


def test_one_incident_is_no_noise_and_noise_is_no_incident() -> None:
    random = np.random.default_rng(4)
    scores = np.abs(random.normal(size=500))
    clean = without_incident(scores, 1e-3, 0.0)
    assert without_incident(np.append(scores, 500.0), 1e-3, 0.0) == clean
    assert without_incident(np.append(scores, [500.0, 400.0]), 1e-3, 0.0) > 400.0
    assert without_incident(np.append(scores, 1.5 * clean), 1e-3, 0.0) >= 1.5 * clean
    assert without_incident(np.array([]), 1e-3, 4.0) == 4.0
