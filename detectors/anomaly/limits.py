"""The limits of a group: for each feature, alone and over two windows in a row, what ordinary windows do not exceed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.anomaly.features import FEATURES, Feature
from detectors.anomaly.robust import PAIR
from detectors.anomaly.tail import INCIDENT, SHAPES, Scores, Tail, limit_of, peaks, steps

NEAR_NS = 300 * 1_000_000_000
"""Windows so near to an incident of the learned time belong to it."""
RARE = 1e-3
"""The largest two of a conversation, and one more of each thousand, may have been an incident."""
ROUNDING = 1.0 + 1e-9
LEAST_FOR_NORMAL = 3.0
"""No limit in spreads lies below: where nothing ever varied there is no tail to read, and three are nothing special."""


@dataclass(frozen=True)
class Learned:
    """Scores of the learned windows of one group, in order of conversation and time."""

    scores: Scores
    steady: NDArray[np.bool_]
    """for each window, which features are judged in messages"""
    rows: NDArray[np.intp]
    starts: NDArray[np.uint64]
    window_ns: int

    def pairs(self) -> Scores:
        """The smaller of two in a row where both are on the same side, else zero."""
        follows = follow(self.rows, self.starts, self.window_ns)
        return both(self.scores, np.roll(self.scores, 1, axis=0), follows)


def follow(rows: NDArray[np.intp], starts: NDArray[np.uint64], window_ns: int) -> NDArray[np.bool_]:
    """Which windows come right after the one before them in the list, in the same conversation."""
    found = np.zeros(len(rows), dtype=np.bool_)
    found[1:] = (np.diff(rows) == 0) & (np.diff(starts.astype(np.int64)) == window_ns)
    return found


def both(scores: Scores, before: Scores, follows: NDArray[np.bool_]) -> Scores:
    """What two windows in a row have in common: the smaller distance where both lie on the same side, with its sign."""
    same = (np.sign(scores) == np.sign(before)) & follows[:, None]
    smaller = np.where(np.abs(scores) < np.abs(before), scores, before)
    common: Scores = np.where(same, smaller, 0.0)
    return common


def of_group(
    learned: Learned, rate: float, features: Sequence[Feature] = FEATURES
) -> tuple[Scores, list[dict[str, Any]]]:
    """Limits by `SINGLE` or `PAIR`, varying or steady, and feature; and what is said of them: a line a feature."""
    width = len(features)
    limits = np.empty((2, 2, width))
    said: list[dict[str, Any]] = []
    for kind, scores in enumerate((np.abs(learned.scores), np.abs(learned.pairs()))):
        for place, feature in enumerate(features):
            for steady in (False, True):
                mine = learned.steady[:, place] == steady
                column = scores[mine, place]
                times = learned.starts[mine]
                limit, tail = without_incident(column, times, rate, steady)
                if kind == PAIR and len(column):
                    limit = max(limit, largest_alone(np.abs(learned.scores[mine, place]), times, rate, steady))
                limits[kind, int(steady), place] = limit
                if len(column) and feature.lasting == bool(kind):
                    said.append(_said(feature, steady, bool(kind), limit, tail, rate))
    return limits, said


def once(scores: Scores) -> float:
    """The largest score of a conversation that recurred while learning."""
    place = min(2 + int(len(scores) * RARE), len(scores) - 1)
    return float(np.partition(scores, len(scores) - 1 - place)[len(scores) - 1 - place]) * ROUNDING


def largest_alone(
    column: Scores,
    starts: NDArray[np.uint64],
    rate: float,
    steady: bool = False,
    shapes: tuple[float, float] = SHAPES,
) -> float:
    """What a window had alone while learning, incidents apart: two in a row may have it, for what disturbs one, a
    write, a pause, can lie across both."""
    return float(np.max(column[~_incident(column, starts, rate, steady, shapes)])) * ROUNDING


def without_incident(
    column: Scores,
    starts: NDArray[np.uint64],
    rate: float,
    steady: bool = False,
    shapes: tuple[float, float] = SHAPES,
) -> tuple[float, Tail | None]:
    """The limit where one incident of the learned time does not count: all near the largest score, where that lies far
    beyond what the others allow."""
    if not len(column):
        return LEAST_FOR_NORMAL, None
    return _of(column[~_incident(column, starts, rate, steady, shapes)], rate, steady, shapes)


def _incident(
    column: Scores,
    starts: NDArray[np.uint64],
    rate: float,
    steady: bool,
    shapes: tuple[float, float] = SHAPES,
) -> NDArray[np.bool_]:
    """What lies near the largest score, where that is far beyond what all others allow."""
    top = int(np.argmax(column))
    near = np.abs(starts.astype(np.int64) - int(starts[top])) <= NEAR_NS
    alone = near.all() or column[top] <= INCIDENT * _of(column[~near], rate, steady, shapes)[0]
    none: NDArray[np.bool_] = np.zeros(len(column), dtype=np.bool_)
    return none if alone else near


def _of(column: Scores, rate: float, steady: bool, shapes: tuple[float, float]) -> tuple[float, Tail]:
    tail = steps(column) if steady else peaks(column, shapes)
    largest = float(np.max(column)) if len(column) else 0.0
    limit = limit_of(tail, rate, largest, whole=steady)
    return (limit if steady else max(limit, LEAST_FOR_NORMAL)), tail


def _said(feature: Feature, steady: bool, pair: bool, limit: float, tail: Tail | None, rate: float) -> dict[str, Any]:
    """`low` and `high`: the same limit two standard errors of the tail's scale apart, at its middle `limit`."""
    low, high = (limit, limit) if tail is None else (tail.limit(rate, 0.0), tail.limit(rate, 2.0))
    return {
        "feature": feature.name,
        "unit": "messages" if steady else "spreads",
        "windows": 2 if pair else 1,
        "limit": _short(limit),
        "low": _short(min(low, limit)),
        "high": _short(max(high, limit)),
        "tail": 0 if tail is None else tail.count,
        "fits": tail is None or tail.fits,
    }


def _short(number: float) -> float:
    return float(f"{number:.4g}")
