"""How much forest and density together may say of what was hardly ever, or never, seen to move."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the anomaly model's packages are not installed: pip install otus[anomaly]")

from detectors.anomaly import density
from detectors.anomaly.ensemble import across
from detectors.anomaly.forest import drawn_in


def test_one_step_off_what_always_went_together_is_no_distance() -> None:
    """Requests and answers were always as many, and nothing ever failed: one more of either is one message."""
    random = np.random.default_rng(3)
    requests, latency = np.round(random.normal(0.0, 1.5, 2000)), random.normal(0.0, 1.0, 2000)
    learned = drawn_in(np.column_stack([requests, requests, np.zeros(2000), latency]))
    found = density.fit(learned)[0]
    usual = found.distances(learned)

    def distance(*off: float) -> float:
        return float(found.distances(drawn_in(np.array([off])))[0])

    assert max(distance(0.0, 1.0, 0.0, 0.0), distance(1.0, 0.0, 0.0, 0.0), distance(0.0, 0.0, 1.0, 0.0)) <= 1.1
    assert distance(1.0, 0.0, 1.0, 0.0) < np.quantile(usual, 0.9)
    # A dozen answers to nothing is something, though neither is unusual by itself.
    assert distance(-3.0, 9.0, 0.0, 0.0) > usual.max()


def test_how_often_the_next_window_is_unusual_too() -> None:
    random = np.random.default_rng(4)
    alone = random.exponential(1.0, 4000)
    follows = np.ones(4000, dtype=np.bool_)
    assert 0.05 < across(alone, follows) < 0.15  # a tenth is a tail, and none knows of the one before
    assert across(np.repeat(alone[::2], 2), follows) > 0.4  # each disturbance lies across two
    assert across(alone, np.zeros(4000, dtype=np.bool_)) == pytest.approx(0.5)  # nothing is known
