"""A store's file that cannot be read is set aside, never deleted, and a fresh one is begun; and who has a store open.

Every process that has the store open holds a shared lock on `store.sqlite.lock`. What replaces the file (setting it
aside, a restore) takes that lock alone, so it never pulls a file away under a running console.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

SIDE_FILES = ("-wal", "-shm")


class InUse(RuntimeError):
    """Another process has the store open."""


def lock_shared(path: Path) -> IO[str]:
    """Held as long as the returned file is open.

    Raises:
        InUse: somebody is replacing the file this moment.
    """
    return _lock(path, fcntl.LOCK_SH)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody has the store open within this block.

    Raises:
        InUse: somebody has.
    """
    with _lock(path, fcntl.LOCK_EX):
        yield


def _lock(path: Path, kind: int) -> IO[str]:
    # Never deleted: a lock on a file that is gone locks nobody out.
    file = os.fdopen(os.open(_beside(path, ".lock"), os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="ascii")
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise InUse(f"{path}: is in use by a running console; stop it first") from None
    return file


def set_aside(path: Path, why: str, now_ns: int) -> Path:
    """Move the file and its write-ahead log to `<name>.<why>-<time>`; together they can still be read or recovered."""
    moment = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC).strftime("%Y%m%dT%H%M%SZ")
    target, number = _beside(path, f".{why}-{moment}"), 1
    while target.exists():
        target, number = _beside(path, f".{why}-{moment}-{number}"), number + 1
    # The log first: a crash between the two leaves the main file where it is, still damaged, and the log kept.
    for side in SIDE_FILES:
        if _beside(path, side).exists():
            _beside(path, side).rename(_beside(target, side))
    if path.exists():
        path.rename(target)
    return target


def set_aside_before(path: Path) -> list[Path]:
    """Damaged files of this store that were set aside and still lie there, the oldest first."""
    found = path.parent.glob(f"{path.name}.damaged-*")
    return sorted(file for file in found if not file.name.endswith(SIDE_FILES))


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
