"""Taking records in: one record at a time, inside the transaction of its batch."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from console.store import kept, stations
from console.store.admission import (
    KEEP_REJECTED,
    KEEP_REVISIONS,
    MAX_ORIGINS_PER_CHILD,
    Refusal,
    bounded_sum,
    check_size,
    compare,
    read_body,
)
from console.store.index import Index
from console.store.migrations import STAYING
from console.store.rows import Answer, Status
from federation import spool_tables
from sensor.schema import Alert, Asset, Heartbeat, Link, Record, RecordError


class Merge:
    """One batch from one child. `run` answers; the caller commits."""

    def __init__(
        self, db: sqlite3.Connection, child: str, child_kind: str | None, now_ns: int, known_texts: set[str]
    ) -> None:
        self._db = db
        self._index = Index(db, known_texts)
        self._child = child
        self._child_kind = child_kind
        self._now_ns = now_ns
        self._bound: dict[str, str] = {}
        self._up: list[Record] = []

    def run(self, records: Sequence[Record]) -> list[Answer]:
        answers = [self._one(record) for record in records]
        self._index.write()
        spool_tables.append(self._db, self._up)
        self._db.execute(
            "INSERT INTO child VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last_seen_ns = excluded.last_seen_ns",
            (self._child, self._now_ns),
        )
        self._db.execute(
            "DELETE FROM rejected WHERE number <= (SELECT max(number) FROM rejected) - ?", (KEEP_REJECTED,)
        )
        return answers

    def _one(self, record: Record) -> Answer:
        try:
            status = self._keep(record.via(self._child))
            return Answer(*record.key, status)
        except (Refusal, RecordError) as refusal:
            reason = str(refusal)
            note_rejected(self._db, self._child, record.key, reason, self._now_ns)
            return Answer(*record.key, Status.REJECTED, reason)

    def _keep(self, record: Record) -> Status:
        whole = record.to_bytes()
        check_size(record, whole)
        self._check_origin(record.origin)
        old = self._db.execute(
            "SELECT number, revision, kind FROM record WHERE origin = ? AND id = ?", (record.origin, record.id)
        ).fetchone()
        if old is not None and compare(record, old[2], old[1]) is Status.DUPLICATE:
            return Status.DUPLICATE
        body = read_body(record)
        number = self._write_record(record, whole, None if old is None else old[0])
        if old is None:
            self._index.record(str(record.kind), +1)
        if record.kind not in STAYING:
            self._index.aged(number, self._now_ns, incident=isinstance(body, Alert))
        if isinstance(body, Alert):
            self._write_incident(number, record, body)
        elif isinstance(body, Asset | Link):
            stations.write(self._db, number, self._child, record, body, self._now_ns)
        elif isinstance(body, Heartbeat):
            self._write_heartbeat(number, record, body)
        self._up.append(record)
        return Status.STORED

    def _check_origin(self, origin: str) -> None:
        """An origin belongs to the child it first came through; a sensor speaks for itself only."""
        if self._child_kind == "sensor" and origin != self._child:
            raise Refusal(f"origin_not_under_child: the credential is for sensor {self._child}")
        owner = self._bound.get(origin)
        if owner is None:
            row = self._db.execute("SELECT child FROM origin WHERE name = ?", (origin,)).fetchone()
            if row is None:
                self._bind(origin)
                owner = self._child
            else:
                owner = str(row[0])
            self._bound[origin] = owner
        if owner != self._child:
            raise Refusal("origin_not_under_child: another child reports for this origin")

    def _bind(self, origin: str) -> None:
        held = self._db.execute("SELECT count(*) FROM origin WHERE child = ?", (self._child,)).fetchone()[0]
        if held >= MAX_ORIGINS_PER_CHILD:
            raise Refusal(f"too_many_origins: a child speaks for at most {MAX_ORIGINS_PER_CHILD}")
        self._db.execute("INSERT INTO origin VALUES (?, ?)", (origin, self._child))

    def _write_record(self, record: Record, whole: bytes, number: int | None) -> int:
        if number is None:
            return int(
                self._db.execute(
                    "INSERT INTO record (origin, id, kind, revision, child, tenant, segment, received_ns, whole)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
                    (
                        record.origin, record.id, str(record.kind), record.revision, self._child, record.tenant,
                        record.segment, self._now_ns, whole,
                    ),
                ).fetchone()[0]
            )  # fmt: skip
        self._db.execute(
            "UPDATE record SET revision = ?, child = ?, tenant = ?, segment = ?, received_ns = ?, whole = ?"
            " WHERE number = ?",
            (record.revision, self._child, record.tenant, record.segment, self._now_ns, whole, number),
        )
        return number

    def _write_incident(self, number: int, record: Record, alert: Alert) -> None:
        before = kept.read(self._db, number)
        after = kept.of_alert(number, self._child, record, alert)
        self._index.changed(number, before, (after, "new" if before is None else before[1]))
        self._db.execute(f"INSERT OR REPLACE INTO incident VALUES ({kept.PLACES})", after)
        if before is None or before[0].technique != after.technique:
            self._db.execute("DELETE FROM technique WHERE number = ?", (number,))
            self._db.executemany("INSERT INTO technique VALUES (?, ?)", [(name, number) for name in after.techniques])
        self._db.execute(
            "INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                number, record.revision, self._now_ns, alert.count, alert.last_ns, str(alert.outcome), str(alert.state)
            ),
        )  # fmt: skip
        self._db.execute(
            "DELETE FROM revision WHERE number = ? AND revision <= (SELECT revision FROM revision WHERE number = ?"
            " ORDER BY revision DESC LIMIT 1 OFFSET ?)",
            (number, number, KEEP_REVISIONS),
        )

    def _write_heartbeat(self, number: int, record: Record, beat: Heartbeat) -> None:
        ledger = beat.ledger
        self._db.execute(
            "INSERT OR REPLACE INTO heartbeat VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record.origin, self._child, number, self._now_ns, ledger.received, ledger.parsed,
                bounded_sum(ledger.skipped.values()), bounded_sum(ledger.lost.values()),
            ),
        )  # fmt: skip


def note_rejected(db: sqlite3.Connection, child: str, key: tuple[str, str, int], reason: str, now_ns: int) -> None:
    """Remember a refusal, for the page of dead letters."""
    db.execute(
        "INSERT INTO rejected (child, origin, id, revision, reason, at_ns) VALUES (?, ?, ?, ?, ?, ?)",
        (child, *key, reason, now_ns),
    )
