"""The compiled forest gives what scikit-learn's gives, whatever the forest and the rows are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from detectors.anomaly.compiled import MAGIC, compiled
from detectors.anomaly.forest import drawn_in, unusual
from sensor._core import Forest

Matrix = np.ndarray[Any, np.dtype[np.float64]]


def grown(rows: Matrix, **settings: Any) -> IsolationForest:
    return IsolationForest(n_estimators=30, random_state=1, **settings).fit(rows)


def scores(forest: IsolationForest, rows: Matrix) -> Matrix:
    return np.frombuffer(Forest(compiled(forest)).score(rows.tobytes()))


def ordinary(count: int, width: int = 12, seed: int = 1) -> Matrix:
    return np.random.default_rng(seed).normal(0.0, 2.0, (count, width))


def some_constant() -> Matrix:
    rows = ordinary(400)
    rows[:, ::3] = 1.5
    return rows


LEARNED = {
    "ordinary": ordinary(600),
    "one row": ordinary(1),
    "two rows": ordinary(2),
    "three rows": ordinary(3),
    "rows that are all the same": np.tile(ordinary(1), (300, 1)),  # trees of a single leaf
    "rows that come again": np.tile(ordinary(7), (60, 1)),  # leaves of many rows
    "constant features": some_constant(),
    "one feature": ordinary(300, 1),
    "far ends": np.random.default_rng(2).standard_cauchy((500, 12)) * 1e30,
    "close together": 1.0 + ordinary(500) * 1e-7,  # thresholds that no single holds
}


@pytest.mark.parametrize("name", LEARNED)
@pytest.mark.parametrize("settings", [{}, {"max_features": 0.5}, {"bootstrap": True}, {"max_samples": 1.0}], ids=str)
def test_scores_are_those_of_scikit_learn(name: str, settings: dict[str, Any]) -> None:
    rows = LEARNED[name]
    forest = grown(rows, **settings)
    for judged in (rows, ordinary(1003, rows.shape[1], seed=3), rows.astype(np.float32).astype(np.float64)):
        assert np.abs(scores(forest, judged) + forest.score_samples(judged)).max() <= 1e-12


def test_values_on_a_threshold_go_where_scikit_learn_sends_them() -> None:
    forest = grown(ordinary(500, 3))
    tree = forest.estimators_[0].tree_
    thresholds = tree.threshold[tree.children_left >= 0].astype(np.float32)
    for values in (thresholds, *(np.nextafter(thresholds, np.float32(side)) for side in (-9e9, 9e9))):
        rows = np.column_stack([values.astype(np.float64)] * 3)
        assert np.abs(scores(forest, rows) + forest.score_samples(rows)).max() <= 1e-12


def test_what_is_no_number_or_too_large_goes_where_scikit_learn_sends_it() -> None:
    forest = grown(ordinary(500))
    rows = ordinary(999, seed=4)
    random = np.random.default_rng(5)
    for value in (np.nan, np.inf, -np.inf, 3e38, -3e38):
        rows[random.random(rows.shape) < 0.1] = value
    assert np.isnan(rows).any(axis=1).mean() > 0.5
    assert np.abs(scores(forest, rows) + forest.score_samples(rows)).max() <= 1e-12
    rows[:] = np.nan
    assert np.abs(scores(forest, rows) + forest.score_samples(rows)).max() <= 1e-12


def test_distances_are_drawn_in_before_they_are_scored() -> None:
    distances = np.array([[0.0, np.e - 1.0, 1.0 - np.e, np.inf, -np.inf, np.nan]])
    drawn = np.array([[0.0, 1.0, -1.0, np.inf, -np.inf, np.nan]])
    forest = grown(ordinary(500, 6))
    assert unusual(Forest(compiled(forest)), drawn_in(distances)) == pytest.approx(
        -forest.score_samples(drawn), abs=1e-12
    )


def test_batches_do_not_change_a_score() -> None:
    forest, rows = Forest(compiled(grown(ordinary(500)))), ordinary(1000, seed=6)
    whole = np.frombuffer(forest.score(rows.tobytes()))
    for size in (1, 7, 8, 255, 257):
        parts = [forest.score(rows[start : start + size].tobytes()) for start in range(0, len(rows), size)]
        assert np.array_equal(np.frombuffer(b"".join(parts)), whole)


def test_the_same_forest_gives_the_same_bytes() -> None:
    forest = grown(ordinary(500))
    data = compiled(forest)
    assert data == compiled(forest) == compiled(grown(ordinary(500))) and data.startswith(MAGIC)
    assert (Forest(data).width, Forest(data).trees) == (12, 30)


def test_what_is_no_forest_or_no_row_is_refused() -> None:
    data = compiled(grown(ordinary(500)))
    for length in (0, 5, 9, len(data) // 2, len(data) - 1):
        with pytest.raises(ValueError, match=r"cut off|not a compiled forest"):
            Forest(data[:length])
    with pytest.raises(ValueError, match="1 bytes follow its end"):
        Forest(data + b"\0")
    with pytest.raises(ValueError, match="has format 2, this version reads 1"):
        Forest(data[:8] + b"\2" + data[9:])
    with pytest.raises(ValueError, match="13 values are no rows of 12"):
        Forest(data).score(bytes(13 * 8))
    with pytest.raises(ValueError, match="95 bytes are no row"):
        Forest(data).score(bytes(95))
    assert Forest(data).score(b"") == b""
