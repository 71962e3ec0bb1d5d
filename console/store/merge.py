"""Taking records in: one record at a time judged, one batch at a time written, inside one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from console.store import baselines, bulk, incoming, kept, orders
from console.store.admission import KEEP_REJECTED, MAX_ORIGINS_PER_CHILD, Refusal, compare
from console.store.candidate import Candidate, Refused
from console.store.index import Index
from console.store.migrations import STAYING
from console.store.rows import Answer, Status
from console.store.sql import run_on
from federation import spool_tables
from sensor.schema import Kind, Record, RecordError


class Stored(NamedTuple):
    """What the store has about the records of a batch, and about their origins."""

    owners: dict[str, str]
    """origin → child"""
    known: dict[tuple[str, str], tuple[int, int, str]]
    """(origin, id) → (number, revision, kind)"""
    incidents: dict[int, kept.State]


def look_up(db: sqlite3.Connection, records: Sequence[Record]) -> Stored:
    """All of it, in three questions."""
    owners = "asked CROSS JOIN origin o ON o.name = asked.column1"
    asked = [(record.origin,) for record in records]
    owned = bulk.look_up(db, "o.name, o.child", owners, asked)
    keys = sorted({(record.origin, record.id) for record in records})  # neighbours one after the other
    found = "asked CROSS JOIN record r ON r.origin = asked.column1 AND r.id = asked.column2"
    rows = bulk.look_up(db, "r.origin, r.id, r.number, r.revision, r.kind", found, keys)
    incidents = kept.read_all(db, [number for *_, number, _, kind in rows if kind == Kind.ALERT])
    known = {(origin, name): (number, revision, kind) for origin, name, number, revision, kind in rows}
    return Stored(dict(owned), known, incidents)


class Merge:
    """One batch from one child. `run` answers; the caller commits. `stored` is of the moment in which `db` is."""

    def __init__(
        self,
        db: sqlite3.Connection,
        child: str,
        child_kind: str | None,
        now_ns: int,
        stored: Stored,
        *,
        sums_up: bool = False,
    ) -> None:
        self._sums_up = sums_up
        self._db = db
        self._run = run_on(db)
        self._index = Index(db)
        self._child = child
        self._child_kind = child_kind
        self._now_ns = now_ns
        self._next_number = 1 + int(db.execute("SELECT coalesce(max(number), 0) FROM record").fetchone()[0])
        self._owners = stored.owners
        self._known = stored.known
        """of what is kept, be it from earlier in this batch"""
        self._stored = stored.incidents
        """as they were before it"""
        self._rows = incoming.Rows(child, now_ns)
        self._up: dict[str | None, list[tuple[Record, bytes]]] = {}

    def run(self, batch: Sequence[Candidate | Refused]) -> list[Answer]:
        answers = [self._one(item) for item in batch]
        self._rows.write(self._db)
        self._index.write()
        for parent, records in self._up.items():
            spool_tables.append_written(self._db, records, parent)
        self._db.execute(
            "INSERT INTO child VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last_seen_ns = excluded.last_seen_ns",
            (self._child, self._now_ns),
        )
        self._db.execute(
            "DELETE FROM rejected WHERE number <= (SELECT max(number) FROM rejected) - ?", (KEEP_REJECTED,)
        )
        return answers

    def _one(self, item: Candidate | Refused) -> Answer:
        if isinstance(item, Refused):
            return self._refused(*item)
        try:
            return Answer(*item.record.key, self._keep(item))
        except (Refusal, RecordError) as refusal:
            return self._refused(item.record.key, str(refusal))

    def _refused(self, key: tuple[str, str, int], reason: str) -> Answer:
        note_rejected(self._db, self._child, key, reason, self._now_ns)
        return Answer(*key, Status.REJECTED, reason)

    def _keep(self, item: Candidate) -> Status:
        record = item.record
        self._check_origin(record.origin)
        if record.kind in baselines.KINDS:
            return baselines.keep(self._run, record, self._child, self._child_kind, self._now_ns)
        onward = orders.admit(self._run, record, self._child, self._child_kind)
        if self._sums_up and record.kind == Kind.HEARTBEAT:
            onward = ""
        old = self._known.get((record.origin, record.id))
        if old is not None and compare(record, old[2], old[1]) is Status.DUPLICATE:
            return Status.DUPLICATE
        number = self._next_number if old is None else old[0]
        if old is None:
            self._next_number += 1
            self._index.record(str(record.kind), +1)
        self._known[record.origin, record.id] = (number, record.revision, str(record.kind))
        stored = self._stored.get(number)
        if item.kept is not None:
            after = item.kept, "new" if stored is None else stored[1]
            self._index.changed(number, stored, after, item.tokens, item.places)
        if record.kind not in STAYING:
            self._index.aged(number, self._now_ns, incident=item.kept is not None)
        self._rows.add(number, item, None if stored is None else stored[0], new=old is None)
        if onward != "":
            self._up.setdefault(onward, []).append((record, item.whole))
        return Status.STORED

    def _check_origin(self, origin: str) -> None:
        """An origin belongs to the child it first came through; a sensor speaks for itself only."""
        if self._child_kind == "sensor" and origin != self._child:
            raise Refusal(f"origin_not_under_child: the credential is for sensor {self._child}")
        if origin not in self._owners:
            self._bind(origin)
        if self._owners[origin] != self._child:
            raise Refusal("origin_not_under_child: another child reports for this origin")

    def _bind(self, origin: str) -> None:
        held = self._db.execute("SELECT count(*) FROM origin WHERE child = ?", (self._child,)).fetchone()[0]
        if held >= MAX_ORIGINS_PER_CHILD:
            raise Refusal(f"too_many_origins: a child speaks for at most {MAX_ORIGINS_PER_CHILD}")
        self._db.execute("INSERT INTO origin VALUES (?, ?)", (origin, self._child))
        self._owners[origin] = self._child


def note_rejected(db: sqlite3.Connection, child: str, key: tuple[str, str, int], reason: str, now_ns: int) -> None:
    """Remember a refusal, for the page of dead letters."""
    db.execute(
        "INSERT INTO rejected (child, origin, id, revision, reason, at_ns) VALUES (?, ?, ?, ?, ?, ?)",
        (child, *key, reason, now_ns),
    )
