"""Where a score becomes rarer than a stated rate, from the scores of ordinary windows alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

TAIL_SHARE = 0.1
"""Share of the scores that count as the tail."""
MIN_TAIL = 5
"""Below so many scores a tail has no shape: the largest score is taken."""
OPEN = (0.0, 0.5)
"""Shapes of distances: from exponential to the heaviest tail that still has a finite spread."""
BOUNDED = (-0.5, 0.0)
"""Shapes of scores that cannot exceed an end point."""
SHRINK = 50.0
"""A shape estimated from so many scores is believed by half, from fewer by less: small tails have no sure shape."""

INCIDENT = 3.0
"""So many times the limit that all other windows give: no noise, and not to be learned."""


def threshold(scores: Scores, rate: float, shapes: tuple[float, float] = OPEN) -> float:
    """The score that an ordinary window exceeds with chance `rate`. Scores are not negative.

    Inside the sample this is a quantile. Beyond it the tail is extrapolated by extreme value theory: a generalised
    Pareto tail over the largest tenth, its shape by the moment estimator of Dekkers, Einmahl and de Haan (1989), shrunk
    towards exponential and held inside `shapes`; its scale one standard error to the safe side.
    """
    ordered = np.sort(scores[np.isfinite(scores)])[::-1]
    count = len(ordered)
    if count == 0:
        return 0.0
    positive = int(np.count_nonzero(ordered > 0.0))
    tail = min(max(math.ceil(count * TAIL_SHARE), MIN_TAIL), positive - 1)
    if tail < MIN_TAIL:
        return float(ordered[0])
    start = float(ordered[tail])
    expected = tail / (count * rate)
    if expected <= 1.0:
        return float(ordered[min(count - 1, math.floor(count * rate))])
    excess = float(np.mean(ordered[:tail] - start))
    if excess <= 0.0:
        return float(ordered[0])
    shape = min(max(_shape(ordered[:tail] / start) * tail / (tail + SHRINK), shapes[0]), shapes[1])
    reach = math.log(expected) if abs(shape) < 1e-6 else (expected**shape - 1.0) / shape
    scale = excess * (1.0 - shape) * (1.0 + 1.0 / math.sqrt(tail))
    return max(start + scale * reach, float(ordered[0]) if count * rate < 1.0 else 0.0)


def _shape(ratios: Scores) -> float:
    """The moment estimator, from the tail's scores over its start."""
    logs = np.log(ratios)
    first, second = float(np.mean(logs)), float(np.mean(logs**2))
    return first + 1.0 - 0.5 / (1.0 - first * first / second) if first * first < second else 0.0


def without_incident(scores: Scores, rate: float, least: float) -> float:
    """The threshold, at least `least`, where one window of the learned time may have been an incident: a single score
    far beyond what all others allow does not count."""
    top = int(np.argmax(scores)) if len(scores) else 0
    others = max(least, threshold(np.delete(scores, top), rate)) if len(scores) else least
    return others if len(scores) and scores[top] > INCIDENT * others else max(least, threshold(scores, rate))


def as_matrix(values: Any, columns: int) -> Scores:
    """Rows of float64, as many columns as said.

    Raises:
        ValueError: it is something else.
    """
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != columns:
        raise ValueError(f"a matrix of {columns} columns is expected, not {matrix.shape}")
    return matrix
