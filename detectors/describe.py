"""What a detector says about a hit: everything of an alert that is not counting, place or time."""

from __future__ import annotations

from dataclasses import dataclass

from sensor.schema import Level, Reason, Text


@dataclass(frozen=True)
class Description:
    """`title`, `advice` and `consequence` travel inside the alert, so that any tier can show them."""

    detector: str
    level: Level
    title: Text
    reason: Reason
    advice: Text | None = None
    consequence: Text | None = None
    rule_id: str | None = None
    technique: tuple[str, ...] = ()
    incident_class: str | None = None
    """proposed class, a code of `sensor.schema.classes.CLASSES`"""
