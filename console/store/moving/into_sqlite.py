"""Writing an embedded store from what another one holds. It becomes the store when it was compared, never before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from console.store import StoreError, StoreFull, damage, facts, kept, receipts, retention, schema, stations, stories
from console.store.admission import read_body
from console.store.backup import settle
from console.store.incoming import figures_of
from console.store.index import Index
from console.store.moving.from_sqlite import SqliteSource, check_version
from console.store.moving.rows import HEARD, RECORD, Row
from console.store.moving.sides import FACTS, RETENTION, Source, State
from console.store.moving.tables import COUNTERS, ORDERS, QUEUE, STANDING, Tables
from federation.database import DatabaseError, DatabaseFull, explain, open_writer, quoted, transaction
from sensor.schema import Alert, Asset, Link, Receipt, Record, Story

MOVING = "moving"
"""the fact: how far the move is, in the same transaction as what it moved"""


@contextmanager
def open_target(path: Path) -> Iterator[SqliteTarget]:
    """A store to be made at this place. It grows beside it, as `<name>.moving`.

    Raises:
        StoreError: there is one already, somebody else is at it, or nothing can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with damage.alone(path):
            for there in (path, path.with_name(path.name + "-wal")):
                if there.exists():
                    raise StoreError(f"{there}: there is a store already; move it away, or choose another place")
            part = path.with_name(path.name + ".moving")
            with closing(_open(part)) as db:
                yield SqliteTarget(db, part, path)
    except damage.InUse:
        raise StoreError(f"{path}: is in use by a running console or another move; stop it first") from None
    except DatabaseFull as error:
        raise StoreFull(f"{error}; then give the same command again, it goes on from there") from None
    except DatabaseError as error:
        raise StoreError(str(error)) from None
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from None


def _open(part: Path) -> sqlite3.Connection:
    if part.exists():
        with closing(sqlite3.connect(f"file:{quoted(part)}?mode=ro", uri=True)) as there:
            if _tables(there):
                check_version(there, part)
    else:
        part.touch(mode=0o600)
    db = open_writer(part)
    try:
        with transaction(db, part):
            schema.create(db)
    except BaseException:
        db.close()
        raise
    return db


def _tables(db: sqlite3.Connection) -> int:
    try:
        return int(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0  # `open_writer` says what is wrong with it


class SqliteTarget:
    """Implements `sides.Target`."""

    keeps = frozenset({FACTS, RETENTION, *(table.part for table in (*STANDING, *ORDERS, *QUEUE, COUNTERS))})

    def __init__(self, db: sqlite3.Connection, part: Path, path: Path) -> None:
        self._db = db
        self._part = part
        self._path = path
        self.name = str(path)

    def state(self) -> State | None:
        found = facts.fact(self._db, MOVING)
        return None if found is None else State.from_json(found)

    def clear(self) -> None:
        self._db.close()
        for name in ("", "-wal", "-shm"):
            self._part.with_name(self._part.name + name).unlink(missing_ok=True)
        self._db = _open(self._part)

    def put(self, rows: Sequence[Row], state: State) -> None:
        with transaction(self._db, self._part) as db:
            index = Index(db)
            for row in rows:
                self._put(index, row)
            index.write()
            facts.set_fact(db, MOVING, state.to_json())

    def _put(self, index: Index, row: Row) -> None:
        if row.part.startswith(RECORD):
            self._put_record(index, *row.said)
        elif row.part == HEARD:
            self._put_heard(row)
        elif row.part == RETENTION:
            facts.set_fact(self._db, retention.EXPIRED, json.loads(row.said[0]))
        elif row.part == FACTS:
            facts.set_fact(self._db, row.said[0], json.loads(row.said[1]))
        else:
            Tables(self._run, in_registry=False).write(row)

    def _put_record(
        self, index: Index, whole: str, child: str, received_ns: int, touched_ns: int | None, workflow: str | None,
        revisions: list[list[Any]], steps: list[list[Any]],
    ) -> None:  # fmt: skip
        record = Record.from_bytes(whole.encode())
        body = read_body(record)
        number = int(
            self._db.execute(
                "INSERT INTO record (origin, id, kind, revision, child, tenant, segment, received_ns, whole)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
                (
                    record.origin, record.id, str(record.kind), record.revision, child, record.tenant, record.segment,
                    received_ns, whole.encode(),
                ),
            ).fetchone()[0]
        )  # fmt: skip
        index.record(str(record.kind), +1)
        if touched_ns is not None:
            index.aged(number, touched_ns, incident=isinstance(body, Alert))
        if isinstance(body, Alert):
            after = kept.of_alert(child, record, body)
            index.changed(number, None, (after, workflow or "new"))
            self._many("incident", [(number, *after)])
            self._many("revision", [(number, *mark) for mark in revisions])
            self._many("decision", [(number, workflow)] if steps or workflow != "new" else [])
            self._db.executemany(
                "INSERT INTO step (number, at_ns, by, before, after, note) VALUES (?, ?, ?, ?, ?, ?)",
                [(number, *step) for step in steps],
            )
        elif isinstance(body, Asset | Link):
            stations.write(self._db, number, child, record, body, received_ns)
            self._db.execute("DELETE FROM asset_revision WHERE number = ?", (number,))
            self._many("asset_revision", [(number, *mark) for mark in revisions])

        elif isinstance(body, Receipt):
            receipts.write(self._db, {number: body})
        elif isinstance(body, Story):
            stories.write(self._db, number, child, body)

    def _many(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            self._db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)

    def _put_heard(self, row: Row) -> None:
        origin, record_id, child, received_ns = row.said
        beat = Record.from_bytes(row.whole.encode()).heartbeat()
        self._db.execute(
            "INSERT INTO heartbeat SELECT ?, ?, number, ?, ?, ?, ?, ?, ?, ? FROM record WHERE origin = ? AND id = ?",
            (origin, child, received_ns, *figures_of(beat), origin, record_id),
        )

    def source(self) -> Source:
        return SqliteSource(self._db, self._part)

    def settle(self) -> None:
        with transaction(self._db, self._part) as db:
            Tables(self._run, in_registry=False).settle()
            facts.set_fact(db, MOVING, None)
        try:
            self._db.execute("PRAGMA journal_mode=DELETE").fetchall()  # one file, complete without a log beside it
        except sqlite3.Error as error:
            raise explain(error, self._part) from None
        self._db.close()
        settle(self._part, self._path)

    def _run(self, statement: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        return self._db.execute(statement, values).fetchall()
