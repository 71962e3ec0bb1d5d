"""One changed feature fires, each in turn; ordinary windows stay silent at the stated rate."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.anomaly import Anomaly, train_matrix
from detectors.anomaly.features import FEATURES as ABOUT
from detectors.anomaly.rows import Rows
from sensor._core import Forest
from tests.detectors.anomaly.conftest import anomaly_of
from tests.detectors.anomaly.synthetic import COLUMNS, FEATURES, WINDOW_NS, windows

COUNTED = {feature.name for feature in ABOUT if feature.counted}
LASTING = {feature.name for feature in ABOUT if feature.lasting}


def changed(feature: str, sigmas: float, seed: int = 5) -> tuple[np.ndarray, list]:  # type: ignore[type-arg]
    """Ordinary windows, each with one feature moved: by so many of its own spreads, counts by 25 at least."""
    matrix, keys = windows(conversations=20, count=100, seed=seed)
    column = COLUMNS.index(feature)
    for conversation in range(20):
        own = slice(conversation * 100, conversation * 100 + 100)
        spread = float(np.std(matrix[own, column]))
        matrix[own, column] += max(25.0 if feature in COUNTED else 1.0, sigmas * spread)
    return matrix, keys


def test_ordinary_windows_are_silent(anomaly: Anomaly) -> None:
    """200,000 windows are 1.2 days of this plant, whose promise is 0.02 incidents a day."""
    matrix, keys = windows(conversations=20, count=10_000, seed=2)
    found = anomaly.score(COLUMNS, matrix, keys)
    assert len(found) <= 1, [finding.features[0] for finding in found[:10]]


@pytest.mark.parametrize("feature", FEATURES)
def test_one_changed_feature_fires(anomaly: Anomaly, feature: str) -> None:
    matrix, keys = changed(feature, 30.0)
    found = anomaly.score(COLUMNS, matrix, keys)
    named = [finding for finding in found if any(item.name == feature for item in finding.features)]
    share = len(named) / len(keys)
    print(f"{feature}: {share:.1%} of windows")
    assert share > 0.9


@pytest.mark.parametrize("feature", sorted(LASTING))
def test_what_is_over_in_one_window_is_no_incident(anomaly: Anomaly, feature: str) -> None:
    matrix, keys = changed(feature, 30.0)
    ordinary, _ = windows(conversations=20, count=100, seed=5)
    once = np.where((np.arange(len(keys)) % 2 == 0)[:, None], matrix, ordinary)
    assert anomaly.score(COLUMNS, once, keys) == []


def test_a_conversation_that_was_not_learned_is_told_when_it_asks_more_than_any_learned_one(anomaly: Anomaly) -> None:
    matrix, keys = windows(conversations=22, count=3, seed=7)  # the last two were not learned
    assert anomaly.score(COLUMNS, matrix, keys) == []
    matrix[-1, COLUMNS.index("requests")] = 900.0
    (found,) = anomaly.score(COLUMNS, matrix, keys)
    assert (found.client, found.start_ns, found.learned) == (keys[-1][1], keys[-1][4], False)
    (requests,) = found.features
    assert requests.name == "requests" and 100.0 < requests.high < 200.0
    # Of a protocol that was never learned nothing is known.
    other = [(*key[:3], "opcua", *key[4:]) for key in keys]
    assert anomaly.score(COLUMNS, matrix, other) == []


def test_the_finding_names_feature_value_range_and_the_most_alike_normal_window(anomaly: Anomaly) -> None:
    matrix, keys = windows(conversations=20, count=1, seed=3)
    column = COLUMNS.index("failures")
    matrix[4, column] = 70.0
    (finding,) = anomaly.score(COLUMNS, matrix, keys)
    assert (finding.client, finding.start_ns) == (keys[4][1], keys[4][4])
    assert finding.by_feature
    (feature,) = finding.features
    assert (feature.name, feature.value, feature.low, feature.alike) == ("failures", 70.0, 0.0, 0.0)
    assert 1.0 < feature.high < 25.0 and feature.beyond > 1.0
    _, learned = windows(conversations=20, count=100, seed=1)
    assert (finding.client, finding.alike_ns) in {(key[1], key[4]) for key in learned}


def test_features_unusual_together_are_found_by_the_ensemble() -> None:
    """Each feature stays inside its own limit. A quarter of an hour says too little of how large the two get; four
    hours were learned."""
    matrix, keys = windows(conversations=20, count=1440, seed=1)
    anomaly = anomaly_of(train_matrix(COLUMNS, matrix, keys, window_ns=WINDOW_NS, make_forest=Forest))
    matrix, keys = windows(conversations=20, count=20, seed=4)
    rows = [anomaly.robust.conversations[key[:4]] for key in keys]
    own = anomaly.robust.centre
    allowed = np.minimum(anomaly.robust.allowed(rows, 0), anomaly.robust.allowed(rows, 1))
    distances = np.where(own.steady[rows], 0.0, allowed * 0.99)
    matrix[:, :-1] = own.median[rows] + distances * own.spread[rows]
    found = anomaly.score(COLUMNS, matrix, keys)
    assert 300 <= len(found) <= len(keys) - 20, "never the first of a conversation: two in a row"
    assert all(finding.by_forest and not finding.by_feature for finding in found)
    assert all(len(finding.features) == 3 and finding.score > finding.score_limit for finding in found)


def test_unknown_conversations_and_other_lengths_are_left_alone(anomaly: Anomaly) -> None:
    matrix, keys = changed("failures", 8.0)
    strangers = [("default", "10.9.9.9", *key[2:]) for key in keys]
    assert anomaly.score(COLUMNS, matrix, strangers) == []  # type: ignore[arg-type]
    shorter = [(*key[:5], key[4] + WINDOW_NS // 2) for key in keys]
    assert anomaly.score(COLUMNS, matrix, shorter) == []
    assert anomaly.score(COLUMNS, np.empty((0, 13)), []) == []


def test_columns_are_taken_by_name(anomaly: Anomaly) -> None:
    matrix, keys = changed("writes", 30.0)
    order = np.random.default_rng(1).permutation(len(COLUMNS))
    shuffled = [COLUMNS[index] for index in order]
    assert anomaly.score(shuffled, matrix[:, order], keys) == anomaly.score(COLUMNS, matrix, keys)
    with pytest.raises(ValueError, match="windows without writes"):
        anomaly.score([name for name in COLUMNS if name != "writes"], matrix[:, :12], keys)


@pytest.mark.parametrize("size", [1, 37, 300])
def test_batches_do_not_change_the_result(anomaly: Anomaly, size: int) -> None:
    """In order of time, as the engine hands windows out: every conversation's window, then the next of each."""
    matrix, keys = changed("latency_median_ms", 9.0)
    order = sorted(range(len(keys)), key=lambda place: keys[place][4])
    matrix, keys = matrix[order], [keys[place] for place in order]
    matrix, keys = matrix[:400], keys[:400]
    whole = anomaly.score(COLUMNS, matrix, keys)
    before, parts = anomaly.before(), []
    for start in range(0, len(keys), size):
        rows = Rows.arrange(COLUMNS, matrix[start : start + size], keys[start : start + size], anomaly.robust.names)
        parts += anomaly.judge(rows, before).findings
    assert len(whole) > 100 and parts == whole


def test_a_window_that_opens_a_conversation_is_judged_by_what_was_done_only(anomaly: Anomaly) -> None:
    matrix, keys = changed("operations", 8.0)
    assert len(anomaly.score(COLUMNS, matrix, keys)) == len(keys)
    matrix[:, COLUMNS.index("sessions")] = 4.0
    assert anomaly.score(COLUMNS, matrix, keys) == []
    matrix[:, COLUMNS.index("failures")] = 50.0
    found = anomaly.score(COLUMNS, matrix, keys)
    assert len(found) == len(keys)
    assert all([item.name for item in finding.features] == ["failures"] for finding in found)
