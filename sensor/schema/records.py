"""The envelope of everything that goes up, and the way to its body.

`docs/architecture.md`, "The record that travels". The body stays a plain JSON object inside the envelope: a tier passes
on what it does not understand. Who needs its meaning asks for it: `record.alert()`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema import compiled
from sensor.schema.alert import MAX_EVIDENCE, Alert
from sensor.schema.asset import Asset
from sensor.schema.baseline import Baseline, BaselineEntry, BaselinePart, baseline_id, part_id
from sensor.schema.below import Below
from sensor.schema.evidence_file import EvidenceFile, evidence_id
from sensor.schema.heartbeat import Heartbeat, Interface, Ledger
from sensor.schema.link import Link
from sensor.schema.notice import Notice
from sensor.schema.order import Order
from sensor.schema.pack_order import PackOrder
from sensor.schema.parts import Endpoint, Evidence, Reason, Text
from sensor.schema.receipt import Receipt, receipt_id
from sensor.schema.review import Review
from sensor.schema.shape import Json, Reader, RecordError, as_object, known_id, known_name
from sensor.schema.story import Severity, Story, StoryStep
from sensor.schema.task import Task
from sensor.schema.words import KINDS, LEVELS, OUTCOMES, STATES, Kind, Level, Outcome, State

SCHEMA_VERSION = "1.0"
SCHEMA_MAJOR = 1

Key = tuple[str, str, int]
"""(origin, id, revision): what is counted when nothing may be lost or doubled."""


@dataclass(frozen=True)
class Record:
    """One record on its way up. `(origin, id)` names it for ever; the highest `revision` is what is shown."""

    kind: str
    id: str
    """32 hex digits, the same for the same finding in every replay"""
    revision: int
    """from 1, growing"""
    origin: str
    """name of the node that made it"""
    body: Mapping[str, Any]
    segment: str = "default"
    tenant: str = "default"
    path: tuple[str, ...] = ()
    """nodes it came through, the first hop first; each console adds the child it got the record from"""
    schema: str = SCHEMA_VERSION
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return (self.origin, self.id, self.revision)

    def alert(self) -> Alert:
        """The body as an alert. Raises RecordError where it is none."""
        return Alert.from_json(self.body)

    def asset(self) -> Asset:
        return Asset.from_json(self.body)

    def heartbeat(self) -> Heartbeat:
        return Heartbeat.from_json(self.body)

    def evidence_file(self) -> EvidenceFile:
        return EvidenceFile.from_json(self.body)

    def link(self) -> Link:
        return Link.from_json(self.body)

    def story(self) -> Story:
        return Story.from_json(self.body)

    def order(self) -> Order:
        """The body of what goes down the line: a notice, a task, a review of a baseline, a rule pack."""
        read = _ORDERS.get(self.kind)
        if read is None:
            raise RecordError(f"kind: {self.kind} is no order")
        return read(self.body)

    def baseline(self) -> Baseline:
        """The body as the state of a baseline. Raises RecordError also where its id is not this origin's."""
        found = Baseline.from_json(self.body)
        if self.id != baseline_id(self.origin):
            raise RecordError("id: a baseline's follows from its origin")
        return found

    def baseline_part(self) -> BaselinePart:
        found = BaselinePart.from_json(self.body)
        if self.id != part_id(self.origin, found.part):
            raise RecordError("id: of a baseline's part it follows from origin and part")
        return found

    def receipt(self) -> Receipt:
        """The body as a receipt. Raises RecordError also where its id is another order's."""
        found = Receipt.from_json(self.body)
        if self.id != receipt_id(found.about):
            raise RecordError("id: a receipt's follows from the order it is about")
        return found

    def via(self, child: str) -> Record:
        """The same record, seen one hop further up."""
        return Record(
            self.kind, self.id, self.revision, self.origin, self.body, self.segment, self.tenant,
            (*self.path, child), self.schema, self.extra,
        )  # fmt: skip

    def to_json(self) -> Json:
        return {
            **self.extra,
            "schema": self.schema,
            "kind": str(self.kind),
            "id": self.id,
            "revision": self.revision,
            "origin": self.origin,
            "tenant": self.tenant,
            "segment": self.segment,
            "path": list(self.path),
            "body": dict(self.body),
        }

    def to_bytes(self) -> bytes:
        """Compact UTF-8 JSON, keys sorted: equal records are equal bytes.

        Raises RecordError for what JSON cannot say (not a number, infinity, half a surrogate pair).
        """
        content = self.to_json()
        if (written := compiled.write(content)) is not None:
            return written
        try:
            text = json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
            return text.encode("utf-8")
        except (ValueError, TypeError, RecursionError) as error:
            raise RecordError(f"record {self.origin}/{self.id}: cannot be written as JSON: {error}") from None

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        try:
            return cls.from_json(json.loads(data))
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise RecordError(f"record: not JSON: {error}") from None

    @classmethod
    def from_json(cls, data: object) -> Record:
        """Read an envelope. The body's inside is not looked at here."""
        reader = Reader(data, "")
        schema = reader.text("schema", SCHEMA_VERSION)
        record_id = reader.text("id")
        origin = reader.text("origin")
        if not known_id(record_id):
            raise RecordError("id: must be 32 lower-case hex digits")
        if not known_name(origin):
            raise RecordError("origin: must be a node's name (1 to 64 letters, digits, '.', '-', '_'; no address)")
        return cls(
            schema=schema,
            kind=reader.text("kind"),
            id=record_id,
            revision=reader.whole("revision", least=1),
            origin=origin,
            tenant=reader.text("tenant", "default"),
            segment=reader.text("segment", "default"),
            path=reader.texts("path"),
            body=as_object(reader.need("body"), "body"),
            extra=reader.rest(),
        )


_ORDERS: Mapping[str, Callable[[object], Order]] = {
    Kind.NOTICE: Notice.from_json,
    Kind.TASK: Task.from_json,
    Kind.REVIEW: Review.from_json,
    Kind.PACK: PackOrder.from_json,
}


__all__ = [
    "KINDS", "LEVELS", "MAX_EVIDENCE", "OUTCOMES", "SCHEMA_MAJOR", "SCHEMA_VERSION", "STATES", "Alert", "Asset",
    "Baseline", "BaselineEntry", "BaselinePart", "Below", "Endpoint", "Evidence", "EvidenceFile", "Heartbeat",
    "Interface", "Key", "Kind", "Ledger", "Level", "Link", "Notice", "Order", "Outcome", "Reason", "Receipt", "Record",
    "RecordError", "Review", "Severity", "State", "Story", "StoryStep", "Task", "Text", "baseline_id", "evidence_id",
    "part_id", "receipt_id",
]  # fmt: skip
