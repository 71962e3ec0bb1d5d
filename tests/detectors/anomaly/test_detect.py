"""One changed feature fires, each in turn; ordinary windows stay silent at the stated rate."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.anomaly import Anomaly, Settings
from tests.detectors.anomaly.synthetic import COLUMNS, CONSTANT, FEATURES, WINDOW_NS, windows

SIGMAS = {
    # Counts and times in a fixed rhythm vary by less than the floors of features.py believe.
    "requests": 14.0,
    "responses": 14.0,
    "interval_mean_ms": 18.0,
    # Ordinary windows themselves have a long tail.
    "interval_std_ms": 16.0,
    "latency_median_ms": 12.0,
    "writes": 16.0,
}
"""How far a feature is moved, in its own standard deviations: eight where nothing else is said."""


def changed(feature: str, sigmas: float, seed: int = 5) -> tuple[np.ndarray, list]:  # type: ignore[type-arg]
    """Ordinary windows, each with one feature moved: by so many of its own spreads, or by one where it never varies."""
    matrix, keys = windows(conversations=20, count=100, seed=seed)
    column = COLUMNS.index(feature)
    for conversation in range(20):
        own = slice(conversation * 100, conversation * 100 + 100)
        spread = float(np.std(matrix[own, column]))
        matrix[own, column] += 1.0 if feature in CONSTANT else max(1.0, sigmas * spread)
    return matrix, keys


def test_ordinary_windows_are_silent_at_the_stated_rate(anomaly: Anomaly) -> None:
    matrix, keys = windows(conversations=20, count=10_000, seed=2)
    found = anomaly.score(COLUMNS, matrix, keys)
    rate = len(found) / len(keys)
    print(f"false alarms: {len(found)} of {len(keys)} windows, {rate:.2e}; stated {Settings().false_alarm_rate:.0e}")
    assert rate <= 3 * Settings().false_alarm_rate, [finding.features[0] for finding in found[:10]]


@pytest.mark.parametrize("feature", FEATURES)
def test_one_changed_feature_fires(anomaly: Anomaly, feature: str) -> None:
    matrix, keys = changed(feature, SIGMAS.get(feature, 8.0))
    found = anomaly.score(COLUMNS, matrix, keys)
    named = [finding for finding in found if any(item.name == feature for item in finding.features)]
    share = len(named) / len(keys)
    print(f"{feature}: {share:.1%} of windows")
    assert share > 0.9


def test_the_finding_names_feature_value_and_range(anomaly: Anomaly) -> None:
    matrix, keys = windows(conversations=20, count=1, seed=3)
    column = COLUMNS.index("failures")
    matrix[4, column] = 7.0
    (finding,) = anomaly.score(COLUMNS, matrix, keys)
    assert (finding.client, finding.start_ns) == (keys[4][1], keys[4][4])
    assert finding.by_feature
    (feature,) = finding.features
    assert (feature.name, feature.value, feature.low) == ("failures", 7.0, 0.0)
    assert 0.0 < feature.high < 1.0 and feature.beyond > 1.0


def test_features_unusual_together_are_found_by_the_forest(anomaly: Anomaly) -> None:
    """Each feature stays inside its own limit."""
    matrix, keys = windows(conversations=20, count=20, seed=4)
    rows = [anomaly.robust.conversations[key[:4]] for key in keys]
    varies = anomaly.robust.varies[rows]
    distances = np.where(varies, anomaly.robust.allowed(rows) * 0.9, 0.0)
    matrix[:, :-1] = anomaly.robust.medians[rows] + distances * anomaly.robust.spreads[rows]
    found = anomaly.score(COLUMNS, matrix, keys)
    assert len(found) == len(keys)
    assert all(finding.by_forest and not finding.by_feature for finding in found)
    assert all(len(finding.features) == 3 for finding in found)


def test_unknown_conversations_and_other_lengths_are_left_alone(anomaly: Anomaly) -> None:
    matrix, keys = changed("failures", 8.0)
    strangers = [("default", "10.9.9.9", *key[2:]) for key in keys]
    assert anomaly.score(COLUMNS, matrix, strangers) == []  # type: ignore[arg-type]
    shorter = [(*key[:5], key[4] + WINDOW_NS // 2) for key in keys]
    assert anomaly.score(COLUMNS, matrix, shorter) == []
    assert anomaly.score(COLUMNS, np.empty((0, 13)), []) == []


def test_columns_are_taken_by_name(anomaly: Anomaly) -> None:
    matrix, keys = changed("writes", 16.0)
    order = np.random.default_rng(1).permutation(len(COLUMNS))
    shuffled = [COLUMNS[index] for index in order]
    assert anomaly.score(shuffled, matrix[:, order], keys) == anomaly.score(COLUMNS, matrix, keys)
    with pytest.raises(ValueError, match="windows without writes"):
        anomaly.score([name for name in COLUMNS if name != "writes"], matrix[:, :12], keys)


def test_batches_do_not_change_the_result(anomaly: Anomaly) -> None:
    matrix, keys = changed("latency_median_ms", 6.0)
    whole = anomaly.score(COLUMNS, matrix, keys)
    parts = []
    for start in range(0, len(keys), 37):
        parts += anomaly.score(COLUMNS, matrix[start : start + 37], keys[start : start + 37])
    assert whole and parts == whole


def test_a_window_that_opens_a_conversation_is_judged_by_what_was_done_only(anomaly: Anomaly) -> None:
    matrix, keys = changed("operations", 8.0)
    assert len(anomaly.score(COLUMNS, matrix, keys)) == len(keys)
    matrix[:, COLUMNS.index("sessions")] = 4.0
    assert anomaly.score(COLUMNS, matrix, keys) == []
    matrix[:, COLUMNS.index("failures")] = 5.0
    found = anomaly.score(COLUMNS, matrix, keys)
    assert len(found) == len(keys)
    assert all([item.name for item in finding.features] == ["failures"] for finding in found)
