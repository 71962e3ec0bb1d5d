"""A copy of the embedded store while a console runs, and the way back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from console.store import StoreError, damage, migrations
from federation.database import DatabaseError, explain, open_reader, quoted

STEP_PAGES = 4096
"""16 MB between two words about progress"""
COUNTED = ("record", "incident", "asset", "step", "revision")

Progress = Callable[[int], None]
"""told the percentage"""


@dataclass(frozen=True)
class Saved:
    path: Path
    size_bytes: int
    records: int
    incidents: int


def back_up(store: Path, target: Path, progress: Progress = lambda percent: None) -> Saved:
    """Copy the store as it is this moment; what comes meanwhile is not in it, and waits for nothing.

    `target` appears whole or not at all: it is written beside itself, checked through, its counts held against the
    store's, and then renamed.

    Raises:
        StoreError: there is no store, no room, or the copy is not the same; what was there is untouched.
    """
    if not store.is_file():
        raise StoreError(f"{store}: there is no store here")
    if target.exists():
        raise StoreError(f"{target}: exists already; choose another name")
    part = target.with_name(target.name + ".part")
    try:
        with closing(open_reader(store)) as source:
            source.execute("BEGIN")  # counts and copy are of one moment
            counts = _counts(source)
            _copy(source, part, progress)
        copied = _check(part)
        if copied != counts:
            raise StoreError(f"{part}: the copy has {copied}, the store {counts}; nothing was kept")
        settle(part, target)
    except sqlite3.Error as error:
        raise StoreError(str(explain(error, part))) from None
    except (DatabaseError, OSError) as error:
        raise StoreError(str(error)) from None
    finally:
        part.unlink(missing_ok=True)
    return Saved(target, target.stat().st_size, counts["record"], counts["incident"])


def restore(saved: Path, store: Path) -> Path | None:
    """Put a backup in the store's place; returns where the replaced file lies now, None if there was none.

    Raises:
        StoreError: a console is running, or the backup is none, damaged, or of a newer version. Nothing was changed.
    """
    if not saved.is_file():
        raise StoreError(f"{saved}: there is no such file")
    part = store.with_name(store.name + ".part")
    try:
        store.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with damage.alone(store):
            shutil.copyfile(saved, part)
            _check(part)
            replaced = damage.set_aside(store, "replaced", time.time_ns())
            settle(part, store)
    except damage.InUse as error:
        raise StoreError(str(error)) from None
    except sqlite3.Error as error:
        raise StoreError(str(explain(error, saved))) from None
    except OSError as error:
        raise StoreError(f"{store}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
    return replaced if replaced.exists() else None


def _copy(source: sqlite3.Connection, part: Path, progress: Progress) -> None:
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    with closing(sqlite3.connect(part)) as copy:
        source.backup(
            copy, pages=STEP_PAGES, progress=lambda _, left, whole: progress(100 * (whole - left) // max(whole, 1))
        )
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, complete without a log beside it


def _check(part: Path) -> dict[str, int]:
    """Read all of a file that should be a store, and count what is in it."""
    with closing(sqlite3.connect(f"file:{quoted(part)}?mode=rw", uri=True)) as db:
        verdict = " ".join(str(db.execute("PRAGMA quick_check(1)").fetchone()[0]).split())
        if verdict != "ok":
            raise StoreError(f"{part}: is damaged ({verdict})")
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if version > migrations.VERSION:
            raise StoreError(
                f"{part}: was written by a newer Otus (store version {version}, this one reads {migrations.VERSION})"
            )
        found = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if version < 1 or not found.issuperset(COUNTED):
            raise StoreError(f"{part}: is no store of a console")
        counts = _counts(db)
        db.execute("PRAGMA journal_mode=DELETE")
    return counts


def _counts(db: sqlite3.Connection) -> dict[str, int]:
    return {table: int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in COUNTED}


def settle(part: Path, target: Path) -> None:
    """On the disk under its name, for good."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
