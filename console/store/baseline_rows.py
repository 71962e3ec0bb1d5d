"""What the store gives back about sensors' baselines, whatever stands behind the interface."""

from __future__ import annotations

from dataclasses import dataclass

from sensor.schema import Baseline


@dataclass(frozen=True)
class BaselineRow:
    """What one sensor told of its baseline last."""

    origin: str
    child: str
    received_ns: int
    state: Baseline


@dataclass(frozen=True)
class EntryFilter:
    """Which entries; every field narrows, None leaves open."""

    state: str | None = None
    kind: str | None = None
    link: str | None = None
    """name of the link, which has itself as well"""
    text: str | None = None
    """a part of its name or of its facts, in any case of letters"""

