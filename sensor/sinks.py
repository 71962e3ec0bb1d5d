"""Where records go besides the spool: a file of alerts, and memory (replay)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from sensor.ecs import alert_line
from sensor.schema import Record


class AlertFile:
    """Alerts as NDJSON in ECS names, each revision a line. `reopen` after somebody has moved the file (logrotate)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO = self._open()
        self._reopen = False

    def _open(self) -> TextIO:
        return self._path.open("a", encoding="utf-8")

    def reopen(self) -> None:
        """Safe to call from a signal handler: takes effect before the next line."""
        self._reopen = True

    def put(self, records: Sequence[Record]) -> None:
        if self._reopen:
            self._reopen = False
            self._file.close()
            self._file = self._open()
        for record in records:
            if record.kind == "alert":
                self._file.write(json.dumps(alert_line(record), ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


class LatestAlerts:
    """Keeps the newest revision of every alert, in the order they were opened."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}

    def put(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.kind == "alert":
                self.records[record.id] = record
