"""The body of a story record (归并告警): alerts that belong together, as one thing a person handles.

The alerts keep their own records and name their story in `body.story`; this one tells the story so that a tier
understands it without them: who did what to whom, in which order, why these alerts are one, how urgent it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.parts import Text
from sensor.schema.shape import Json, Reader, RecordError
from sensor.schema.words import Level, Outcome, State

MAX_STEPS_TOLD = 64
"""Different things done; whoever does more is told as `more_steps`."""
MAX_TARGETS_TOLD = 32
"""Stations named in a step; `target_count` counts beyond."""
MAX_MERGED = 32
"""Stories that this one took in, by name; more of them are counted in its alerts and name it themselves."""


def _level(reader: Reader, name: str, where: str) -> Level:
    try:
        return Level(reader.text(name))
    except ValueError as error:
        raise RecordError(f"{where}: {error}") from None


@dataclass(frozen=True)
class StoryStep:
    """One thing that one station did, to one or many others; or what became visible at stations afterwards."""

    alert: str
    """id of its first alert"""
    cause: str
    detector: str
    level: Level
    title: Text
    protocol: str
    relation: str
    """why it belongs to this story, a code: `opening` `same_actor` `lateral` `effect` `same_cause`"""
    tactic: str
    """of ATT&CK for ICS, a code such as `inhibit_response`; empty where no technique is named"""
    first_ns: int
    last_ns: int
    alerts: int
    hits: int
    technique: tuple[str, ...] = ()
    source: str | None = None
    """who did it; None for an effect, which nobody is seen doing"""
    targets: tuple[str, ...] = ()
    target_count: int = 0
    outcome: Outcome = Outcome.UNKNOWN
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            **self.extra,
            "alert": self.alert,
            "cause": self.cause,
            "detector": self.detector,
            "level": str(self.level),
            "title": self.title.to_json(),
            "protocol": self.protocol,
            "relation": self.relation,
            "tactic": self.tactic,
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
            "alerts": self.alerts,
            "hits": self.hits,
            "technique": list(self.technique),
            "source": self.source,
            "targets": list(self.targets),
            "target_count": self.target_count,
            "outcome": str(self.outcome),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "step") -> StoryStep:
        reader = Reader(data, where)
        try:
            outcome = Outcome(reader.text("outcome", "unknown"))
        except ValueError as error:
            raise RecordError(f"{where}: {error}") from None
        return cls(
            alert=reader.text("alert"),
            cause=reader.text("cause"),
            detector=reader.text("detector"),
            level=_level(reader, "level", where),
            title=reader.part("title", Text.from_json),
            protocol=reader.text("protocol"),
            relation=reader.text("relation"),
            tactic=reader.text("tactic", ""),
            first_ns=reader.whole("first_ns"),
            last_ns=reader.whole("last_ns"),
            alerts=reader.whole("alerts", least=1),
            hits=reader.whole("hits", least=1),
            technique=reader.texts("technique"),
            source=reader.text_or_none("source"),
            targets=reader.texts("targets"),
            target_count=reader.whole("target_count", 0),
            outcome=outcome,
            extra=reader.rest(),
        )


@dataclass(frozen=True)
class Severity:
    """In which order stories are handled: level × importance × consequence, each a rank with its reason beside it.

    The product only orders. It is the risk priority number that FMEA has made plants familiar with; there is no line
    above which it means something else.
    """

    level: int
    """1 to 5: the rank of the gravest alert"""
    importance: int
    """1 to 3: equipment class C, B, A of the most important station concerned"""
    consequence: int
    """1 to 3: looked at, could act, acted upon the process"""
    basis: str
    """what the importance rests on: `site` (the site's own file), `controller`, `station`, `office`, `unknown`"""
    station: str | None = None
    """the station whose importance counts"""
    name: str | None = None
    """what the site calls it"""
    serves: str | None = None
    """what hangs on it, in the site's words"""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """1 to 45."""
        return self.level * self.importance * self.consequence

    def to_json(self) -> Json:
        return {
            **self.extra,
            "number": self.number,
            "level": self.level,
            "importance": self.importance,
            "consequence": self.consequence,
            "basis": self.basis,
            "station": self.station,
            "name": self.name,
            "serves": self.serves,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "severity") -> Severity:
        reader = Reader(data, where)
        reader.take("number")
        ranks = {}
        for name, most in (("level", 5), ("importance", 3), ("consequence", 3)):
            ranks[name] = reader.whole(name, least=1)
            if ranks[name] > most:
                raise RecordError(f"{reader.key(name)}: must be from 1 to {most}")
        return cls(
            **ranks,
            basis=reader.text("basis"),
            station=reader.text_or_none("station"),
            name=reader.text_or_none("name"),
            serves=reader.text_or_none("serves"),
            extra=reader.rest(),
        )


@dataclass(frozen=True)
class Story:
    """Alerts that belong together. `first_ns` to `last_ns` reach from the first of their messages to the last."""

    level: Level
    """of its gravest alert"""
    title: Text
    """of that alert"""
    first_ns: int
    last_ns: int
    alerts: int
    hits: int
    severity: Severity
    actor: str | None = None
    """who began; None where nobody is seen acting"""
    state: State = State.OPEN
    steps: tuple[StoryStep, ...] = ()
    more_steps: int = 0
    """alerts whose step found no room in `steps`; they are counted in `alerts` and `hits`"""
    merged_into: str | None = None
    """id of the story that this one turned out to be part of; it counts these alerts, too"""
    merged: tuple[str, ...] = ()
    """ids of stories that turned out to be part of this one: their alerts go on naming them"""
    follows: str | None = None
    """id of the story of the day before, where somebody goes on for longer than a day"""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            **self.extra,
            "level": str(self.level),
            "title": self.title.to_json(),
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
            "alerts": self.alerts,
            "hits": self.hits,
            "severity": self.severity.to_json(),
            "actor": self.actor,
            "state": str(self.state),
            "steps": [step.to_json() for step in self.steps],
            "more_steps": self.more_steps,
            "merged_into": self.merged_into,
            "merged": list(self.merged),
            "follows": self.follows,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> Story:
        reader = Reader(data, where)
        try:
            state = State(reader.text("state", "open"))
        except ValueError as error:
            raise RecordError(f"{where}: {error}") from None
        return cls(
            level=_level(reader, "level", where),
            title=reader.part("title", Text.from_json),
            first_ns=reader.whole("first_ns"),
            last_ns=reader.whole("last_ns"),
            alerts=reader.whole("alerts", least=1),
            hits=reader.whole("hits", least=1),
            severity=reader.part("severity", Severity.from_json),
            actor=reader.text_or_none("actor"),
            state=state,
            steps=reader.parts("steps", StoryStep.from_json, most=MAX_STEPS_TOLD),
            more_steps=reader.whole("more_steps", 0),
            merged_into=reader.text_or_none("merged_into"),
            merged=reader.texts("merged"),
            follows=reader.text_or_none("follows"),
            extra=reader.rest(),
        )
