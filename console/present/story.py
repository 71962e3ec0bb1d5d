"""What happened, in the order it happened, told from the evidence an alert carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.catalogue import say
from console.clock import Clock
from console.plain import clean
from console.present.fields import Line, table
from console.present.message import is_response, line
from sensor.schema import Alert, Endpoint

TIMED = ("period", "anomaly")
"""Detectors that look at a stretch of time and not at one message."""


@dataclass(frozen=True)
class Beat:
    """One line of the story."""

    ts_ns: int
    text: str
    hot: bool
    """the alert's own message, not its surroundings"""
    frame: int | None = None
    """number of the evidence it rests on, counted from 0"""


@dataclass(frozen=True)
class Frame:
    """One message of the evidence."""

    index: int
    number: str
    where: str
    time: str
    text: str
    sender: str
    fields: tuple[Line, ...]


def name_of(end: Endpoint | None, language: str) -> str:
    """An endpoint in a sentence: its address, or what stands for it above the enterprise."""
    if end is None or not (end.ip or end.mac):
        return say("story.somebody", language)
    return clean(end.ip or end.mac or "")


def story(alert: Alert, clock: Clock, language: str) -> tuple[Beat, ...]:
    """First message, what followed, how the other side answered, and for how long it went on."""
    beats: list[Beat] = []
    client, server = name_of(alert.client, language), name_of(alert.server, language)
    for index, item in enumerate(sorted(alert.evidence, key=lambda evidence: evidence.ts_ns)):
        answer = is_response(item.fields)
        sender, receiver = (server, client) if answer else (client, server)
        text = line(item.fields, language, alert.protocol)
        beats.append(
            Beat(
                item.ts_ns,
                say("story.said", language, sender=sender, receiver=receiver, message=text),
                not answer,
                index,
            )
        )
    if not beats:
        key = f"story.{alert.detector}" if alert.detector in TIMED else "story.bare"
        text = line(alert.fields, language, alert.protocol)
        beats.append(Beat(alert.first_ns, say(key, language, sender=client, receiver=server, message=text), True))
    outcome = f"story.outcome_{alert.outcome}"
    if str(alert.outcome) in ("success", "failure", "no_response"):
        beats.append(Beat(beats[-1].ts_ns, say(outcome, language, server=server), str(alert.outcome) == "success"))
    if alert.count > 1:
        span = clock.full(alert.last_ns)
        beats.append(Beat(alert.last_ns, say("story.repeated", language, n=alert.count, until=span), False))
    return tuple(beats)


def frames(alert: Alert, clock: Clock, language: str) -> tuple[Frame, ...]:
    """The evidence, in time order."""
    found = []
    for index, item in enumerate(sorted(alert.evidence, key=lambda evidence: evidence.ts_ns)):
        end = alert.server if is_response(item.fields) else alert.client
        found.append(
            Frame(
                index=index,
                number="—" if item.frame is None else str(item.frame),
                where=clean(item.file or item.interface or "—"),
                time=clock.fine(item.ts_ns),
                text=line(item.fields, language, alert.protocol),
                sender=name_of(end, language),
                fields=table(_own(item.fields), language),
            )
        )
    return tuple(found)


def _own(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in ("frame.number", "file.name", "@timestamp")}
