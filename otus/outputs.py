"""Files a command writes beside its output: what goes wrong names the file and the way out."""

from __future__ import annotations

import errno
from pathlib import Path


class OutputFile:
    """Opened at once, so that a place that cannot be written is known before the work begins."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("wb")
        except OSError as error:
            raise self._refused(error) from None

    def write(self, content: bytes) -> None:
        try:
            self._file.write(content)
        except OSError as error:
            raise self._refused(error) from None

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise self._refused(error) from None

    def _refused(self, error: OSError) -> ValueError:
        return ValueError(f"{self._path}: cannot be written: {reason(error)}")


def reason(error: OSError) -> str:
    """What the system said and, where it is known, the way out."""
    ways_out = {
        errno.ENOSPC: "free some space and run it again",
        errno.EDQUOT: "free some space and run it again",
        errno.ENOENT: "make its folder first",
        errno.EACCES: "name a place where you may write",
        errno.EROFS: "name a place where you may write",
        errno.EISDIR: "name a file",
    }
    way_out = ways_out.get(error.errno or 0)
    said = error.strerror or str(error)
    return f"{said}; {way_out}" if way_out else said
