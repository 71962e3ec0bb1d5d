"""What the store gives back: plain frozen rows, whatever stands behind the interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sensor.schema import Asset, Heartbeat, Ledger, Level, Link, Record, Story

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


OPEN_WORK = (
    Workflow.NEW,
    Workflow.REOPENED,
    Workflow.TRIAGE,
    Workflow.CONFIRMED,
    Workflow.HANDLING,
    Workflow.REVIEW,
)
"""Where somebody still has something to do, what nobody has looked at first."""


class CountBy(StrEnum):
    """What incidents may be counted by. `hour`, `day`, `week` go by the incident's first time, in the node's zone."""

    LEVEL = "level"
    DETECTOR = "detector"
    PROTOCOL = "protocol"
    TECHNIQUE = "technique"
    CHILD = "child"
    ORIGIN = "origin"
    WORKFLOW = "workflow"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


TIME_FORM: Mapping[CountBy, str] = {CountBy.HOUR: "%Y-%m-%dT%H", CountBy.DAY: "%Y-%m-%d", CountBy.WEEK: "%G-W%V"}
"""How the keys of counts over time are written, in the node's zone."""


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
class Suppression:
    """Alerts of one cause, some hosts and a segment that are no work until a date, why, and who answers for it.

    It is decided by what an alert says whenever somebody asks, so the alerts stay, are counted, and come back by
    themselves.
    """

    id: str
    cause: str
    hosts: tuple[str, ...]
    """addresses, each of which must be an end of the conversation; none: whoever it is"""
    segment: str | None
    """None: in all"""
    reason: str
    by: str
    since_ns: int
    until_ns: int
    ended_ns: int | None = None
    """when somebody ended it before its date"""
    ended_by: str | None = None
    about: str = ""
    """title of the alert it was made from, as its author read it"""

    def holds(self, now_ns: int) -> bool:
        return self.ended_ns is None and now_ns < self.until_ns


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
    began_ns: int | None = None
    """first seen at or after: with `until_ns` the span a chart shows"""
    stories: tuple[str, ...] | None = None
    """part of one of these stories"""
    suppressed: bool | None = None
    """whether a suppression that holds now is about it"""
    suppressions: tuple[Suppression, ...] | None = None
    """those that hold now: filled in by the store"""
    text: str | None = None
    """Words, all of which must stand in the incident. What is searched and what a word is: `console.store.text`."""


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
class StoryRow:
    """One story (归并告警), as its record tells it."""

    origin: str
    id: str
    revision: int
    child: str
    tenant: str
    segment: str
    story: Story
    received_ns: int


@dataclass(frozen=True)
class OpenStory:
    """A story with alerts that are open work."""

    row: StoryRow
    waiting: int
    """how many of its alerts are"""


@dataclass(frozen=True)
class OpenStories:
    """What is to be done, the most urgent first: by priority number, of equals the latest first."""

    rows: tuple[OpenStory, ...]
    stories: int
    """how many stories there are with open work"""
    alone: int
    """alerts that are open work and part of no story: of sensors that tell none"""
    exact: bool = True
    """False: so much waits that only what came last was looked at"""


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
    """How many incidents share `key`."""

    key: str
    incidents: int


class Silence(StrEnum):
    """What a list of children or sensors makes of those who are silent."""

    FIRST = "first"
    ONLY = "only"


@dataclass(frozen=True)
class NodeFilter:
    """Which children or sensors, and in which order; every field narrows or orders, None leaves open."""

    text: str | None = None
    """stands in the name, in whatever case"""
    child: str | None = None
    """of sensors: what they report through"""
    silence: Silence | None = None
    silent_before_ns: int = 0
    """what was last heard before this moment, or never, is silent"""

    def as_of(self, silent_before_ns: int) -> NodeFilter:
        return replace(self, silent_before_ns=silent_before_ns)


NAMED = 20
"""names of what is silent that a summary tells; the pages of sensors and children have all"""


