"""What a console tells of the sensors below it in one heartbeat of its own, in the place of all of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.shape import Json, Reader

MAX_NAMES = 20
"""names of what is silent; who wants all of them looks at the console that knows them"""


@dataclass(frozen=True)
class Below:
    """Sensors are all that report to the console, be it through others; children are the consoles right below it."""

    sensors: int
    silent: int
    """of them: last heard too long ago, or never"""
    without_baseline: int
    """of those that were heard: their detectors of the unusual are off"""
    silent_names: tuple[str, ...] = ()
    """the first of them by name"""
    children: int = 0
    silent_children: int = 0
    silent_child_names: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            **self.extra,
            "sensors": self.sensors,
            "silent": self.silent,
            "without_baseline": self.without_baseline,
            "silent_names": list(self.silent_names),
            "children": self.children,
            "silent_children": self.silent_children,
            "silent_child_names": list(self.silent_child_names),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "below") -> Below:
        reader = Reader(data, where)
        return cls(
            sensors=reader.whole("sensors"),
            silent=reader.whole("silent", 0),
            without_baseline=reader.whole("without_baseline", 0),
            silent_names=reader.texts("silent_names")[:MAX_NAMES],
            children=reader.whole("children", 0),
            silent_children=reader.whole("silent_children", 0),
            silent_child_names=reader.texts("silent_child_names")[:MAX_NAMES],
            extra=reader.rest(),
        )
