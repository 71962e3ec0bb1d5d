"""The embedded store: one SQLite file, one writer, readers that cannot write."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from console.store import NO_FILTER, StoreError, StoreFull, counts, figures, kept, migrations, queries, schema
from console.store.index import Index
from console.store.merge import Merge, note_rejected
from console.store.rows import (
    Answer,
    AssetRow,
    ChildRow,
    Count,
    CountBy,
    DeadLetter,
    Found,
    Incident,
    IncidentFilter,
    IncidentRow,
    Page,
    Revision,
    SensorRow,
    Totals,
    Workflow,
    WorkflowStep,
)
from federation import spool_tables
from federation.database import DatabaseError, DatabaseFull, open_reader, open_writer, transaction
from sensor.schema import Key, Record

log = logging.getLogger(__name__)

IDLE_READERS = 8


class SqliteStore:
    """Implements `console.store.Store`."""

    def __init__(
        self,
        path: Path,
        *,
        parents: Sequence[str] = (),
        zone: str = "Asia/Shanghai",
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.path = path
        self._clock_ns = clock_ns
        self._lock = threading.Lock()
        self._known_words: set[str] = set()
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(IDLE_READERS)
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise StoreError(f"{zone!r} is not a time zone; use a name like Asia/Shanghai") from None
        try:
            self._writer = open_writer(path)
        except DatabaseError as error:
            raise _store_error(error) from None
        try:
            with self._write() as db:
                schema.create(db)
            self._upgrade()
            with self._write() as db:
                spool_tables.add_parents(db, parents)
        except ValueError as error:
            self._writer.close()
            raise StoreError(f"{path}: {error}; start that version, or use another folder") from None
        except StoreError:
            self._writer.close()
            raise

    def _upgrade(self) -> None:
        """Work out what this version keeps beside the records of an earlier one: see `migrations`."""
        with self._read() as db:
            if not migrations.pending(db):
                return
        said = 0
        percent = 0
        while percent < 100:
            with self._write() as db:
                percent = migrations.finish(db)
            if percent >= said:
                log.warning("%s: bringing the store to version %d, %d %%", self.path, migrations.VERSION, percent)
                said = percent + 5

    def merge(self, records: Sequence[Record], via_child: str) -> list[Answer]:
        with self._write() as db:
            return Merge(db, via_child, self._clock_ns(), self._known_words).run(records)

    def incidents(
        self, where: IncidentFilter = NO_FILTER, limit: int = 50, cursor: str | None = None
    ) -> Page[IncidentRow]:
        with self._read() as db:
            return queries.incidents(db, where, limit, cursor)

    def incident_count(self, where: IncidentFilter = NO_FILTER) -> Found:
        with self._read() as db:
            return queries.incident_count(db, where)

    def incident(self, origin: str, record_id: str) -> Incident | None:
        with self._read() as db:
            found = db.execute(
                f"SELECT {queries.ROW_COLUMNS}, i.number, r.whole FROM {queries.ROW_TABLES}"
                " WHERE r.origin = ? AND r.id = ?",
                (origin, record_id),
            ).fetchone()
            if found is None:
                return None
            revisions = db.execute(
                "SELECT revision, received_ns, count, last_ns, outcome, state FROM revision"
                " WHERE number = ? ORDER BY revision DESC",
                (found[-2],),
            )
            steps = db.execute(
                "SELECT at_ns, by, before, after, note FROM step WHERE number = ? ORDER BY step", found[-2:-1]
            )
            return Incident(
                row=queries.read_row(found[:-2]),
                record=Record.from_bytes(found[-1]),
                revisions=tuple(Revision(*row) for row in revisions),
                steps=tuple(WorkflowStep(row[0], row[1], Workflow(row[2]), Workflow(row[3]), row[4]) for row in steps),
            )

    def set_workflow(self, origin: str, record_id: str, after: Workflow, by: str, note: str = "") -> WorkflowStep:
        with self._write() as db:
            row = db.execute(
                f"SELECT i.number, coalesce(d.workflow, 'new') FROM {queries.ROW_TABLES}"
                " WHERE r.origin = ? AND r.id = ?",
                (origin, record_id),
            ).fetchone()
            if row is None:
                raise KeyError((origin, record_id))
            step = WorkflowStep(self._clock_ns(), by, Workflow(row[1]), Workflow(after), note)
            before = kept.read(db, row[0])
            assert before is not None
            index = Index(db, self._known_words)
            index.changed(row[0], before, (before[0], str(step.after)))
            index.aged(row[0], step.at_ns, incident=True)
            index.write()
            db.execute("INSERT OR REPLACE INTO decision VALUES (?, ?)", (row[0], str(step.after)))
            db.execute(
                "INSERT INTO step (number, at_ns, by, before, after, note) VALUES (?, ?, ?, ?, ?, ?)",
                (row[0], step.at_ns, by, str(step.before), str(step.after), note),
            )
            return step

    def counts(self, by: CountBy, where: IncidentFilter = NO_FILTER) -> list[Count]:
        with self._read() as db:
            return counts.counts(db, CountBy(by), where, self._zone)

    def assets(self, child: str | None = None, limit: int = 200, cursor: str | None = None) -> Page[AssetRow]:
        with self._read() as db:
            return figures.assets(db, child, limit, cursor)

    def sensors(self, child: str | None = None) -> list[SensorRow]:
        with self._read() as db:
            return figures.sensors(db, child)

    def children(self) -> list[ChildRow]:
        with self._read() as db:
            return figures.children(db)

    def dead_letters(self, limit: int = 200) -> list[DeadLetter]:
        with self._read() as db:
            return figures.dead_letters(db, limit)

    def note_rejected(self, answers: Sequence[Answer], via_child: str) -> None:
        with self._write() as db:
            for answer in answers:
                key = (answer.origin, answer.id, answer.revision)
                note_rejected(db, via_child, key, answer.reason, self._clock_ns())

    def totals(self) -> Totals:
        with self._read() as db:
            return figures.totals(db)

    def latest(self) -> set[Key]:
        with self._read() as db:
            return {(row[0], row[1], row[2]) for row in db.execute("SELECT origin, id, revision FROM record")}

    def release_origin(self, origin: str) -> bool:
        with self._write() as db:
            return db.execute("DELETE FROM origin WHERE name = ?", (origin,)).rowcount > 0

    def close(self) -> None:
        with self._lock:
            self._writer.close()
        while True:
            try:
                self._readers.get_nowait().close()
            except queue.Empty:
                return

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            done = False
            try:
                with transaction(self._writer, self.path) as db:
                    yield db
                done = True
            except DatabaseError as error:
                raise _store_error(error) from None
            finally:
                if not done:  # what was not committed is not known to be written
                    self._known_words.clear()

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        try:
            try:
                reader = self._readers.get_nowait()
            except queue.Empty:
                reader = open_reader(self.path)
            try:
                with transaction(reader, self.path, immediate=False) as db:
                    yield db
            finally:
                try:
                    self._readers.put_nowait(reader)
                except queue.Full:
                    reader.close()
        except DatabaseError as error:
            raise _store_error(error) from None


def _store_error(error: DatabaseError) -> StoreError:
    return StoreFull(str(error)) if isinstance(error, DatabaseFull) else StoreError(str(error))
