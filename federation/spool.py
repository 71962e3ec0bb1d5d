"""The queue on disk between a node and its parents: what was appended is kept until every parent answered for it.

`federation.queue` says what a queue does; this one is a file."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from federation import spool_schema as schema
from federation import spool_tables as tables
from federation.database import DatabaseError, DatabaseFull, open_writer, transaction
from federation.queue import (
    BATCH_BYTES,
    BATCH_RECORDS,
    RECORD_BYTES,
    DeadRow,
    ParentState,
    Queued,
    QueueError,
    QueueFull,
    Verdict,
)
from federation.reserve import Reserve
from sensor.schema import LEVELS, Key, Record, RecordError

log = logging.getLogger(__name__)


class SpoolError(QueueError):
    """The spool cannot be used; the message is one line that says what to do."""


class SpoolFull(SpoolError, QueueFull):
    """There is no room, on the disk or in the spool's share. Nothing of this call was kept, all before it is."""


_RANK_NAMES = {level.rank: str(level) for level in LEVELS} | {
    schema.ASSET_RANK: "asset",
    schema.HEARTBEAT_RANK: "heartbeat",
}


class Spool:
    """Implements `federation.queue.Queue`. Safe to use from many threads.

    With `may_drop` (a sensor) records beyond `max_mb` are given up unsent, least severe first, and counted. Without it
    (a console) `append` raises SpoolFull instead: what a console holds was acknowledged to somebody.
    """

    def __init__(
        self,
        path: Path,
        parents: Sequence[str],
        *,
        max_mb: int = 1024,
        may_drop: bool = True,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Open or make the spool. A parent that is new in the list is owed everything that still waits; one that left
        the list is owed nothing more, which is logged.

        Raises:
            SpoolError: the file is damaged, cannot be written, or was made by a newer version.
        """
        self.path = path
        self.parents = tuple(parents)
        self._max_bytes = max_mb * 2**20
        self._may_drop = may_drop
        self._clock_ns = clock_ns
        self._lock = threading.Lock()
        try:
            self._db = open_writer(path)
        except DatabaseError as error:
            raise _spool_error(error) from None
        try:
            with self._write() as db:
                schema.create(db)
                tables.add_parents(db, self.parents)
                gone = tables.keep_parents(db, self.parents)
        except ValueError as error:
            self._db.close()
            raise SpoolError(f"{path}: {error}; install that version, or move the file away") from None
        except SpoolError:
            self._db.close()
            raise

        self._reserve = Reserve(path)
        self._reserve.hold()
        for name, waiting in gone.items():
            log.warning("%s is no parent any more: %d records that waited for it are let go", name, waiting)

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._lock:
            try:
                with transaction(self._db, self.path) as db:
                    yield db
            except DatabaseError as error:
                raise _spool_error(error) from None

    def _drain(self, work: Callable[[Connection], None]) -> None:
        """Write what lets the spool become smaller; on a full disk with the room that was kept back for it."""
        try:
            with self._write() as db:
                work(db)
        except SpoolFull:
            if not self._reserve.let_go():
                raise
            log.warning("%s: the disk is full; the reserve is used to write down answers", self.path)
            with self._lock:
                # The log can begin anew once its content found room in the file.
                self._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
            with self._write() as db:
                work(db)
        else:
            self._reserve.hold()

    def append(self, records: Sequence[Record], only: str | None = None) -> int:
        """Queue records; on the disk when this returns. Returns how many were new or newer than what was known. `only`:
        for this parent alone, as an answer is for the one who asked.

        Raises:
            SpoolFull: nothing of this call was kept.
            RecordError: a record cannot be written as JSON, or is larger than a tier takes; nothing was kept.
        """
        for record in records:
            if len(record.to_bytes()) > RECORD_BYTES:
                raise RecordError(f"record {record.origin}/{record.id}: larger than {RECORD_BYTES} bytes")
        with self._write() as db:
            added = tables.append_written(db, ((record, record.to_bytes()) for record in records), only)
            if self._may_drop:
                tables.give_up(db, self._max_bytes)
            elif schema.meta(db, "bytes") > self._max_bytes:
                raise SpoolFull(
                    f"{self.path}: {self._max_bytes // 2**20} MB wait for the parents; is the line up? "
                    f"(spool_max_mb gives the queue more room)"
                )
        return added

    def now_ns(self) -> int:
        return self._clock_ns()

    def take(self, parent: str, limit: int = BATCH_RECORDS, max_bytes: int = BATCH_BYTES) -> list[Queued]:
        with self._read() as db:
            return tables.take(db, parent, limit, max_bytes)

    def answer(self, parent: str, verdicts: Sequence[Verdict]) -> None:
        def work(db: Connection) -> None:
            tables.answer(db, parent, verdicts, self._clock_ns())
            db.execute("UPDATE spool_parent SET failures = 0, retry_at_ns = 0, problem = '' WHERE name = ?", (parent,))

        self._drain(work)

    def defer(self, parent: str, unanswered: Sequence[Queued]) -> None:
        self._drain(lambda db: tables.defer(db, parent, [item.seq for item in unanswered]))

    def failed(self, parent: str, problem: str, retry_at_ns: int) -> ParentState:
        def work(db: Connection) -> None:
            db.execute(
                "UPDATE spool_parent SET failures = failures + 1, retry_at_ns = ?, problem = ? WHERE name = ?",
                (retry_at_ns, problem, parent),
            )

        self._drain(work)
        return self.parent(parent)

    def parent(self, name: str) -> ParentState:
        with self._read() as db:
            row = db.execute(
                "SELECT failures, retry_at_ns, problem, last_answer_ns, answered, refused"
                " FROM spool_parent WHERE name = ?",
                (name,),
            ).fetchone()
        if row is None:
            raise KeyError(name)
        return ParentState(name, *row)

    def pending(self, parent: str) -> int:
        with self._read() as db:
            return int(db.execute("SELECT count(*) FROM spool_pending WHERE parent = ?", (parent,)).fetchone()[0])

    def state(self) -> dict[str, Any]:
        """For the heartbeat: what waits, and what was given up unsent since the spool was made, by level.

        `{"pending": records, "pending_bytes": …, "dropped": {"notice": 3, …}}`
        """
        with self._read() as db:
            pending = db.execute("SELECT count(DISTINCT seq) FROM spool_pending").fetchone()[0]
            dropped = {
                _RANK_NAMES.get(int(key.removeprefix("dropped.")), "other"): int(value)
                for key, value in db.execute("SELECT key, value FROM spool_meta WHERE key LIKE 'dropped.%'")
            }
            return {"pending": int(pending), "pending_bytes": schema.meta(db, "bytes"), "dropped": dropped}

    def latest(self) -> set[Key]:
        """(origin, id, revision) of every record the spool knows, sent or not."""
        with self._read() as db:
            return {(row[0], row[1], row[2]) for row in db.execute("SELECT origin, id, revision FROM spool_record")}

    def dead_letters(self, limit: int = 200) -> list[DeadRow]:
        with self._read() as db:
            rows = db.execute(
                "SELECT number, parent, origin, id, revision, reason, at_ns"
                " FROM spool_dead ORDER BY number DESC LIMIT ?",
                (limit,),
            )
            return [DeadRow(row[0], row[1], (row[2], row[3], row[4]), row[5], row[6]) for row in rows]

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._lock:
            try:
                with transaction(self._db, self.path, immediate=False) as db:
                    yield db
            except DatabaseError as error:
                raise _spool_error(error) from None

    def close(self) -> None:
        with self._lock:
            self._db.close()


def _spool_error(error: DatabaseError) -> SpoolError:
    return SpoolFull(str(error)) if isinstance(error, DatabaseFull) else SpoolError(str(error))


__all__ = [
    "BATCH_BYTES", "BATCH_RECORDS", "RECORD_BYTES", "DeadRow", "ParentState", "Queued", "Spool", "SpoolError",
    "SpoolFull", "Verdict",
]  # fmt: skip
