"""The body of an alert record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from sensor.schema import compiled
from sensor.schema.parts import Endpoint, Evidence, Reason, Text
from sensor.schema.shape import Json, Number, Reader, RecordError, Whole
from sensor.schema.words import Level, Outcome, State

MAX_EVIDENCE = 8
"""First messages an alert carries; more would only repeat them."""


def _endpoint_json(end: Endpoint | None) -> Json | None:
    return None if end is None else end.to_json()


@dataclass(frozen=True)
class Alert:
    """A detector's statement, with its reason and evidence. Folded: `count` hits between `first_ns` and `last_ns`."""

    cause: str
    detector: str
    level: Level
    title: Text
    reason: Reason
    protocol: str
    first_ns: Whole
    last_ns: Whole
    count: Number
    advice: Text | None = None
    consequence: Text | None = None
    rule_id: str | None = None
    technique: tuple[str, ...] = ()
    incident_class: str | None = None
    """proposed class of GB/T 20986-2023, a code of `CLASSES`; a person decides"""
    client: Endpoint | None = None
    server: Endpoint | None = None
    source: Endpoint | None = None
    destination: Endpoint | None = None
    outcome: Outcome = Outcome.UNKNOWN
    state: State = State.OPEN
    fields: Mapping[str, Any] = field(default_factory=dict)
    evidence: Annotated[tuple[Evidence, ...], msgspec.Meta(max_length=MAX_EVIDENCE)] = ()
    coverage: Mapping[str, Any] = field(default_factory=dict)
    story: str | None = None
    """id of the story it belongs to, of the same origin; None from a sensor that tells none"""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            **self.extra,
            "cause": self.cause,
            "detector": self.detector,
            "level": str(self.level),
            "title": self.title.to_json(),
            "advice": None if self.advice is None else self.advice.to_json(),
            "consequence": None if self.consequence is None else self.consequence.to_json(),
            "rule_id": self.rule_id,
            "reason": self.reason.to_json(),
            "technique": list(self.technique),
            "class": self.incident_class,
            "protocol": self.protocol,
            "client": _endpoint_json(self.client),
            "server": _endpoint_json(self.server),
            "source": _endpoint_json(self.source),
            "destination": _endpoint_json(self.destination),
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
            "count": self.count,
            "outcome": str(self.outcome),
            "state": str(self.state),
            "fields": dict(self.fields),
            "evidence": [item.to_json() for item in self.evidence],
            "coverage": dict(self.coverage),
            "story": self.story,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> Alert:
        return _ORDINARY.read(data) or cls._by_hand(data, where)

    @classmethod
    def _by_hand(cls, data: object, where: str) -> Alert:
        reader = Reader(data, where)
        try:
            level = Level(reader.text("level"))
            outcome = Outcome(reader.text("outcome", "unknown"))
            state = State(reader.text("state", "open"))
        except ValueError as error:
            raise RecordError(f"{where}: {error}") from None
        return cls(
            cause=reader.text("cause"),
            detector=reader.text("detector"),
            level=level,
            title=reader.part("title", Text.from_json),
            reason=reader.part("reason", Reason.from_json),
            protocol=reader.text("protocol"),
            first_ns=reader.whole("first_ns"),
            last_ns=reader.whole("last_ns"),
            count=reader.whole("count", least=1),
            advice=reader.part_or_none("advice", Text.from_json),
            consequence=reader.part_or_none("consequence", Text.from_json),
            rule_id=reader.text_or_none("rule_id"),
            technique=reader.texts("technique"),
            incident_class=reader.text_or_none("class"),
            client=reader.part_or_none("client", Endpoint.from_json),
            server=reader.part_or_none("server", Endpoint.from_json),
            source=reader.part_or_none("source", Endpoint.from_json),
            destination=reader.part_or_none("destination", Endpoint.from_json),
            outcome=outcome,
            state=state,
            fields=reader.mapping("fields"),
            evidence=reader.parts("evidence", Evidence.from_json, most=MAX_EVIDENCE),
            coverage=reader.mapping("coverage"),
            story=reader.text_or_none("story"),
            extra=reader.rest(),
        )


_ORDINARY = compiled.Ordinary(
    Alert,
    renamed={"class": "incident_class"},
    parts={
        **dict.fromkeys(("title", "advice", "consequence"), Text),
        **dict.fromkeys(("client", "server", "source", "destination"), Endpoint),
        "reason": Reason,
    },
    lists={"evidence": Evidence, "technique": None},
)
