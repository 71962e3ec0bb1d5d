"""How the embedded store is: its size, the room left and until when, and what a person must know."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from console.store import StoreError, damage, facts, migrations, retention
from console.store.retention import DAY_NS
from console.store.rows import Health, Remark
from federation.database import DatabaseError, explain, open_reader

ALARM_DAYS = 30
KEEP_SAMPLES = 400
GROWTH_DAYS, LEAST_GROWTH_DAYS = 28, 7
"""Growth is measured over the last four weeks, and said once there is one whole week."""
SETTINGS = "settings"
"""the fact: `keep_days` and `keep_free_bytes` of the console that opened the store last"""
REMARKS = "remarks"
"""the fact `{code: parameters}`: remarks that stay until somebody has read them"""
READ_DAMAGE = "read_damage"
"""the fact: names of damaged files set aside that somebody has read about"""
GRAVEST_FIRST = ("damaged", "unsound", "full", "filling")
"""of a file; those of a cluster: `console.store.elastic.retention`"""

Room = Callable[[Path], int]


def disk_room(folder: Path) -> int:
    """Bytes free to this user on the file system of a folder."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


def disk_size(folder: Path) -> int:
    room = os.statvfs(folder)
    return room.f_blocks * room.f_frsize


def used_bytes(db: sqlite3.Connection) -> int:
    """What the records take in the file: pages that were freed are used again before the file grows."""
    pages, free, size = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def size_on_disk(path: Path) -> int:
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def take_sample(db: sqlite3.Connection, now_ns: int) -> None:
    """Once a day; a day has one sample, its last."""
    day = now_ns // DAY_NS
    db.execute("INSERT OR REPLACE INTO growth VALUES (?, ?)", (day, used_bytes(db)))
    db.execute("DELETE FROM growth WHERE day <= ?", (day - KEEP_SAMPLES,))


def growth_per_day(db: sqlite3.Connection, now_ns: int) -> int | None:
    day = now_ns // DAY_NS
    first = db.execute(
        "SELECT day, used_bytes FROM growth WHERE day BETWEEN ? AND ? ORDER BY day LIMIT 1", (day - GROWTH_DAYS, day)
    ).fetchone()
    if first is None or day - first[0] < LEAST_GROWTH_DAYS:
        return None
    grown = (used_bytes(db) - int(first[1])) // (day - int(first[0]))
    return grown if grown > 0 else None


def of(db: sqlite3.Connection, path: Path, now_ns: int, keep_days: int, keep_free_bytes: int, room: Room) -> Health:
    size = int(db.execute("PRAGMA page_size").fetchone()[0])
    freelist = int(db.execute("PRAGMA freelist_count").fetchone()[0]) * size
    disk = room(path.parent)
    free = max(0, disk - keep_free_bytes)
    growth = growth_per_day(db, now_ns)
    full_at = None if growth is None else now_ns + (free + freelist) * DAY_NS // growth
    remarks = [Remark(code, parameters, True) for code, parameters in (facts.fact(db, REMARKS) or {}).items()]
    if damaged := _unread_damage(db, path):
        remarks.append(Remark("damaged", {"path": str(damaged[-1])}, True))
    if free == 0:
        remarks.append(Remark("full", {"free_mb": disk // 2**20}))
    elif full_at is not None and full_at < now_ns + ALARM_DAYS * DAY_NS:
        remarks.append(Remark("filling", {"days": (full_at - now_ns) // DAY_NS}))
    return Health(
        size_bytes=size_on_disk(path),
        free_bytes=free,
        keep_days=keep_days,
        oldest_ns=retention.oldest(db),
        growth_bytes_per_day=growth,
        full_at_ns=full_at,
        expired=retention.last_run(db),
        remarks=tuple(sorted(remarks, key=lambda remark: GRAVEST_FIRST.index(remark.code))),
    )


def read(path: Path, now_ns: Callable[[], int] = time.time_ns, room: Room = disk_room) -> Health:
    """The health of a store that a console may have open, with that console's settings. Changes nothing.

    Raises:
        StoreError: there is no store, or it cannot be read or was not upgraded yet.
    """
    if not path.is_file():
        raise StoreError(f"{path}: there is no store here")
    try:
        with closing(open_reader(path)) as db:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version != migrations.VERSION:
                raise StoreError(f"{path}: is of store version {version}, this Otus reads {migrations.VERSION}")
            settings = facts.fact(db, SETTINGS)
            if settings is None:
                raise StoreError(f"{path}: is being upgraded; start a console once to finish that")
            return of(db, path, now_ns(), settings["keep_days"], settings["keep_free_bytes"], room)
    except sqlite3.Error as error:
        raise StoreError(str(explain(error, path))) from None
    except DatabaseError as error:
        raise StoreError(str(error)) from None


def remember(db: sqlite3.Connection, code: str, parameters: dict[str, str | int]) -> None:
    """Say this until somebody has read it."""
    facts.set_fact(db, REMARKS, {**(facts.fact(db, REMARKS) or {}), code: parameters})


def _unread_damage(db: sqlite3.Connection, path: Path) -> list[Path]:
    """Files that were set aside and that nobody has read about. The files themselves say so: no crash can unsay it."""
    known = set(facts.fact(db, READ_DAMAGE) or ())
    return [file for file in damage.set_aside_before(path) if file.name not in known]


def acknowledge(db: sqlite3.Connection, path: Path, code: str) -> bool:
    if code == "damaged":
        unread = _unread_damage(db, path)
        facts.set_fact(db, READ_DAMAGE, [file.name for file in damage.set_aside_before(path)] or None)
        return bool(unread)
    remarks = facts.fact(db, REMARKS) or {}
    if code not in remarks:
        return False
    del remarks[code]
    facts.set_fact(db, REMARKS, remarks or None)
    return True
