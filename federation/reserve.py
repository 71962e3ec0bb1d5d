"""Room kept back on the disk, so that a full spool can still write down a parent's answers, and thereby drain."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

RESERVE_BYTES = 4 * 2**20
"""More than the write-ahead log's usual 2 MB: that much the file may have to grow before the log can begin anew."""


class Reserve:
    """A file that is there to be deleted when nothing else can be."""

    def __init__(self, beside: Path, size: int = RESERVE_BYTES) -> None:
        self._path = beside.with_name(beside.name + ".reserve")
        self._size = size

    def hold(self) -> bool:
        """Take the room if the disk has plenty. Returns whether it is held."""
        if self._path.exists():
            return True
        try:
            room = os.statvfs(self._path.parent)
            if room.f_bavail * room.f_frsize < 2 * self._size:
                return False
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, self._size)
            finally:
                os.close(descriptor)
        except OSError:
            # Some file systems cannot set room aside; a spool without a reserve only drains later.
            self.let_go()
            return False
        return True

    def let_go(self) -> bool:
        """Give the room back. Returns whether there was any."""
        with contextlib.suppress(OSError):
            self._path.unlink()
            return True
        return False
