"""What the store gives back: plain frozen rows, whatever stands behind the interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sensor.schema import Asset, Heartbeat, Level, Record

Row = TypeVar("Row")


class Status(StrEnum):
    """What became of one record of a batch."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class Workflow(StrEnum):
    """Where a person is with an incident: 待研判 研判中 已确认 误报 已忽略 处置中 待复核 已办结 重新打开."""

    NEW = "new"
    TRIAGE = "triage"
    CONFIRMED = "confirmed"
    FALSE_ALARM = "false_alarm"
    IGNORED = "ignored"
    HANDLING = "handling"
    REVIEW = "review"
    CLOSED = "closed"
    REOPENED = "reopened"


class CountBy(StrEnum):
    """What incidents may be counted by. `hour` and `day` go by the incident's first time, in the node's zone."""

    LEVEL = "level"
    DETECTOR = "detector"
    PROTOCOL = "protocol"
    TECHNIQUE = "technique"
    CHILD = "child"
    ORIGIN = "origin"
    WORKFLOW = "workflow"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True)
class Answer:
    """What a sender is told about one of its records, after the commit."""

    origin: str
    id: str
    revision: int
    status: Status
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "origin": self.origin,
            "id": self.id,
            "revision": self.revision,
            "status": str(self.status),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class IncidentFilter:
    """Which incidents; every field narrows, None leaves open."""

    level: Level | str | None = None
    level_at_least: Level | str | None = None
    detector: str | None = None
    protocol: str | None = None
    technique: str | None = None
    child: str | None = None
    origin: str | None = None
    tenant: str | None = None
    state: str | None = None
    """`open` or `closed`: the sensor's word"""
    workflow: Workflow | str | None = None
    """the person's word"""
    since_ns: int | None = None
    """last seen at or after"""
    until_ns: int | None = None
    """first seen before"""


@dataclass(frozen=True)
class IncidentRow:
    """One line of the list of incidents: the columns, without opening the record."""

    origin: str
    id: str
    revision: int
    child: str
    """the child node it came through; for a sensor of this console the sensor itself"""
    tenant: str
    segment: str
    level: str
    detector: str
    protocol: str
    title_zh: str
    title_en: str
    rule_id: str | None
    technique: tuple[str, ...]
    client: str | None
    """address or pseudonym"""
    server: str | None
    first_ns: int
    last_ns: int
    count: int
    outcome: str
    state: str
    workflow: Workflow
    received_ns: int
    """when this node stored this revision, by its own clock"""


@dataclass(frozen=True)
class WorkflowStep:
    """One decision a person wrote down. Steps are only ever added."""

    at_ns: int
    by: str
    before: Workflow
    after: Workflow
    note: str = ""


@dataclass(frozen=True)
class Revision:
    revision: int
    received_ns: int
    count: int
    last_ns: int
    outcome: str
    state: str


@dataclass(frozen=True)
class Incident:
    """One incident in full. `record.alert()` is its body."""

    row: IncidentRow
    record: Record
    revisions: tuple[Revision, ...]
    """the newest first, at most the last 50"""
    steps: tuple[WorkflowStep, ...] = ()


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows and the cursor of the next page, or None at the end. A cursor is opaque text, good for a URL."""

    rows: tuple[Row, ...]
    next_cursor: str | None = None


@dataclass(frozen=True)
class Count:
    """How many incidents (and folded hits) share `key`."""

    key: str
    incidents: int
    hits: int


@dataclass(frozen=True)
class AssetRow:
    origin: str
    id: str
    child: str
    tenant: str
    asset: Asset
    received_ns: int


@dataclass(frozen=True)
class SensorRow:
    """One origin of heartbeats, with its last one."""

    name: str
    child: str
    last_seen_ns: int
    """when this node last stored a heartbeat of it"""
    heartbeat: Heartbeat | None
    incidents: int = 0


@dataclass(frozen=True)
class ChildRow:
    """One child node (a console or a sensor) with its figures."""

    name: str
    kind: str
    """`console` or `sensor`"""
    revoked: bool
    last_seen_ns: int | None
    """when it last sent anything that was stored or known; None: never"""
    incidents_by_level: Mapping[str, int] = field(default_factory=dict)
    sensors: int = 0
    received: int = 0
    """packets in the last heartbeats of the sensors under it"""
    parsed: int = 0
    skipped: int = 0
    lost: int = 0


@dataclass(frozen=True)
class DeadLetter:
    """A record that was refused: by this node (`incoming`, from a child) or by a parent (`outgoing`)."""

    direction: str
    """`incoming` or `outgoing`"""
    peer: str
    """the child it came from, or the parent that refused it"""
    origin: str
    id: str
    revision: int
    reason: str
    at_ns: int


@dataclass(frozen=True)
class Totals:
    """What this node holds."""

    records: int
    incidents: int
    assets: int
    pending_up: Mapping[str, int] = field(default_factory=dict)
    """parent → records that still wait for its answer"""
