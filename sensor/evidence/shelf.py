"""A folder of evidence: `<alert id>.pcapng`, and beside it `<alert id>.json`, its record.

A file is written under another name, brought to the disk and then renamed: what stands under its name is whole. Beyond
the quota the least severe goes first, among equals the oldest.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sensor.schema import EvidenceFile, Record, RecordError
from sensor.schema.shape import known_id

PART = ".part"


@dataclass(frozen=True)
class Kept:
    """One file of the folder."""

    path: Path
    size: int
    """of file and record, bytes"""
    record: Record | None
    """None: a crash came between the file and its record"""
    body: EvidenceFile | None

    @property
    def alert(self) -> str:
        return self.path.stem

    @property
    def order(self) -> tuple[int, int, str]:
        """What goes first: the least severe, then the oldest. A file without its record is worth least."""
        if self.body is None:
            return (0, 0, self.alert)
        return (self.body.level.rank, self.body.hit_ns, self.alert)

    def problem(self) -> str | None:
        """What is wrong with the bytes on the disk; None where they are what the record says."""
        if self.body is None:
            return "no record beside it"
        try:
            content = self.path.read_bytes()
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        if len(content) != self.body.size:
            return f"{len(content)} bytes, its record says {self.body.size}"
        found = hashlib.sha256(content).hexdigest()
        return None if found == self.body.sha256 else f"SHA-256 is {found}, its record says {self.body.sha256}"


def read_folder(folder: Path) -> Iterator[Kept]:
    """What stands in a folder, in no order. Other files are passed over."""
    for path in folder.glob("*.pcapng"):
        if not known_id(path.stem):
            continue
        beside = path.with_suffix(".json")
        try:
            size = path.stat().st_size
            raw = beside.read_bytes() if beside.exists() else None
        except OSError:
            continue  # somebody is just deleting it
        record = body = None
        if raw is not None:
            try:
                record = Record.from_bytes(raw)
                body = record.evidence_file()
            except RecordError:
                record = body = None
        yield Kept(path, size + len(raw or b""), record, body)


class EvidenceShelf:
    """Writes into one folder, within a quota. One writer at a time."""

    def __init__(self, folder: Path, quota_bytes: int) -> None:
        """Make the folder, or take over what is in it: half-written files of a crash go, whole ones count.

        Raises:
            OSError: one clear line.
        """
        self.folder, self._quota = folder, quota_bytes
        self.deleted: Counter[str] = Counter()
        """files given up for want of room, by level"""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            for part in folder.glob(f"*{PART}"):
                part.unlink()
            found = list(read_folder(folder))
        except OSError as error:
            raise OSError(f"{folder}: evidence cannot be kept there: {error.strerror}") from None
        self._sizes = {kept.alert: kept.size for kept in found}
        self._levels = {kept.alert: str(kept.body.level) if kept.body else "unknown" for kept in found}
        self._order = [kept.order for kept in found]
        heapq.heapify(self._order)
        self.bytes = sum(self._sizes.values())
        self._make_room(0)

    def __len__(self) -> int:
        return len(self._sizes)

    def put(self, record: Record, body: EvidenceFile, content: bytes) -> bool:
        """Keep a file and its record. False: everything that is kept is worth more, and there is no room.

        Raises:
            OSError: it could not be written; nothing of it is left.
        """
        beside = json.dumps(record.to_json(), ensure_ascii=False, indent=1).encode()
        need = len(content) + len(beside)
        kept = Kept(self.folder / f"{body.alert}.pcapng", need, record, body)
        self._forget(body.alert)
        if not self._make_room(need, kept.order):
            self.deleted[str(body.level)] += 1
            return False
        self._write(kept.path, content)
        try:
            self._write(kept.path.with_suffix(".json"), beside)
        except OSError:
            kept.path.unlink(missing_ok=True)
            raise
        self._sizes[body.alert], self._levels[body.alert] = need, str(body.level)
        self.bytes += need
        heapq.heappush(self._order, kept.order)
        return True

    def _make_room(self, need: int, order: tuple[int, int, str] | None = None) -> bool:
        if order is not None and need > self._quota:
            return False
        while self.bytes + need > self._quota and self._order:
            least = self._order[0]
            if least[2] not in self._sizes:
                heapq.heappop(self._order)
                continue
            if order is not None and order < least:
                return False
            heapq.heappop(self._order)
            self._delete(least[2])
        return True

    def _delete(self, alert: str) -> None:
        self.deleted[self._levels[alert]] += 1
        self._forget(alert)
        for suffix in (".pcapng", ".json"):
            (self.folder / f"{alert}{suffix}").unlink(missing_ok=True)

    def _forget(self, alert: str) -> None:
        self.bytes -= self._sizes.pop(alert, 0)
        self._levels.pop(alert, None)

    def _write(self, path: Path, content: bytes) -> None:
        part = path.with_name(path.name + PART)
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
            try:
                left = memoryview(content)
                while left:
                    left = left[os.write(descriptor, left) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            part.rename(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self._sync_folder()

    def _sync_folder(self) -> None:
        """The new name is on the disk too."""
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
