"""SQLite as spool and store use it: durable on return, and failures told apart by what a person must do about them."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

PAGE_CACHE_KB = 16_384
CHECKPOINT_PAGES = 500
"""The write-ahead log is written back after 2 MB; `federation.reserve` counts on it."""
BUSY_TIMEOUT_S = 10.0
STATEMENTS = 256
"""kept prepared"""
CHECK_BELOW_BYTES = 64 * 2**20
"""Files up to this size are checked through at opening (well under a second); larger ones only where they are read."""

_DISK_NEARLY_FULL_BYTES = 2**20
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class DatabaseError(RuntimeError):
    """The file cannot be used; the message is one line that says what to do."""


class DatabaseFull(DatabaseError):
    """The disk is full. The transaction was undone; what was committed before is untouched."""


class DatabaseDamaged(DatabaseError):
    """What stands in the file cannot be a database's, or contradicts itself."""


class DatabaseBusy(DatabaseError):
    """Another process kept the file locked for too long. The transaction was undone."""


def explain(error: sqlite3.Error, path: Path) -> DatabaseError:
    """One line for a person, of the class a program acts on."""
    code = getattr(error, "sqlite_errorcode", 0) or 0
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and _nearly_full(path)):
        return DatabaseFull(f"{path}: the disk is full; free some space, nothing that was acknowledged is lost")
    if primary in _DAMAGED:
        return DatabaseDamaged(
            f"{path}: the file is damaged ({error}); move it away (keep it: much can be recovered with "
            f"'sqlite3 FILE .recover') and start again"
        )
    if primary == sqlite3.SQLITE_CANTOPEN:
        return DatabaseError(f"{path}: cannot be opened; does the folder exist, and may this user write there?")
    if primary == sqlite3.SQLITE_READONLY:
        return DatabaseError(f"{path}: cannot be written; check the owner and the mode of the file and its folder")
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseBusy(f"{path}: is locked by another process for more than {BUSY_TIMEOUT_S:.0f} s")
    return DatabaseError(f"{path}: {error}")


def _nearly_full(path: Path) -> bool:
    try:
        room = os.statvfs(path.parent)
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < _DISK_NEARLY_FULL_BYTES


def open_writer(
    path: Path, *, checkpoint_pages: int = CHECKPOINT_PAGES, cache_kb: int = PAGE_CACHE_KB
) -> sqlite3.Connection:
    """A connection whose commits are on the disk when they return (WAL, `synchronous=FULL`).

    The longer the log may become (`checkpoint_pages`), the fewer times a page that changes again and again is written
    back, and the more room it takes.
    """
    connection = _connect(path, f"file:{quoted(path)}?mode=rwc")
    try:
        begin_log(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint={checkpoint_pages}")
        connection.execute(f"PRAGMA cache_size=-{cache_kb}")
        connection.execute("PRAGMA foreign_keys=ON")
        # Debian's SQLite overwrites what is deleted, and writes each freed page once more for it (a full text that is
        # merged frees many). Where a file must not be read by others its folder says so.
        connection.execute("PRAGMA secure_delete=FAST")
        if path.stat().st_size <= CHECK_BELOW_BYTES:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(" ".join(verdict.split()))
    except sqlite3.Error as error:
        connection.close()
        if getattr(error, "sqlite_errorcode", None) is None:
            raise DatabaseDamaged(f"{path}: the file is damaged ({error}); move it away and start again") from None
        raise explain(error, path) from None
    return connection


def begin_log(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log (WAL), also when several processes open a new file in the same moment.

    SQLite does not wait here as it waits elsewhere: who reads the file's mode while another changes it is refused at
    once (two that wait for each other would never end), so the waiting is ours.

    Raises:
        sqlite3.OperationalError: somebody held the file for longer than `BUSY_TIMEOUT_S`.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
            return
        except sqlite3.OperationalError as error:
            busy = (getattr(error, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= deadline:
                raise
        time.sleep(0.01)


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that sees a steady picture while the writer writes, and that can change nothing."""
    connection = _connect(path, f"file:{quoted(path)}?mode=rw")
    try:
        connection.execute("PRAGMA query_only=ON")
    except sqlite3.Error as error:
        connection.close()
        raise explain(error, path) from None
    return connection


def quoted(path: Path) -> str:
    """A path as it may stand in a `file:` address."""
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _connect(path: Path, uri: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            uri,
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS,
        )
        connection.execute(f"PRAGMA cache_size=-{PAGE_CACHE_KB}")
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        raise explain(error, path) from None
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, path: Path, *, immediate: bool = True) -> Iterator[sqlite3.Connection]:
    """All or nothing. When the block ended without an error, it is on the disk.

    `immediate` takes the writer's place at once; without it the block sees one steady picture and must not write.

    Raises:
        DatabaseFull, DatabaseBusy, DatabaseError: nothing of the block was kept.
    """
    try:
        connection.execute("BEGIN IMMEDIATE" if immediate else "BEGIN")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled back already; then there is nothing left to undo.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise explain(error, path) from None
