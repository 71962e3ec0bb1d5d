"""How rare a score is, from the scores of ordinary windows alone: extreme value theory, peaks over a threshold.

Above a start the scores of ordinary windows follow a generalised Pareto tail (Pickands 1975; Coles, An Introduction to
Statistical Modeling of Extreme Values, 2001, chapter 4), whatever they are below. Counts that are almost always the
same have no such tail: their excesses are whole messages, and all of them may be one. `steps` reads those.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

TAIL_SHARES = (0.1, 0.05, 0.02, 0.01)
"""Shares of the scores that count as the tail: the largest first, a smaller one where the larger does not fit."""
EXPONENTIAL = (0.0, 0.0)
"""The shape of what is a logarithm of chances."""
MIN_TAIL = 5
"""Below so many scores a tail has no shape: the largest score is taken."""
MIN_SMALLER = 30
"""A smaller tail than the first is tried from so many scores on: of fewer a misfit cannot be told from chance."""
SHAPES = (0.0, 0.5)
"""From exponential to the heaviest tail that still has a finite spread. No tail ends: an end point is one that the
learned time did not happen to pass."""
SHRINK = 50.0
"""A shape estimated from so many scores is believed by half, from fewer by less: small tails have no sure shape."""
MISFIT = 1.36
"""Kolmogorov's statistic, times the root of the count, that a right tail exceeds with chance 0.05 (Smirnov 1948)."""

INCIDENT = 3.0
"""So many times the limit that all other windows give: no noise, and not to be learned."""


@dataclass(frozen=True)
class Tail:
    """P(score > s) = share · (1 + shape · (s - start) / scale) ** (-1 / shape) for s above the start."""

    start: float
    share: float
    """of ordinary windows above the start"""
    scale: float
    shape: float
    count: int
    """scores it was read from"""
    misfit: float = 0.0
    """Kolmogorov's statistic times the root of the count: above `MISFIT` the tail is not believed to fit"""

    @property
    def fits(self) -> bool:
        return self.misfit <= MISFIT

    def limit(self, rate: float, errors: float = 1.0) -> float:
        """The score that an ordinary window exceeds with chance `rate`, so many standard errors to the safe side."""
        if self.scale <= 0.0 or rate >= self.share:
            return self.start
        expected = self.share / rate
        reach = math.log(expected) if abs(self.shape) < 1e-6 else (expected**self.shape - 1.0) / self.shape
        return self.start + self.scale * (1.0 + errors / math.sqrt(max(self.count, 1))) * reach

    def chance(self, scores: Scores) -> Scores:
        """How often ordinary windows exceed these scores: 1 at and below the start."""
        if self.scale <= 0.0:
            return np.ones(np.shape(scores))
        scale = self.scale * (1.0 + 1.0 / math.sqrt(max(self.count, 1)))
        above = np.maximum(scores - self.start, 0.0) / scale
        if abs(self.shape) < 1e-6:
            survive = np.exp(-above)
        else:
            survive = np.maximum(1.0 + self.shape * above, 0.0) ** (-1.0 / self.shape)
        chance: Scores = np.where(scores > self.start, self.share * np.maximum(survive, 1e-300), 1.0)
        return chance

    def to_json(self) -> dict[str, float]:
        return {name: float(getattr(self, name)) for name in ("start", "share", "scale", "shape", "count", "misfit")}

    @classmethod
    def from_json(cls, data: Any) -> Tail:
        """Raises ValueError, KeyError or TypeError: this is no tail."""
        names = ("start", "share", "scale", "shape", "count", "misfit")
        start, share, scale, shape, count, misfit = (float(data[name]) for name in names)
        if not np.all(np.isfinite([start, share, scale, shape, count, misfit])) or min(share, scale, count) < 0.0:
            raise ValueError("a tail has a number that cannot be")
        return cls(start, share, scale, shape, int(count), misfit)


def peaks(scores: Scores, shapes: tuple[float, float] = SHAPES) -> Tail:
    """The tail of such scores, which are not negative: of the largest share that fits; where none does, the one that
    promises least at one in a billion.

    The shape is the moment estimator of Dekkers, Einmahl and de Haan (1989), shrunk towards exponential and held inside
    `shapes`.
    """
    ordered = np.sort(scores[np.isfinite(scores)])[::-1]
    found: list[Tail] = []
    for share in TAIL_SHARES:
        wanted = math.ceil(len(ordered) * share)
        if found and wanted < MIN_SMALLER:
            break
        tail = _of_the_largest(ordered, max(wanted, MIN_TAIL), shapes)
        if tail.fits:
            return tail
        found.append(tail)
    return max(found, key=lambda tail: tail.limit(1e-9))


