"""Writing the log back into the file, beside the writer and not in its commits.

SQLite would do it in the commit that made the log too long, while all who want to write wait: a fifth of what keeping a
record costs, for in a large file most pages of a batch are changed by it alone. Here a thread does it while the next
batch is judged and written. What came meanwhile remains, so the log would never begin anew under load: once it is long,
the thread takes the writer's place for that remainder, and only for it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from federation.database import DatabaseError, explain, open_reader

log = logging.getLogger(__name__)

ROWS = 4_000
"""changed since the last time, full text and indices' tables included: about a batch of 500 records"""
LOG_PAGES = 6_000
"""24 MB, of 64 that are kept free on the disk: how long the log becomes before it begins anew"""
PATIENCE_MS = 50
"""How long the writer's place is held for readers that still need the log. Where one does (a backup) it is asked again
once the log is as much longer."""


class WriteBack:
    """`place` is held by whoever writes. The thread is there from the first large batch on."""

    def __init__(self, path: Path, place: threading.Lock) -> None:
        self._path = path
        self._place = place
        self._rows = 0
        self._long_pages = LOG_PAGES
        self._due = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def changed(self, rows: int) -> None:
        """So many rows were committed. Told by one thread at a time: by who has the writer's place."""
        self._rows += rows
        if self._rows < ROWS or self._closed:
            return
        self._rows = 0
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="write-back", daemon=True)
            self._thread.start()
        self._due.set()

    def close(self) -> None:
        """Must not be called by who has the writer's place, which the thread may be waiting for."""
        self._closed = True
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        try:
            # A connection that can change nothing may still write back.
            with closing(open_reader(self._path)) as db:
                db.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
                while self._due.wait() and not self._closed:
                    self._due.clear()
                    self._once(db)
        except (DatabaseError, sqlite3.Error) as error:
            said = explain(error, self._path) if isinstance(error, sqlite3.Error) else error
            log.warning("%s; the writer writes its log back itself", said)

    def _once(self, db: sqlite3.Connection) -> None:
        _, pages, _ = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages < self._long_pages:
            return
        # What came meanwhile, about a batch, is written back beside the writer too: little is left for its place.
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        with self._place:
            needed, pages, _ = db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        self._long_pages = LOG_PAGES + (pages if needed else 0)