@dataclass(frozen=True)
class Coverage:
    """How well this node sees, summed up: the same few figures for three sensors and for 30,000."""

    sensors: int
    silent_sensors: int
    silent_names: tuple[str, ...]
    """the first `NAMED` of them by name"""
    without_baseline: int
    """sensors that reported, and whose detectors of the unusual are off"""
    ledger: Ledger | None
    """of the last periods together, under the one reason `all`; None where no sensor has reported"""
    children: int
    """consoles that may report here, or that spoke through an import"""
    silent_children: int
    silent_child_names: tuple[str, ...]


EXACT_TO = 1000
"""A list is counted out to here; beyond, it is "1,000+": nobody reads further, and counting on costs as it grows."""


@dataclass(frozen=True)
class Found:
    """How many incidents match. Not `exact`: more than `EXACT_TO`, and `number` is `EXACT_TO`."""

    number: int
    exact: bool = True


@dataclass(frozen=True)
class Expired:
    """One run of retention: the proof, kept for `Health`. Ages are by this node's clock, see `Store.expire`."""

    at_ns: int
    """when it ran"""
    before_ns: int
    """what was stored last before this was due to go; nothing younger went"""
    oldest_before_ns: int | None
    """when the oldest incident was stored last, before and after the run; None: there was none"""
    oldest_after_ns: int | None
    incidents: int
    """how many went, each with its revisions, steps and counts"""
    others: int = 0
    """what else went: evidence (of any age, where the disk is short of room), orders, receipts, and kinds this version
    does not know"""
    done: bool = True
    """False: there is more to delete than one run does; the next run goes on"""


@dataclass(frozen=True)
class Remark:
    """Something a person must know about the store: a stable code and its figures; the words come from the catalogue.

    Codes: `filling` (the disk is full in fewer than 30 days; `days`), `full` (nothing is accepted any more; `free_mb`),
    `damaged` (a file that could not be read was set aside to `path` and a fresh store begun), `unsound` (the check of
    the whole file found something; `finding`).
    """

    code: str
    parameters: Mapping[str, str | int] = field(default_factory=dict)
    until_acknowledged: bool = False
    """True: it stays, over restarts, until somebody calls `Store.acknowledge` with its code"""


@dataclass(frozen=True)
class Health:
    """How the store is, for the overview page and `otus store health`."""

    size_bytes: int
    """what it takes on the disk, indices included"""
    free_bytes: int
    """what is left to it before it stops accepting"""
    keep_days: int
    oldest_ns: int | None
    """when the oldest incident kept was stored last"""
    growth_bytes_per_day: int | None
    """over the last weeks; None: too young to say, or not growing"""
    full_at_ns: int | None
    """when at this pace the store stops accepting; None where nothing says it will"""
    expired: Expired | None
    """the last run of retention"""
    remarks: tuple[Remark, ...] = ()
    """gravest first; empty: all is well"""


@dataclass(frozen=True)
class AssetRow:
    origin: str
    id: str
    child: str
    tenant: str
    asset: Asset
    received_ns: int


@dataclass(frozen=True)
class AssetRevision:
    """What a station was told to be, and when."""

    revision: int
    received_ns: int
    asset: Asset


@dataclass(frozen=True)
class AssetHistory:
    """One station in full."""

    row: AssetRow
    segment: str
    """as its links name it"""
    revisions: tuple[AssetRevision, ...]
    """the newest first, at most the last 20; those from before this node kept them are missing"""


@dataclass(frozen=True)
class LinkFilter:
    """Which links; every field narrows, None leaves open."""

    child: str | None = None
    address: str | None = None
    """of either end"""
    protocol: str | None = None
    origin: str | None = None
    segment: str | None = None


@dataclass(frozen=True)
class LinkRow:
    """Who speaks to whom."""

    origin: str
    id: str
    child: str
    tenant: str
    segment: str
    link: Link
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
    links: int = 0
