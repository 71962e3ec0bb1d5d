"""A silence that grows graver: a conversation that stopped is a note until it has lasted longer than a restart takes.

The core tells a stop at once (`period:stopped`) and the return (`period:resumed`). Whether it was a restart or somebody
lost the view of a device is decided by how long it lasted, in engine time: whatever the edges of batches are, the alert
ends at the same level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sensor.schema import Level
from sensor.schema.shape import Json

STOPPED, RESUMED = "period:stopped", "period:resumed"
RESTART_NS = 300 * 1_000_000_000
"""Controllers are back after a restart within seconds to a minute or two, panels and soft controllers on a PC within
some minutes: what is silent longer does not just restart."""
GRAVE = str(Level.MEDIUM)

Side = tuple[str, str | None, str | None, str]
"""Segment, client, server, protocol."""


class Stops:
    """Conversations that are silent, by the fold of their alert."""

    def __init__(self) -> None:
        self._silent: dict[Side, tuple[int, int]] = {}

    def recall(self, opened: Mapping[int, tuple[str, Json]]) -> None:
        """After a restart: of open alerts (segment and body) those that are about a silent conversation."""
        for fold, (segment, body) in opened.items():
            if body["cause"] == STOPPED and body["level"] != GRAVE:
                self.stopped(fold, segment, body)

    def stopped(self, fold: int, segment: str, body: Json) -> None:
        """An alert about a silent conversation was opened, or has grown."""
        if body["level"] != GRAVE:
            self._silent.setdefault(_side(segment, body), (fold, body["last_ns"]))

    def resumed(self, segment: str, body: Json, now_ns: int) -> int | None:
        """It is back: the fold of its alert where the silence had lasted too long."""
        fold, since_ns = self._silent.pop(_side(segment, body), (None, now_ns))
        return fold if now_ns - since_ns >= RESTART_NS else None

    def due(self, now_ns: int) -> Iterator[int]:
        """Folds of alerts whose conversations have been silent too long by now."""
        for side, (fold, since_ns) in list(self._silent.items()):
            if now_ns - since_ns >= RESTART_NS:
                del self._silent[side]
                yield fold


def _side(segment: str, body: Mapping[str, Any]) -> Side:
    client, server = body.get("client") or {}, body.get("server") or {}
    return segment, client.get("ip"), server.get("ip"), str(body["protocol"])
