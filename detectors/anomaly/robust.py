"""The test of each feature alone: how far is it from this conversation's median?

Counts that are almost always the same are judged in messages beyond the usual, everything else in robust spreads. A
feature that never changed while learning has a spread of zero; the floor of `features.py` takes its place. How far is
too far comes from the learned windows of the conversation's group (`groups.py`, `limits.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.anomaly.features import FEATURES, Feature
from detectors.anomaly.tail import Scores

Conversation = tuple[str, str, str, str]
"""Segment, client, server, protocol."""

Places = Sequence[int] | NDArray[np.intp]

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation → standard deviation, for normal values."""
DRAWN_IN = 0.98
"""Quantile of the deviations beyond which they are drawn in."""
USUAL = 0.9
"""Share of the windows in which a count is usual: what lies at a window's edge falls into this one or the next."""
EXACT = 50
"""Up to so many windows of a conversation each is judged by the others alone; with more it makes no difference."""
PARTS = 4
"""Parts of the learned time whose medians are compared: what drifted while learning may drift as far again."""

SINGLE, PAIR = 0, 1
"""A window alone, or two in a row of which both lie out on the same side."""

_BY_NAME = {feature.name: feature for feature in FEATURES}


class UnknownFeature(ValueError):
    """A model judges something that this version has not: its name."""


@dataclass(frozen=True)
class Centre:
    """Of one conversation, a number a feature; or of each in a stack."""

    median: Scores
    edge: Scores
    """so far from the median nothing is unusual: a message at a window's edge"""
    spread: Scores
    steady: NDArray[np.bool_]
    """a count that is almost always the same: its spread is one message"""

    def scores(self, windows: Scores) -> Scores:
        """Distances beyond the edge in spreads, with sign."""
        off = windows - self.median
        found: Scores = np.sign(off) * np.maximum(np.abs(off) - self.edge, 0.0) / self.spread
        return found


