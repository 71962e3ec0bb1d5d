"""Where records go besides the spool: a file of alerts, and memory (replay)."""

from __future__ import annotations

import logging
import os
import stat
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sensor.ecs import alert_line, line_text
from sensor.eve import eve_lines
from sensor.schema import Record

log = logging.getLogger(__name__)


def ecs_lines(record: Record) -> list[dict[str, Any]]:
    """ECS names, each revision a line."""
    return [alert_line(record)]


FORMATS: dict[str, Callable[[Record], list[dict[str, Any]]]] = {"ecs": ecs_lines, "eve": eve_lines}
"""What the revisions of an alert become."""


class AlertFile:
    """Alerts as NDJSON, in one of the FORMATS. `reopen` after somebody has moved the file (logrotate).

    The file stands beside the capture, not in its way: when it cannot be written (the disk is full), that is said once,
    the lines are counted in `lost`, and the next ones are tried again.
    """

    def __init__(self, path: Path, shape: str = "ecs") -> None:
        """Raises OSError or ValueError, one clear line, when the file cannot be opened or there is no such format."""
        if shape not in FORMATS:
            raise ValueError(f"alerts_format: expected {' or '.join(FORMATS)}, got {shape!r}")
        self._path, self._lines = path, FORMATS[shape]
        self._reopen = False
        self._failing = False
        self.lost = 0
        self._descriptor, self._torn = self._open()

    def _open(self) -> tuple[int, bool]:
        """The file at its end, and whether a line was cut off there: by a crash, or by a full disk."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise OSError(f"{self._path}: alerts cannot be written there: {error.strerror}") from None
        found = os.fstat(descriptor)
        torn = stat.S_ISREG(found.st_mode) and found.st_size > 0 and os.pread(descriptor, 1, found.st_size - 1) != b"\n"
        return descriptor, torn

    def reopen(self) -> None:
        """Safe to call from a signal handler: takes effect with the next `tend` or `put`."""
        self._reopen = True

    def tend(self) -> None:
        """Reopen if that was asked for. Where the new file cannot be opened, the old one goes on being written."""
        if not self._reopen:
            return
        self._reopen = False
        try:
            descriptor, torn = self._open()
        except OSError as error:
            log.error("%s; going on with the file that was open", error)
            return
        os.close(self._descriptor)
        self._descriptor, self._torn = descriptor, torn

    def put(self, records: Sequence[Record]) -> None:
        self.tend()
        found = [line for record in records if record.kind == "alert" for line in self._lines(record)]
        lines = [line_text(line).encode() + b"\n" for line in found]
        if not lines:
            return
        data = (b"\n" if self._torn else b"") + b"".join(lines)
        written = 0
        try:
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError as error:
            self._torn = data[:written][-1:] != b"\n" if written else self._torn
            self.lost += len(lines) - data[:written].count(b"\n", int(data.startswith(b"\n")))
            if not self._failing:
                log.error("%s: alerts cannot be written: %s; the capture goes on", self._path, error.strerror)
            self._failing = True
            return
        self._torn = False
        if self._failing:
            self._failing = False
            log.error("%s: alerts are written again; %d lines are missing", self._path, self.lost)

    def close(self) -> None:
        try:
            if stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)


class LatestAlerts:
    """Keeps the newest revision of every alert (or story), in the order they were opened.

    The `FRESH` that changed last stay as they are, the others are packed: a capture that is one long attack has a
    hundred thousand of them, and a storm tells the same few again and again.
    """

    FRESH = 4096

    def __init__(self, kind: str = "alert") -> None:
        self._kind = kind
        self._packed: dict[str, bytes] = {}
        """every alert in order; what is fresh may be older here, or empty"""
        self._fresh: OrderedDict[str, Record] = OrderedDict()

    def __len__(self) -> int:
        return len(self._packed)

    def put(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.kind == self._kind:
                self._packed.setdefault(record.id, b"")
                self._fresh[record.id] = record
                self._fresh.move_to_end(record.id)
        while len(self._fresh) > self.FRESH:
            oldest, record = self._fresh.popitem(last=False)
            self._packed[oldest] = zlib.compress(record.to_bytes(), 1)

    def records(self) -> Iterator[Record]:
        for name, packed in self._packed.items():
            fresh = self._fresh.get(name)
            yield Record.from_bytes(zlib.decompress(packed)) if fresh is None else fresh
