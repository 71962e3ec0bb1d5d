"""Reading an embedded store from end to end. Its file is locked meanwhile: no console takes anything in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from console.store import StoreError, damage, facts, health, migrations, retention
from console.store.moving.rows import HEARD, RECORD, Batch, Place, Row, heard_row, record_row
from console.store.moving.sides import FACTS, RETENTION
from console.store.moving.tables import Tables
from federation.database import DatabaseError, explain, open_reader
from sensor.schema import Kind

AT_ONCE, AT_ONCE_BYTES = 2000, 4 * 2**20
REMEMBERED = (health.REMARKS, health.READ_DAMAGE)
"""facts: what a person has to read, and what a person has read"""


@contextmanager
def open_source(path: Path) -> Iterator[SqliteSource]:
    """The store in this file, of which nobody else has a hold until the end of the block.

    Raises:
        StoreError: there is none, a console is running on it, or it is of another version.
    """
    if not path.is_file():
        raise StoreError(f"{path}: there is no store here")
    try:
        with damage.alone(path), closing(open_reader(path)) as db:
            check_version(db, path)
            yield SqliteSource(db, path)
    except damage.InUse as error:
        raise StoreError(str(error)) from None
    except sqlite3.Error as error:
        raise StoreError(str(explain(error, path))) from None
    except DatabaseError as error:
        raise StoreError(str(error)) from None


def check_version(db: sqlite3.Connection, path: Path) -> None:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > migrations.VERSION:
        raise StoreError(
            f"{path}: was written by a newer Otus (store version {version}, this one reads {migrations.VERSION})"
        )
    if version < 1:
        raise StoreError(f"{path}: is no store of a console")
    if version < migrations.VERSION or migrations.pending(db):
        raise StoreError(f"{path}: is of store version {version}; start a console once to upgrade it")


class SqliteSource:
    """Implements `sides.Source`, also for a half-finished target that is read back."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self.name = str(path)
        self.identity = f"sqlite:{path.resolve()}"

    def mark(self) -> str:
        last = self._db.execute("SELECT (SELECT max(number) FROM record), (SELECT max(step) FROM step)").fetchone()
        known = [facts.fact(self._db, name) for name in (retention.EXPIRED, *REMEMBERED)]
        return f"{Tables(self._run, in_registry=False).mark()} {json.dumps([*last, *known])}"

    def expected(self) -> int:
        kinds = self._db.execute("SELECT coalesce(sum(incidents), 0) FROM tally WHERE dimension = 'kind'")
        return int(kinds.fetchone()[0])

    def batches(self, place: Place) -> Iterator[Batch]:
        part = place[0] if place else RECORD
        if part == RECORD:
            yield from self._records(place[1] if place else 0)
        if part in (RECORD, HEARD):
            yield from self._heard(place[1] if part == HEARD else "")
        if part in (RETENTION, FACTS):
            return
        yield from Tables(self._run, in_registry=False).batches(place)
        yield self._facts()

    def _records(self, last: int) -> Iterator[Batch]:
        while True:
            found: list[Any] = []
            room = AT_ONCE_BYTES
            for row in self._db.execute(
                "SELECT r.number, r.kind, r.whole, r.child, r.received_ns, a.at_ns, d.workflow FROM record r"
                " LEFT JOIN age a USING (number) LEFT JOIN decision d USING (number)"
                " WHERE r.number > ? ORDER BY r.number LIMIT ?",
                (last, AT_ONCE),
            ):
                found.append(row)
                room -= len(row[2])
                if room < 0:
                    break
            if not found:
                return
            first, last = found[0][0], found[-1][0]
            revisions = self._of(
                "SELECT number, revision, received_ns, count, last_ns, outcome, state FROM revision"
                " WHERE number BETWEEN ? AND ? ORDER BY number, revision DESC", first, last,
            )  # fmt: skip
            revisions |= self._of(
                "SELECT number, revision, received_ns, body FROM asset_revision WHERE number BETWEEN ? AND ?"
                " ORDER BY number, revision DESC", first, last,
            )  # fmt: skip
            steps = self._of(
                "SELECT number, at_ns, by, before, after, note FROM step WHERE number BETWEEN ? AND ?"
                " ORDER BY number, step", first, last,
            )  # fmt: skip
            rows = [
                record_row(
                    kind, whole.decode(), child, received_ns, touched_ns,
                    (workflow or "new") if kind == Kind.ALERT else None, revisions.get(number), steps.get(number),
                )
                for number, kind, whole, child, received_ns, touched_ns, workflow in found
            ]  # fmt: skip
            yield Batch(rows, [RECORD, last])

    def _of(self, statement: str, first: int, last: int) -> dict[int, list[list[Any]]]:
        rows = self._db.execute(statement, (first, last))
        return {number: [list(row[1:]) for row in group] for number, group in groupby(rows, lambda row: row[0])}

    def _heard(self, after: str) -> Iterator[Batch]:
        while True:
            found = self._db.execute(
                "SELECT h.origin, r.id, h.child, h.received_ns, r.whole FROM heartbeat h JOIN record r USING (number)"
                " WHERE h.origin > ? ORDER BY h.origin LIMIT ?",
                (after, AT_ONCE),
            ).fetchall()
            if not found:
                return
            after = found[-1][0]
            rows = [
                heard_row(origin, record_id, child, received_ns, whole.decode())
                for origin, record_id, child, received_ns, whole in found
            ]
            yield Batch(rows, [HEARD, after])

    def _facts(self) -> Batch:
        """What retention proved last, and what a person has read or has still to read."""
        rows = []
        last = facts.fact(self._db, retention.EXPIRED)
        if last is not None:
            rows.append(Row(RETENTION, (json.dumps(last, sort_keys=True),)))
        for name in REMEMBERED:
            known = facts.fact(self._db, name)
            if known:
                rows.append(Row(FACTS, (name, json.dumps(known, sort_keys=True, ensure_ascii=False))))
        return Batch(rows, [FACTS])

    def _run(self, statement: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        return self._db.execute(statement, values).fetchall()