@dataclass(frozen=True)
class Robust:
    """What was learned of each conversation, a row each and a column per feature; and the limits of its group."""

    conversations: Mapping[Conversation, int]
    counts: Sequence[int]
    centre: Centre
    group: NDArray[np.intp]
    """of each conversation"""
    once: Scores
    """by conversation: what a window alone had while learning (`limits.once`), and two in a row may have"""
    limits: NDArray[np.float64]
    """group, `SINGLE` or `PAIR`, varying or steady, feature"""
    features: tuple[Feature, ...] = FEATURES
    """what the columns are: all there are, or those that a model of an earlier time knew"""

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    def scores(self, matrix: Scores, rows: Places) -> Scores:
        """Distances from the usual, with sign. `rows`: the conversation of each window."""
        index = np.asarray(rows, dtype=np.intp)
        own = self.centre
        return Centre(own.median[index], own.edge[index], own.spread[index], own.steady).scores(matrix)

    def aside(self, scores: Scores, rows: Places) -> NDArray[np.bool_]:
        """Windows in which somebody acted who usually does not: they are other windows, and no forest or density has
        enough of them. Each feature is judged all the same."""
        index = np.asarray(rows, dtype=np.intp)
        acting = np.array([feature.acting for feature in self.features])
        found: NDArray[np.bool_] = ((scores != 0.0) & self.centre.steady[index] & acting).any(axis=1)
        return found

    def judged(self, scores: Scores, aside: NDArray[np.bool_]) -> Scores:
        """The scores that features are judged by: without those that follow from the acts themselves."""
        judged: Scores = scores.copy()
        judged[np.ix_(aside, np.array([feature.mixed for feature in self.features]))] = 0.0
        return judged

    def allowed(self, rows: Places, kind: int = SINGLE) -> Scores:
        """The distance that is still ordinary, for each window and feature; infinite where a kind does not judge."""
        allowed: Scores = self._allowed[kind][np.asarray(rows, dtype=np.intp)]
        return allowed

    @cached_property
    def _allowed(self) -> tuple[Scores, Scores]:
        """A row per conversation: every window asks for it."""
        steady, lasting = self.centre.steady, np.array([feature.lasting for feature in self.features])
        single, pair = (
            np.where(steady, self.limits[self.group, kind, 1], self.limits[self.group, kind, 0])
            for kind in (SINGLE, PAIR)
        )
        return np.where(lasting, np.inf, single), np.maximum(pair, self.once)

    @cached_property
    def ordinary_only(self) -> NDArray[np.bool_]:
        """Which features are not judged where a conversation opens or logs in."""
        return np.array([not feature.opening for feature in self.features])

    def expected(self, row: int, feature: int, kind: int) -> tuple[float, float]:
        """The range inside which this feature of this conversation is ordinary."""
        own = self.centre
        middle = float(own.median[row, feature])
        reach = float(self._allowed[kind][row, feature] * own.spread[row, feature] + own.edge[row, feature])
        return max(0.0, middle - reach), middle + reach

    def to_json(self) -> list[dict[str, Any]]:
        own = self.centre
        return [
            {
                "conversation": list(conversation),
                "windows": self.counts[row],
                "group": int(self.group[row]),
                "median": own.median[row].tolist(),
                "edge": own.edge[row].tolist(),
                "spread": own.spread[row].tolist(),
                "steady": own.steady[row].tolist(),
                "once": self.once[row].tolist(),
            }
            for conversation, row in self.conversations.items()
        ]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Robust:
        """Read `features`, `limits` (as said above) and `conversations` (what `to_json` wrote).

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
        median, edge, spread, once = (
            np.array([entry[part] for entry in listed], dtype=np.float64).reshape(-1, width)
            for part in ("median", "edge", "spread", "once")
        )
        steady = np.array([entry["steady"] for entry in listed], dtype=np.bool_).reshape(-1, width)
        group = np.array([entry["group"] for entry in listed], dtype=np.intp)
        limits = np.array(data["limits"], dtype=np.float64)
        if limits.ndim != 4 or limits.shape[1:] != (2, 2, width) or not np.all(limits > 0.0):
            raise ValueError("limits are missing or out of range")
        if not np.all(spread > 0.0) or not np.all(edge >= 0.0) or np.any((group < 0) | (group >= len(limits))):
            raise ValueError("numbers are missing or out of range")
        if not all(np.all(np.isfinite(numbers)) for numbers in (median, edge, spread, once, limits)):
            raise ValueError("a number is not finite")
        sides = [tuple(str(part) for part in entry["conversation"]) for entry in listed]
        rows = {(side[0], side[1], side[2], side[3]): row for row, side in enumerate(sides) if len(side) == 4}
        if len(rows) != len(listed):
            raise ValueError("a conversation is listed twice, or has no four parts")
        features = tuple(_BY_NAME[name] for name in names)
        counts = [int(entry["windows"]) for entry in listed]
        return cls(rows, counts, Centre(median, edge, spread, steady), group, once, limits, features)


def centre(windows: Scores, features: Sequence[Feature] = FEATURES) -> Centre:
    """Of the windows of a conversation in order of time, or of each in a stack.

    The spread is the larger of MAD and standard deviation: where most windows are the same, the first is zero. Before
    the second is taken the largest deviations are drawn in, so that an incident while learning does not widen it. How
    far the medians of the parts of the learned time lie from the whole's widens it: there the conversation drifted.
    """
    least = np.array([feature.least for feature in features])
    share = np.array([feature.share for feature in features])
    counted = np.array([feature.counted for feature in features])
    median = np.median(windows, axis=-2, keepdims=True)
    deviations = np.abs(windows - median)
    usual = np.minimum(deviations, np.quantile(deviations, DRAWN_IN, axis=-2, method="lower", keepdims=True))
    spread = np.maximum(MAD_TO_SIGMA * np.median(deviations, axis=-2), np.sqrt(np.mean(usual**2, axis=-2)))
    parts = np.array_split(windows, min(PARTS, windows.shape[-2]), axis=-2)
    middle = np.squeeze(median, axis=-2)
    drift = np.max([np.abs(np.median(part, axis=-2) - middle) for part in parts], axis=0)
    edge = np.quantile(deviations, USUAL, axis=-2, method="lower")
    steady = counted & (edge <= 1.0)
    spread = np.maximum(np.hypot(spread, drift), np.maximum(least, share * np.abs(middle)))
    return Centre(middle, np.where(steady, edge, 0.0), np.where(steady, 1.0, spread), steady)


def judged_by_the_others(windows: Scores, own: Centre, features: Sequence[Feature] = FEATURES) -> Scores:
    """Scores of a conversation's learned windows, each without itself where there are so few that it matters."""
    if len(windows) > EXACT:
        return own.scores(windows)
    count = len(windows)
    others = np.arange(count - 1) + (np.arange(count - 1) >= np.arange(count)[:, None])
    left_out = centre(windows[others], features)
    # What is steady is decided once: a score is in messages, or in spreads.
    spread = np.where(own.steady, 1.0, np.maximum(left_out.spread, own.spread * 0.1))
    return Centre(left_out.median, np.where(own.steady, own.edge, 0.0), spread, own.steady).scores(windows)
