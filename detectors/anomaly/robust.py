"""The test of each feature alone: how far is it from this conversation's median, in robust spreads?

A feature that never changed while learning has a spread of zero; the floor of `features.py` takes its place, so that it
still fires when it changes. How many spreads are too many comes from the learned windows themselves (`tail.py`), for
features that vary in their conversation and for those that (almost) never do apart: rare events of one conversation say
nothing about the noise of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.anomaly.features import FEATURES, Feature
from detectors.anomaly.tail import Scores, without_incident

Conversation = tuple[str, str, str, str]
"""Segment, client, server, protocol."""

Places = Sequence[int] | NDArray[np.intp]

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation → standard deviation, for normal values."""
DRAWN_IN = 0.98
"""Quantile of the deviations beyond which they are drawn in."""
EXACT = 50
"""Up to so many windows of a conversation each is judged by the others alone; with more it makes no difference."""

_LEAST = np.array([feature.least for feature in FEATURES])
_SHARE = np.array([feature.share for feature in FEATURES])
_BY_NAME = {feature.name: feature for feature in FEATURES}


class UnknownFeature(ValueError):
    """A model judges something that this version has not: its name."""


@dataclass(frozen=True)
class Robust:
    """Learned medians and spreads: a row per conversation, a column per feature."""

    conversations: Mapping[Conversation, int]
    counts: Sequence[int]
    medians: Scores
    spreads: Scores
    varies: NDArray[np.bool_]
    """whether the feature varied while learning"""
    limits: Scores
    """in spreads: a column per feature, for features that never varied and for those that did"""
    features: tuple[Feature, ...] = FEATURES
    """what the columns are: all there are, or those that a model of an earlier time knew"""

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    def scores(self, matrix: Scores, rows: Places) -> Scores:
        """Distances from the median in spreads, with sign. `rows`: the conversation of each window."""
        index = np.asarray(rows, dtype=np.intp)
        distances: Scores = (matrix - self.medians[index]) / self.spreads[index]
        return distances

    def allowed(self, rows: Places) -> Scores:
        """The distance that is still ordinary, for each window and feature."""
        allowed: Scores = self._allowed[np.asarray(rows, dtype=np.intp)]
        return allowed

    @cached_property
    def _allowed(self) -> Scores:
        """A row per conversation: every window asks for it."""
        allowed: Scores = np.where(self.varies, self.limits[1], self.limits[0])
        return allowed

    @cached_property
    def ordinary_only(self) -> NDArray[np.bool_]:
        """Which features are not judged where a conversation opens or logs in."""
        return np.array([not feature.opening for feature in self.features])

    def expected(self, row: int, feature: int) -> tuple[float, float]:
        """The range inside which this feature of this conversation is ordinary."""
        middle, spread = float(self.medians[row, feature]), float(self.spreads[row, feature])
        reach = float(self.limits[int(self.varies[row, feature]), feature]) * spread
        return max(0.0, middle - reach), middle + reach

    def to_json(self) -> dict[str, Any]:
        return {
            "limits": self.limits.tolist(),
            "conversations": [
                {
                    "conversation": list(conversation),
                    "windows": self.counts[row],
                    "median": self.medians[row].tolist(),
                    "spread": self.spreads[row].tolist(),
                    "varies": self.varies[row].tolist(),
                }
                for conversation, row in self.conversations.items()
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Robust:
        """Read what `to_json` wrote, and which `features` it judges.

        Raises:
            UnknownFeature: one of them is none of ours.
            ValueError, KeyError, TypeError: it is anything else.
        """
        names = [str(name) for name in data["features"]]
        if unknown := [name for name in names if name not in _BY_NAME]:
            raise UnknownFeature(unknown[0])
        if not names or len(set(names)) != len(names):
            raise ValueError("features are missing or listed twice")
        listed = list(data["conversations"])
        width = len(names)
        medians = np.array([entry["median"] for entry in listed], dtype=np.float64).reshape(-1, width)
        spreads = np.array([entry["spread"] for entry in listed], dtype=np.float64).reshape(-1, width)
        varies = np.array([entry["varies"] for entry in listed], dtype=np.bool_).reshape(-1, width)
        limits = np.array(data["limits"], dtype=np.float64)
        if limits.shape != (2, width) or not np.all(limits > 0.0) or not np.all(spreads > 0.0):
            raise ValueError("numbers are missing or out of range")
        if not (np.all(np.isfinite(medians)) and np.all(np.isfinite(spreads)) and np.all(np.isfinite(limits))):
            raise ValueError("a number is not finite")
        sides = [tuple(str(part) for part in entry["conversation"]) for entry in listed]
        rows = {(side[0], side[1], side[2], side[3]): row for row, side in enumerate(sides) if len(side) == 4}
        if len(rows) != len(listed):
            raise ValueError("a conversation is listed twice, or has no four parts")
        features = tuple(_BY_NAME[name] for name in names)
        return cls(rows, [int(entry["windows"]) for entry in listed], medians, spreads, varies, limits, features)


def centre(windows: Scores) -> tuple[Scores, Scores, NDArray[np.bool_]]:
    """Median and believed spread of every column, and whether it varies: of one matrix, or of each in a stack.

    The spread is the larger of MAD and standard deviation: where most windows are the same, the first is zero. Before
    the second is taken the largest deviations are drawn in, so that an incident while learning does not widen it.
    """
    median = np.median(windows, axis=-2, keepdims=True)
    deviations = np.abs(windows - median)
    usual = np.minimum(deviations, np.quantile(deviations, DRAWN_IN, axis=-2, method="lower", keepdims=True))
    spread = np.maximum(MAD_TO_SIGMA * np.median(deviations, axis=-2), np.sqrt(np.mean(usual**2, axis=-2)))
    median = np.squeeze(median, axis=-2)
    return median, np.maximum(spread, np.maximum(_LEAST, _SHARE * np.abs(median))), spread > 0.0


def learn(groups: Mapping[Conversation, Scores], rate: float) -> tuple[Robust, Scores]:
    """Learn from the windows of each conversation. `rate`: false alarms per window and feature.

    Returns the test and the scores of all learned windows, in the order of the groups, each judged without itself.
    """
    centres = [centre(windows) for windows in groups.values()]
    medians, spreads, varies = (np.array([part[index] for part in centres]) for index in range(3))
    counts = [len(windows) for windows in groups.values()]
    pooled = np.concatenate([_judged_by_the_others(windows) for windows in groups.values()])
    varied = np.repeat(varies, counts, axis=0)
    least = NormalDist().inv_cdf(1.0 - rate / 2.0)
    limits = np.empty((2, len(FEATURES)))
    for feature, column in enumerate(np.abs(pooled).T):
        for kind in (0, 1):
            limits[kind, feature] = without_incident(column[varied[:, feature] == bool(kind)], rate, least)
    rows = {conversation: row for row, conversation in enumerate(groups)}
    return Robust(rows, counts, medians, spreads, varies, limits), pooled


def _judged_by_the_others(windows: Scores) -> Scores:
    if len(windows) > EXACT:
        median, spread, _ = centre(windows)
        distances: Scores = (windows - median) / spread
        return distances
    count = len(windows)
    others = np.arange(count - 1) + (np.arange(count - 1) >= np.arange(count)[:, None])
    median, spread, _ = centre(windows[others])
    left_out: Scores = (windows - median) / spread
    return left_out
