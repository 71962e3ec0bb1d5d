"""Does the plant still look as it did when the model learned it? Told, and never adapted to in silence.

Each feature's distances fall into bins; the shares of a day are held against the learned ones by the population
stability index, sum of (p - q) · ln(p / q). What chance alone adds to it, about (bins - 1) · (1/n + 1/m) for n and m
independent windows (a chi-square over its counts: Yurdakul and Naranjo 2020), is taken away first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.anomaly.rate import DAY_NS
from detectors.anomaly.tail import Scores

EDGES = np.array([-4.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 4.0])
"""In spreads (or messages)."""
BINS = len(EDGES) + 1
AGED = 0.25
"""The mark beyond which those who use the index call a population another one (Siddiqi 2006)."""
LEAST = 500
"""Windows of a group in a day below which nothing is said of it: with nine bins chance adds up to 0.03."""


def binned(scores: Scores, groups: NDArray[np.intp], count: int) -> NDArray[np.int64]:
    """How many windows fall where: group, feature, bin."""
    width = scores.shape[1]
    bins = np.zeros(scores.shape, dtype=np.intp)
    for edge in EDGES:
        bins += scores > edge
    places = (groups[:, None] * width + np.arange(width)) * BINS + bins
    counted: NDArray[np.int64] = np.bincount(places.ravel(), minlength=count * width * BINS)
    return counted.reshape(count, width, BINS)


def expected(scores: Scores, groups: NDArray[np.intp], count: int) -> Any:
    """The learned counts, as JSON."""
    return binned(scores, groups, count).tolist()


def index(learned: NDArray[np.int64], seen: NDArray[np.int64]) -> Scores:
    """The population stability index of each group and feature, without what chance adds; never below zero."""
    n, m = (counts.sum(axis=-1, keepdims=True) for counts in (learned, seen))
    p, q = ((counts + 0.5) / (sums + BINS / 2.0) for counts, sums in ((learned, n), (seen, m)))
    by_chance = (BINS - 1) * (1.0 / np.maximum(n, 1) + 1.0 / np.maximum(m, 1))[..., 0]
    found: Scores = np.maximum(np.sum((q - p) * np.log(q / p), axis=-1) - by_chance, 0.0)
    return found


@dataclass
class Watch:
    """Counts the windows of the running day; the day before is what is told of."""

    learned: NDArray[np.int64]
    groups: Sequence[str]
    features: Sequence[str]

    def __post_init__(self) -> None:
        self._day = -1
        self._seen = np.zeros_like(self.learned)
        self._told: dict[str, Any] = {}
        self._aged_days = 0

    def count(self, scores: Scores, groups: NDArray[np.intp], ends: NDArray[np.uint64]) -> None:
        """Windows that were judged, in any order within a day."""
        days = (ends - np.uint64(1)) // np.uint64(DAY_NS)
        for day in np.unique(days).tolist():
            if day > self._day:
                self._close()
                self._day = day
            mine = days == day
            self._seen += binned(scores[mine], groups[mine], len(self.groups))

    def _close(self) -> None:
        enough = self._seen[:, 0, :].sum(axis=-1) >= LEAST
        if enough.any():
            found = np.where(enough[:, None], index(self.learned, self._seen), 0.0)
            group, feature = np.unravel_index(int(np.argmax(found)), found.shape)
            worst = float(found[group, feature])
            self._aged_days = self._aged_days + 1 if worst > AGED else 0
            self._told = {
                "day_ns": self._day * DAY_NS,
                "index": float(f"{worst:.3g}"),
                "mark": AGED,
                "group": self.groups[int(group)],
                "feature": self.features[int(feature)],
                "aged_days": self._aged_days,
            }
        self._seen[:] = 0

    def state(self) -> dict[str, Any]:
        """Of the last whole day: the worst `index`, of which `group` and `feature`, and for how many days (`aged_days`)
        it has been above the `mark`. Empty before the first day is over."""
        return dict(self._told)

    @classmethod
    def from_json(cls, data: Any, groups: Sequence[str], features: Sequence[str]) -> Watch:
        """Raises ValueError or TypeError: these are no counts."""
        learned = np.array(data, dtype=np.int64)
        if learned.shape != (len(groups), len(features), BINS) or np.any(learned < 0):
            raise ValueError("counts are missing or out of range")
        return cls(learned, groups, features)
