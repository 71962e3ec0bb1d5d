"""The rows of one batch, table by table: what SQLite takes at once costs a third of what it takes one by one."""

from __future__ import annotations

import sqlite3
from typing import Any

from console.store import bulk, history, receipts, stations, stories
from console.store.admission import KEEP_REVISIONS, bounded_sum
from console.store.candidate import Candidate
from console.store.kept import Kept
from sensor.schema import Asset, Heartbeat, Link, Receipt, Record, Story


class Rows:
    """Gathered while a batch is judged, written before its commit. Of a record that comes twice the last one counts."""

    def __init__(self, child: str, now_ns: int) -> None:
        self._child = child
        self._now_ns = now_ns
        self._new: dict[int, tuple[Any, ...]] = {}
        self._newer: dict[int, tuple[Any, ...]] = {}
        self._incidents: dict[int, tuple[Kept | None, Kept]] = {}
        self._revisions: list[tuple[Any, ...]] = []
        self._stations: list[tuple[int, Record, Asset | Link]] = []
        self._beats: dict[str, tuple[Any, ...]] = {}
        self._receipts: dict[int, Receipt] = {}
        self._stories: dict[int, Story] = {}

    def add(self, number: int, item: Candidate, stored: Kept | None, *, new: bool) -> None:
        """`stored`: the incident as it was before this batch."""
        record, body = item.record, item.body
        row = (record.revision, self._child, record.tenant, record.segment, self._now_ns, item.whole)
        if new:
            self._new[number] = (number, record.origin, record.id, str(record.kind), *row)
        elif number in self._new:
            self._new[number] = (*self._new[number][:4], *row)
        else:
            self._newer[number] = (number, *row)
        if (kept := item.kept) is not None:
            self._incidents[number] = (stored, kept)
            self._revisions.append(
                (number, record.revision, self._now_ns, kept.hits, kept.last_ns, kept.outcome, kept.state)
            )
        elif isinstance(body, Asset | Link):
            self._stations.append((number, record, body))
        elif isinstance(body, Receipt):
            self._receipts[number] = body
        elif isinstance(body, Story):
            self._stories[number] = body
        elif isinstance(body, Heartbeat):
            self._beats[record.origin] = (record.origin, self._child, number, self._now_ns, *figures_of(body))

    def write(self, db: sqlite3.Connection) -> None:
        bulk.insert(
            db,
            "INTO record (number, origin, id, kind, revision, child, tenant, segment, received_ns, whole)",
            list(self._new.values()),
        )
        columns = ("revision", "child", "tenant", "segment", "received_ns", "whole")
        bulk.update(db, "record", columns, list(self._newer.values()))
        self._write_incidents(db)
        self._write_revisions(db)
        for number, record, body in self._stations:
            stations.write(db, number, self._child, record, body, self._now_ns)
        receipts.write(db, self._receipts)
        for number, story in self._stories.items():
            stories.write(db, number, self._child, story)
        bulk.insert(db, "OR REPLACE INTO heartbeat", list(self._beats.values()))

    def _write_incidents(self, db: sqlite3.Connection) -> None:
        came, went_on, changed = list[Any](), list[Any](), list[Any]()
        for number, (before, after) in self._incidents.items():
            if before is None:
                came.append((number, *after))
            elif _went_on(before, after):
                went_on.append((number, after.last_ns, after.hits, after.outcome, after.state))
            else:
                changed.append((number, *after))
        bulk.insert(db, "INTO incident", came)
        # Leaves the indices alone that have none of these columns.
        bulk.update(db, "incident", ("last_ns", "count", "outcome", "state"), went_on)
        bulk.insert(db, "OR REPLACE INTO incident", changed)

    def _write_revisions(self, db: sqlite3.Connection) -> None:
        bulk.insert(db, "INTO revision", self._revisions)
        full = {row[0] for row in self._revisions if row[1] > KEEP_REVISIONS}  # fewer cannot have come before it
        history.keep_newest(db, "revision", full, KEEP_REVISIONS)


def _went_on(before: Kept, after: Kept) -> bool:
    """Whether a revision says no more than that it happened again, or is over."""
    told = before._replace(last_ns=after.last_ns, hits=after.hits, outcome=after.outcome, state=after.state)
    return told == after


SUM = 2
"""stands in the column `baseline` where one heartbeat is that of many sensors"""


def figures_of(beat: Heartbeat) -> tuple[int, ...]:
    """What is summed up over sensors: the last columns of table `heartbeat`, in their order."""
    ledger = beat.ledger
    return (
        ledger.received, ledger.parsed, bounded_sum(ledger.skipped.values()), bounded_sum(ledger.lost.values()),
        ledger.held, SUM if beat.below is not None else int(beat.baseline is not None),
    )  # fmt: skip
