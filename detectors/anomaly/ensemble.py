"""Forest and density of a group together: two opinions on whether features are unusual with each other.

Each score becomes the chance with which ordinary windows exceed it (`tail.py`). Of the two chances the logarithms are
added (Fisher 1932); as both look at the same window the sum is no chi-square, so how large it gets is learned, too, on
a part of the learned time that neither of the two has seen: the last third. A logarithm of chances has an exponential
tail.

Two windows in a row must be unusual. What makes one so, a write, a pause, may lie across both, and then says the same
of the other: that both exceed a limit is as likely as that one does, times the chance that the next one does, too.
Pairs by themselves would say less: in the learned time few of them have anything in common.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.anomaly import density, forest
from detectors.anomaly.compiled import Forest, MakeForest, compiled
from detectors.anomaly.density import Density
from detectors.anomaly.limits import Learned, both, follow, without_incident
from detectors.anomaly.tail import EXPONENTIAL, Scores, Tail, peaks

SEEN = 2 / 3
"""Share of the learned time, the earlier one, that the calibrated forest and density have seen."""


@dataclass(frozen=True)
class Ensemble:
    forest: Forest
    density: Density
    tails: tuple[Tail, Tail]
    """of the forest's scores and of the density's distances"""
    limit: float
    """of the smaller of the sums of two windows in a row: as with times, one alone is not enough"""

    def unlikely(self, drawn: Scores) -> Scores:
        """How unlikely each row is, the sum of the logarithms: 0 for most."""
        return _sum(self.tails, forest.unusual(self.forest, drawn), self.density.distances(drawn))

    def to_json(self) -> dict[str, Any]:
        return {
            "density": self.density.to_json(),
            "tails": [tail.to_json() for tail in self.tails],
            "limit": self.limit,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], trees: Forest, width: int) -> Ensemble:
        """Raises ValueError, KeyError or TypeError: this is no ensemble over so many features."""
        first, second = (Tail.from_json(tail) for tail in data["tails"])
        limit = float(data["limit"])
        if not (np.isfinite(limit) and limit > 0.0):
            raise ValueError("a limit is out of range")
        return cls(trees, Density.from_json(data["density"], width), (first, second), limit)


def _sum(tails: tuple[Tail, Tail], unusual: Scores, distances: Scores) -> Scores:
    total: Scores = -np.log(tails[0].chance(unusual)) - np.log(tails[1].chance(distances))
    return total


def across(alone: Scores, follows: NDArray[np.bool_]) -> float:
    """The chance that the next window is unusual where one is (Laplace's prior: few say little)."""
    unusual = alone > peaks(alone, EXPONENTIAL).start
    before = np.roll(unusual, 1)[follows]
    next_too = np.count_nonzero(before & unusual[follows])
    return float((next_too + 1) / (np.count_nonzero(before) + 2))


@dataclass(frozen=True)
class Fitted:
    """An ensemble as it was learned, with what is kept of it."""

    ensemble: Ensemble
    compiled: bytes
    record: dict[str, Any]
    """scikit-learn's own objects"""
    facts: dict[str, Any]


def fit(learned: Learned, rate: float, make_forest: MakeForest) -> Fitted:
    """Learn from the windows of a group. The same windows give the same ensemble."""
    drawn, starts = forest.drawn_in(learned.scores), learned.starts
    order = np.sort(starts)
    seen = starts < order[min(int(len(order) * SEEN), len(order) - 1)]
    if not seen.any():
        seen[: max(1, int(len(seen) * SEEN))] = True
    held_out = drawn[~seen]
    trees, thick = make_forest(compiled(forest.fit(drawn[seen]))), density.fit(drawn[seen])[0]
    opinions = forest.unusual(trees, held_out), thick.distances(held_out)
    tails = peaks(opinions[0]), peaks(opinions[1])
    alone = _sum(tails, *opinions)
    follows = follow(learned.rows[~seen], starts[~seen], learned.window_ns)
    common = both(alone[:, None], np.roll(alone, 1)[:, None], follows)[:, 0]
    both_in = without_incident(common, starts[~seen], rate, shapes=EXPONENTIAL)[0]
    rate /= across(alone, follows)
    limit, tail = without_incident(alone, starts[~seen], rate, shapes=EXPONENTIAL)
    limit = max(limit, both_in)
    grown, (own, record) = forest.fit(drawn), density.fit(drawn)
    data = compiled(grown)
    facts = {
        "windows": len(drawn),
        "held_out": len(held_out),
        "limit": float(f"{limit:.4g}"),
        "low": float(f"{limit if tail is None else min(tail.limit(rate, 0.0), limit):.4g}"),
        "high": float(f"{limit if tail is None else max(tail.limit(rate, 2.0), limit):.4g}"),
        "fits": tail is None or tail.fits,
    }
    return Fitted(Ensemble(make_forest(data), own, tails, limit), data, {"forest": grown, "density": record}, facts)
