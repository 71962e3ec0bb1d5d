"""The body of an alert record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.parts import Endpoint, Evidence, Reason, Text
from sensor.schema.shape import (
    Json,
    Reader,
    RecordError,
    as_int,
    as_list,
    as_object,
    as_text,
    as_text_or_none,
    as_texts,
)
from sensor.schema.words import Level, Outcome, State

MAX_EVIDENCE = 8
"""First messages an alert carries; more would only repeat them."""


def _endpoint(reader: Reader, name: str) -> Endpoint | None:
    value = reader.take(name)
    return None if value is None else Endpoint.from_json(value, reader.key(name))


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
    first_ns: int
    last_ns: int
    count: int
    advice: Text | None = None
    consequence: Text | None = None
    rule_id: str | None = None
    technique: tuple[str, ...] = ()
    client: Endpoint | None = None
    server: Endpoint | None = None
    source: Endpoint | None = None
    destination: Endpoint | None = None
    outcome: Outcome = Outcome.UNKNOWN
    state: State = State.OPEN
    fields: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    coverage: Mapping[str, Any] = field(default_factory=dict)
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
        }

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> Alert:
        reader = Reader(data, where)
        try:
            level = Level(as_text(reader.need("level"), reader.key("level")))
            outcome = Outcome(as_text(reader.take("outcome", "unknown"), reader.key("outcome")))
            state = State(as_text(reader.take("state", "open"), reader.key("state")))
        except ValueError as error:
            raise RecordError(f"{where}: {error}") from None
        evidence = as_list(reader.take("evidence", []), reader.key("evidence"))
        if len(evidence) > MAX_EVIDENCE:
            raise RecordError(f"{reader.key('evidence')}: at most {MAX_EVIDENCE}")
        advice, consequence = reader.take("advice"), reader.take("consequence")
        return cls(
            cause=as_text(reader.need("cause"), reader.key("cause")),
            detector=as_text(reader.need("detector"), reader.key("detector")),
            level=level,
            title=Text.from_json(reader.need("title"), reader.key("title")),
            reason=Reason.from_json(reader.need("reason"), reader.key("reason")),
            protocol=as_text(reader.need("protocol"), reader.key("protocol")),
            first_ns=as_int(reader.need("first_ns"), reader.key("first_ns")),
            last_ns=as_int(reader.need("last_ns"), reader.key("last_ns")),
            count=as_int(reader.need("count"), reader.key("count"), least=1),
            advice=None if advice is None else Text.from_json(advice, reader.key("advice")),
            consequence=None if consequence is None else Text.from_json(consequence, reader.key("consequence")),
            rule_id=as_text_or_none(reader.take("rule_id"), reader.key("rule_id")),
            technique=as_texts(reader.take("technique", []), reader.key("technique")),
            client=_endpoint(reader, "client"),
            server=_endpoint(reader, "server"),
            source=_endpoint(reader, "source"),
            destination=_endpoint(reader, "destination"),
            outcome=outcome,
            state=state,
            fields=as_object(reader.take("fields", {}), reader.key("fields")),
            evidence=tuple(Evidence.from_json(item, reader.key("evidence")) for item in evidence),
            coverage=as_object(reader.take("coverage", {}), reader.key("coverage")),
            extra=reader.rest(),
        )
