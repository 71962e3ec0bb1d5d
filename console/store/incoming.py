"""The rows of one batch, table by table: what SQLite takes at once costs a third of what it takes one by one."""

from __future__ import annotations

import sqlite3
from typing import Any

from console.store import bulk, history, receipts, stations, stories
from console.store.admission import KEEP_REVISIONS, bounded_sum
from console.store.candidate import Candidate
from console.store.kept import Kept
from sensor.schema import Alert, Asset, Heartbeat, Link, Receipt, Record, Story


class Rows:
    """Gathered while a batch is judged, written before its commit. Of a record that comes twice the last one counts."""

    def __init__(self, child: str, now_ns: int) -> None:
        self._child = child
        self._now_ns = now_ns
        self._new: dict[int, tuple[Any, ...]] = {}
        self._newer: dict[int, tuple[Any, ...]] = {}
        self._incidents: dict[int, Kept] = {}
        self._techniques: dict[int, tuple[str, ...]] = {}
        self._without: set[int] = set()
        self._revisions: list[tuple[Any, ...]] = []
        self._stations: list[tuple[int, Record, Asset | Link]] = []
        self._beats: dict[str, tuple[Any, ...]] = {}
        self._receipts: dict[int, Receipt] = {}
        self._stories: dict[int, Story] = {}

    def add(self, number: int, item: Candidate, *, new: bool) -> None:
        record, body = item.record, item.body
        row = (record.revision, self._child, record.tenant, record.segment, self._now_ns, item.whole)
        if new:
            self._new[number] = (number, record.origin, record.id, str(record.kind), *row)
        elif number in self._new:
            self._new[number] = (*self._new[number][:4], *row)
        else:
            self._newer[number] = (*row, number)
        if isinstance(body, Alert):
            assert item.kept is not None
            self._incidents[number] = item.kept
            self._revisions.append(
                (
                    number, record.revision, self._now_ns, body.count, body.last_ns, str(body.outcome),
                    str(body.state),
                )
            )  # fmt: skip
        elif isinstance(body, Asset | Link):
            self._stations.append((number, record, body))
        elif isinstance(body, Receipt):
            self._receipts[number] = body
        elif isinstance(body, Story):
            self._stories[number] = body
        elif isinstance(body, Heartbeat):
            self._beats[record.origin] = (record.origin, self._child, number, self._now_ns, *figures_of(body))

    def techniques(self, number: int, before: Kept | None, after: Kept) -> None:
        """Under which techniques an incident is found."""
        if before is not None and before.technique == after.technique:
            return
        self._techniques[number] = after.techniques
        if before is not None:
            self._without.add(number)

    def write(self, db: sqlite3.Connection) -> None:
        bulk.insert(
            db,
            "INTO record (number, origin, id, kind, revision, child, tenant, segment, received_ns, whole)",
            list(self._new.values()),
        )
        db.executemany(
            "UPDATE record SET revision = ?, child = ?, tenant = ?, segment = ?, received_ns = ?, whole = ?"
            " WHERE number = ?",
            self._newer.values(),
        )
        bulk.insert(db, "OR REPLACE INTO incident", [(number, *row) for number, row in self._incidents.items()])
        db.executemany("DELETE FROM technique WHERE number = ?", [(number,) for number in self._without])
        names = sorted((name, number) for number, names in self._techniques.items() for name in names)
        bulk.insert(db, "INTO technique", names)
        self._write_revisions(db)
        for number, record, body in self._stations:
            stations.write(db, number, self._child, record, body, self._now_ns)
        receipts.write(db, self._receipts)
        for number, story in self._stories.items():
            stories.write(db, number, self._child, story)
        bulk.insert(db, "OR REPLACE INTO heartbeat", list(self._beats.values()))

    def _write_revisions(self, db: sqlite3.Connection) -> None:
        bulk.insert(db, "INTO revision", self._revisions)
        full = {row[0] for row in self._revisions if row[1] > KEEP_REVISIONS}  # fewer cannot have come before it
        history.keep_newest(db, "revision", full, KEEP_REVISIONS)


SUM = 2
"""stands in the column `baseline` where one heartbeat is that of many sensors"""


def figures_of(beat: Heartbeat) -> tuple[int, ...]:
    """What is summed up over sensors: the last columns of table `heartbeat`, in their order."""
    ledger = beat.ledger
    return (
        ledger.received, ledger.parsed, bounded_sum(ledger.skipped.values()), bounded_sum(ledger.lost.values()),
        ledger.held, SUM if beat.below is not None else int(beat.baseline is not None),
    )  # fmt: skip
