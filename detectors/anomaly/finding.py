"""What the model found about one window."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deviating:
    """One feature of a window, with what was expected of it."""

    name: str
    value: float
    low: float
    high: float
    beyond: float
    """distance from the median, in units of the allowed one: above 1 the feature deviates by itself"""


@dataclass(frozen=True)
class WindowFinding:
    """A window unlike the learned ones. `features` are those that deviate, the farthest first; where only the forest
    found the window unusual, the farthest three."""

    segment: str
    client: str
    server: str
    protocol: str
    start_ns: int
    end_ns: int
    features: tuple[Deviating, ...]
    by_feature: bool
    by_forest: bool
    score: float
    """of the forest, 0 to 1"""
    score_limit: float
