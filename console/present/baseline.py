"""What a sensor says of its baseline in heartbeats: version, what waits for a review, how complete, what is tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from console.catalogue import say
from console.present.drawing import number
from sensor.schema import Heartbeat


@dataclass(frozen=True)
class Line:
    text: str
    tone: str = ""


def lines(beat: Heartbeat, language: str) -> Iterator[Line]:
    """Sentences in the reader's language. What a sensor of another version does not say is left out."""
    told = beat.baseline or {}
    version, waiting = number(told.get("version")), number(told.get("suspicious"))
    if version:
        yield Line(say("sensors.baseline_version", language, n=round(version)))
    if waiting:
        yield Line(say("sensors.baseline_suspicious", language, n=round(waiting)), "medium")
    learning, days = told.get("learning") is True, number(told.get("learned_days"))
    if learning:
        yield Line(say("sensors.baseline_learning", language, days=f"{days or 0:.1f}"))
    if told.get("complete") is True:
        yield Line(say("sensors.baseline_complete", language))
    elif told.get("complete") is False:
        yield Line(say("sensors.baseline_incomplete", language), "" if learning else "medium")
    if (most := number(told.get("new_per_day_most"))) is not None:
        yield Line(say("sensors.baseline_new", language, most=f"{most:,.1f}"))
    if (alerts := number(told.get("shadow_alerts"))) is not None:
        yield Line(say("sensors.baseline_shadow", language, n=round(alerts)))
