"""What the model found about one window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from detectors.anomaly.rows import Rows


@dataclass(frozen=True)
class Deviating:
    """One feature of a window, with what was expected of it."""

    name: str
    value: float
    low: float
    high: float
    beyond: float
    """distance from the usual, in units of the allowed one: above 1 the feature deviates by itself"""
    alike: float | None = None
    """what the most alike normal window had"""


@dataclass(frozen=True)
class WindowFinding:
    """A window unlike the learned ones. `features` are those that deviate, the farthest first; where only forest and
    density together found the window unusual, the farthest three."""

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
    """of forest and density: the sum of the logarithms of their chances, 0 where the window is ordinary"""
    score_limit: float
    learned: bool = True
    """whether this conversation was learned; otherwise it is held against all others of its protocol"""
    alike_ns: int | None = None
    """when the most alike normal window began"""

    @classmethod
    def at(cls, windows: Rows, place: int, **found: Any) -> WindowFinding:
        """`found`: everything but whose window it is and when, which follows from its place."""
        segment, client, server, protocol = windows.conversations[place]
        return cls(
            segment=segment,
            client=client,
            server=server,
            protocol=protocol,
            start_ns=int(windows.starts[place]),
            end_ns=int(windows.ends[place]),
            **found,
        )
