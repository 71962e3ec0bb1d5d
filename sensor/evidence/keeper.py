"""Slices from the core become files, and records that say which: beside the data path, never in its way."""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sensor.evidence.shelf import EvidenceShelf
from sensor.schema import EvidenceFile, Kind, Level, Record, evidence_id

log = logging.getLogger(__name__)

WAITING = 256
"""Slices that may wait for the disk; some tens of megabytes at most. Beyond it they are given up, counted."""
ANSWER_LAG_NS = 600_000_000_000
"""A fold whose slice has not come by then has none: the core gave it up."""
PATIENCE_S = 10.0
"""How long the end of a run waits for the disk."""


class Slice(Protocol):
    """What the core's slices look like from here (`sensor/_core.pyi`)."""

    @property
    def fold(self) -> int: ...
    @property
    def ts_ns(self) -> int: ...
    @property
    def frame(self) -> int: ...
    @property
    def packets(self) -> int: ...
    @property
    def first_ns(self) -> int: ...
    @property
    def last_ns(self) -> int: ...
    @property
    def reaches_back_ns(self) -> int: ...
    @property
    def reaches_back_packets(self) -> int: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...
    @property
    def pcapng(self) -> bytes: ...


class Batch(Protocol):
    @property
    def hits(self) -> Sequence[Any]: ...
    @property
    def slices(self) -> Sequence[Any]: ...
    @property
    def now_ns(self) -> int: ...
    @property
    def done(self) -> bool: ...


@dataclass(frozen=True)
class _Alert:
    id: str
    segment: str
    level: Level
    seen_ns: int


class Keeper:
    """Gives each new alert its file. `background`: a slow disk must not hold up a capture; a replay waits for it."""

    def __init__(self, shelf: EvidenceShelf, origin: str, tenant: str = "default", *, background: bool = False) -> None:
        self._shelf, self._origin, self._tenant = shelf, origin, tenant
        self._expected: dict[int, _Alert] = {}
        self._written: deque[Record] = deque()
        self._failing = False
        self.missing = 0
        """slices that could not be written"""
        self._work: queue.Queue[tuple[_Alert, Slice] | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="evidence", daemon=True) if background else None
        if self._thread is not None:
            self._thread.start()

    def take(self, batch: Batch, records: Sequence[Record]) -> list[Record]:
        """Records of the files that are on the disk since the last call."""
        new = (item for item in records if item.revision == 1 and item.kind == Kind.ALERT)
        levels = {item.id: Level(item.body["level"]) for item in new}
        for hit in batch.hits:
            if hit.kind == "first" and hit.id in levels:
                self._expected[hit.fold] = _Alert(hit.id, hit.segment, levels[hit.id], batch.now_ns)
        for found in batch.slices:
            alert = self._expected.pop(found.fold, None)
            if alert is not None:
                self._put(alert, found)
        while self._expected:
            first = next(iter(self._expected))
            if batch.now_ns - self._expected[first].seen_ns <= ANSWER_LAG_NS:
                break
            del self._expected[first]
        if batch.done:
            self._end()
        return [self._written.popleft() for _ in range(len(self._written))]

    def state(self) -> dict[str, int]:
        """For the heartbeat."""
        return {
            "kept": len(self._shelf),
            "bytes": self._shelf.bytes,
            "deleted": self._shelf.deleted.total(),
            "missing": self.missing,
        }

    def _put(self, alert: _Alert, found: Slice) -> None:
        if self._thread is None:
            return self._write(alert, found)
        try:
            self._work.put_nowait((alert, found))
        except queue.Full:
            self._missed(f"{self._shelf.folder}: the disk is too slow for the evidence of alerts")

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            self._write(*item)

    def _end(self) -> None:
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        try:
            self._work.put(None, timeout=PATIENCE_S)
            thread.join(PATIENCE_S)
        except queue.Full:
            pass
        if thread.is_alive():
            log.error("%s: the disk hangs; evidence of the last alerts is missing", self._shelf.folder)

    def _write(self, alert: _Alert, found: Slice) -> None:
        content = found.pcapng
        body = EvidenceFile(
            alert=alert.id,
            level=alert.level,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            packets=found.packets,
            first_ns=found.first_ns,
            last_ns=found.last_ns,
            hit_ns=found.ts_ns,
            frame=found.frame,
            reaches_back_packets=found.reaches_back_packets,
            reaches_back_ns=found.reaches_back_ns,
            before=found.before,
            after=found.after,
        )
        record = Record(
            kind="evidence",
            id=evidence_id(alert.id),
            revision=1,
            origin=self._origin,
            tenant=self._tenant,
            segment=alert.segment,
            body=body.to_json(),
        )
        try:
            kept = self._shelf.put(record, body, content)
        except OSError as error:
            return self._missed(f"{self._shelf.folder}: evidence cannot be written: {error.strerror}")
        if kept:
            self._written.append(record)
            if self._failing:
                self._failing = False
                log.error("%s: evidence is written again; %d files are missing", self._shelf.folder, self.missing)

    def _missed(self, line: str) -> None:
        """Said once; alerts go on."""
        self.missing += 1
        if not self._failing:
            log.error("%s; alerts go on without it", line)
        self._failing = True