def _of_the_largest(ordered: Scores, wanted: int, shapes: tuple[float, float]) -> Tail:
    count = len(ordered)
    positive = int(np.count_nonzero(ordered > 0.0))
    tail = min(wanted, positive - 1)
    if tail < MIN_TAIL:
        return Tail(float(ordered[0]) if count else 0.0, 0.0, 0.0, 0.0, tail if tail > 0 else 0)
    # Scores that are equal are on the same side of the start: it moves down to the next that is smaller.
    start = float(ordered[tail])
    if start == float(ordered[0]):
        lower = ordered[ordered < start]
        start = float(lower[0]) if len(lower) else 0.0
        tail = int(np.count_nonzero(ordered > start))
    largest = ordered[:tail]
    excesses = largest - start
    excess = float(np.mean(excesses))
    if excess <= 0.0:
        return Tail(float(ordered[0]), 0.0, 0.0, 0.0, tail)
    shape = _shape(largest / start) if start > 0.0 else 0.0
    shape = min(max(shape * tail / (tail + SHRINK), shapes[0]), shapes[1])
    scale = excess * (1.0 - shape)
    return Tail(start, tail / count, scale, shape, tail, _misfit(excesses, scale, shape))


def _shape(ratios: Scores) -> float:
    """The moment estimator, from the tail's scores over its start."""
    logs = np.log(ratios)
    first, second = float(np.mean(logs)), float(np.mean(logs**2))
    return first + 1.0 - 0.5 / (1.0 - first * first / second) if first * first < second else 0.0


def _misfit(excesses: Scores, scale: float, shape: float) -> float:
    """Kolmogorov's distance between the excesses, the largest first, and the tail; times the root of their count."""
    count = len(excesses)
    if abs(shape) < 1e-6:
        survive = np.exp(-excesses / scale)
    else:
        survive = np.maximum(1.0 + shape * excesses / scale, 0.0) ** (-1.0 / shape)
    place = np.arange(count)
    return float(max(np.max(survive - place / count), np.max((place + 1) / count - survive)) * math.sqrt(count))


def steps(sizes: Scores) -> Tail:
    """The tail of counts that are almost always the same: `sizes` are messages beyond the usual, zero for most windows.

    Bursts are taken to be geometric: whoever sent one more sends another with the same chance. Share and ratio are
    Laplace's (a uniform prior): where none was ever seen, one in as many windows as there were may be, and another
    after it with even chance. With n bursts of one message each and none of two, another follows with 1 / (n + 2).
    """
    bursts = sizes[sizes > 0.5]
    share = (len(bursts) + 1.0) / (len(sizes) + 2.0)
    further = float(np.sum(np.maximum(np.ceil(bursts) - 1.0, 0.0)))
    ratio = (further + 1.0) / (len(bursts) + further + 2.0)
    # At the start lies the last size that is still usual: zero. One message is exceeded by the share times the ratio.
    return Tail(1.0, share * ratio, 1.0 / math.log(1.0 / ratio), 0.0, len(bursts) + 1)


def limit_of(tail: Tail, rate: float, largest: float, *, whole: bool = False) -> float:
    """The limit that is used: never inside what was seen; for `steps`, whose prior is safe already, between two whole
    messages."""
    return math.ceil(max(tail.limit(rate, 0.0), largest)) + 0.5 if whole else max(tail.limit(rate), largest)


def threshold(scores: Scores, rate: float) -> float:
    """The score that an ordinary window exceeds with chance `rate`. Scores are not negative."""
    finite = scores[np.isfinite(scores)]
    if not len(finite):
        return 0.0
    beyond = len(finite) * rate < 1.0
    return limit_of(peaks(finite), rate, float(np.max(finite)) if beyond else 0.0)


def as_matrix(values: Any, columns: int) -> Scores:
    """Rows of float64, as many columns as said.

    Raises:
        ValueError: it is something else.
    """
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != columns:
        raise ValueError(f"a matrix of {columns} columns is expected, not {matrix.shape}")
    return matrix
