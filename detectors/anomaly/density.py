"""Where windows are thin: the distance from a group's middle in the measure of its own covariance (Mahalanobis 1936).

A forest cuts along the axes, one feature after the other; what it misses are windows that lie between the axes, where
two features that go together do not. The covariance is shrunk (Ledoit and Wolf 2004), for groups have few windows; and
what never varied while learning, a feature or two that went together, is known to one step and no finer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from detectors.anomaly.forest import drawn_in
from detectors.anomaly.tail import Scores

ONE_STEP = float(drawn_in(np.ones(1))[0])
"""A message, or a spread, as it is drawn in: the smallest change that means anything (`features.py`). In whatever
direction it goes, and however still it was there while learning, it is never unusual by itself."""


@dataclass(frozen=True)
class Density:
    middle: Scores
    factor: Scores
    """a lower triangle: the product of what is off the middle with it has the Mahalanobis distance for its length"""

    def distances(self, drawn: Scores) -> Scores:
        """Of rows as `forest.drawn_in` gives them."""
        off = np.ascontiguousarray((drawn - self.middle).T)
        total = np.zeros(len(drawn))
        # One product after the other: a library's matrix product rounds by how many rows there are.
        for place in range(len(self.middle)):
            turned = np.zeros(len(drawn))
            for column in range(place, len(self.middle)):
                turned += off[column] * self.factor[column, place]
            total += turned * turned
        found: Scores = np.sqrt(total)
        return found

    def to_json(self) -> dict[str, Any]:
        return {"middle": self.middle.tolist(), "factor": self.factor.tolist()}

    @classmethod
    def from_json(cls, data: Any, width: int) -> Density:
        """Raises ValueError, KeyError or TypeError: this is no density over so many features."""
        middle, factor = (np.array(data[name], dtype=np.float64) for name in ("middle", "factor"))
        if middle.shape != (width,) or factor.shape != (width, width):
            raise ValueError("a density has numbers missing")
        if not (np.all(np.isfinite(middle)) and np.all(np.isfinite(factor))):
            raise ValueError("a number is not finite")
        return cls(middle, factor)


def fit(drawn: Scores) -> tuple[Density, Any]:
    """The density of such rows, and scikit-learn's object for the record. The same rows give the same density."""
    from sklearn.covariance import LedoitWolf

    found = LedoitWolf().fit(drawn)
    along, axes = np.linalg.eigh(found.covariance_)
    covariance = (axes * np.maximum(along, ONE_STEP**2)) @ axes.T
    factor = np.linalg.cholesky(np.linalg.inv(covariance))
    return Density(np.asarray(found.location_, dtype=np.float64), factor), found
