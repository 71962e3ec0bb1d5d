"""The file of the embedded store: one writer, readers that cannot write, and one lock for all who have it open."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path

from console.store import StoreError, StoreFull, damage, migrations, schema
from console.store.changes import Changes
from console.store.writeback import WriteBack
from federation.database import (
    DatabaseDamaged,
    DatabaseError,
    DatabaseFull,
    open_reader,
    open_writer,
    transaction,
)

log = logging.getLogger(__name__)

IDLE_READERS = 8
LONGEST_LOG_PAGES = 10_000
"""Where the log could not begin anew until it had 40 MB, the writer writes it back itself."""
WRITER_CACHE_KB = 65_536
"""What a batch touches lies all over the file: the ends of a dozen indices, and the full text's newest parts."""
SAY_EVERY_PERCENT = 5


class StoreDamaged(StoreError):
    """The file contradicts itself; `open_store` sets it aside."""


class StoreFile:
    """Opened, and of this version, when the constructor returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._changes = Changes()
        self._others = 0
        """SQLite's word for what other connections committed"""
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(IDLE_READERS)
        try:
            self._held = damage.lock_shared(path)
        except damage.InUse as error:
            raise StoreError(str(error)) from None
        except OSError as error:
            raise StoreError(f"{path}: cannot be opened: {error.strerror or error}") from None
        try:
            self._writer = open_writer(path, checkpoint_pages=LONGEST_LOG_PAGES, cache_kb=WRITER_CACHE_KB)
        except DatabaseError as error:
            self._held.close()
            raise _store_error(error) from None
        self._write_back = WriteBack(path, self._lock)
        try:
            with self._write() as db:
                schema.create(db)
            self._upgrade()
            # What undoes one statement for many rows stays off the disk; not while an upgrade may sort a whole index.
            self._writer.execute("PRAGMA temp_store=MEMORY")
        except ValueError as error:
            self.close()
            raise StoreError(f"{path}: {error}; start that version, or use another folder") from None
        except StoreError:
            self.close()
            raise

    def _upgrade(self) -> None:
        """Work out what this version keeps beside the records of an earlier one: see `migrations`."""
        with self._read() as db:
            if not migrations.pending(db):
                return
        percent = said = 0
        while percent < 100:
            if percent >= said:
                log.warning("%s: bringing the store to version %d: %d %%", self.path, migrations.VERSION, percent)
                said = percent + SAY_EVERY_PERCENT
            with self._write() as db:
                percent = migrations.finish(db)
        log.warning("%s: the store is of version %d now", self.path, migrations.VERSION)

    def close(self) -> None:
        self._write_back.close()
        with self._lock:
            self._writer.close()
        while True:
            try:
                self._readers.get_nowait().close()
            except queue.Empty:
                break
        self._held.close()

    @contextmanager
    def _write(self, origins: Set[str] | None = None) -> Iterator[sqlite3.Connection]:
        """`origins`: of the records that are written, where nothing else is."""
        with self._lock:
            try:
                before = self._writer.total_changes
                with transaction(self._writer, self.path) as db:
                    self._heed_others(db)
                    yield db
                self._write_back.changed(self._writer.total_changes - before)
            except DatabaseError as error:
                raise _store_error(error) from None
            finally:
                self._changes.note(origins)

    def _heed_others(self, db: sqlite3.Connection) -> None:
        """Another process may write too: a command at the console."""
        version = int(db.execute("PRAGMA data_version").fetchone()[0])
        if version != self._others:
            self._others = version
            self._changes.note(None)

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
    if isinstance(error, DatabaseFull):
        return StoreFull(str(error))
    return StoreDamaged(str(error)) if isinstance(error, DatabaseDamaged) else StoreError(str(error))
