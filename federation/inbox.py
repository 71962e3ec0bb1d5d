"""A sensor's inbox: what its console asked of it, on the disk before it is acknowledged, until it was carried out.

One small file, written anew as a whole: a sensor is asked a few things a day.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensor.schema import Record, RecordError

log = logging.getLogger(__name__)

MAX_WAITING = 200
"""Orders that wait to be carried out; a console that sends more is asked again later."""


class InboxError(RuntimeError):
    """The inbox cannot be read or written; one line says what to do."""


@dataclass(frozen=True)
class Waiting:
    """One order, by which parent, and what that parent calls us."""

    parent: str
    name: str
    record: Record


class FileInbox:
    """Implements `federation.downlink.Inbox`. Safe to use from many threads."""

    def __init__(self, path: Path, kinds: Collection[str]) -> None:
        """`kinds`: of records that are kept; all others are acknowledged and let go, for nobody here would look.

        Raises:
            InboxError: what is there cannot be read.
        """
        self._path, self._kinds = path, frozenset(map(str, kinds))
        self._lock = threading.Lock()
        self._came = threading.Event()
        self._after: dict[str, int] = {}
        self._waiting: list[Waiting] = []
        if path.exists():
            self._read()

    def _read(self) -> None:
        try:
            found = json.loads(self._path.read_bytes())
            self._after = {str(name): int(place) for name, place in found["after"].items()}
            self._waiting = [
                Waiting(one["parent"], one["name"], Record.from_json(one["record"])) for one in found["waiting"]
            ]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InboxError(
                f"{self._path}: what the console asked cannot be read ({error}); move the file away, and it is asked "
                "for again"
            ) from None
        if self._waiting:
            self._came.set()

    def heard_from(self, parent: str) -> int:
        with self._lock:
            return self._after.get(parent, 0)

    def receive(self, records: Sequence[Record], parent: str, name: str, after: int) -> Sequence[object]:
        """Raises InboxError: nothing was kept, and it has to be asked again."""
        with self._lock:
            waiting = [one for one in self._waiting]
            for record in records:
                if self._is_asked(record, name) and record.key[:2] not in {one.record.key[:2] for one in waiting}:
                    waiting.append(Waiting(parent, name, record))
            if len(waiting) > MAX_WAITING:
                raise InboxError(f"more than {MAX_WAITING} orders wait to be carried out")
            self._write({**self._after, parent: after}, waiting)
        if waiting:
            self._came.set()
        return ()

    def _is_asked(self, record: Record, name: str) -> bool:
        """Is this one for us, and still to be done?"""
        if record.kind not in self._kinds:
            return False
        try:
            order = record.order()
        except RecordError as error:
            log.error("an order that cannot be read: %s", error)
            return False
        return order.open and (order.all_below or name in order.addressees)

    def wait(self, timeout_s: float) -> Waiting | None:
        """The order that came first, as soon as there is one. It stays until `done`."""
        self._came.wait(timeout_s)
        with self._lock:
            return self._waiting[0] if self._waiting else None

    def done(self, carried_out: Waiting) -> None:
        """Raises InboxError: it is still there, and is carried out once more; who does that has to see it was done."""
        with self._lock:
            self._write(self._after, [one for one in self._waiting if one != carried_out])
            if not self._waiting:
                self._came.clear()

    def _write(self, after: dict[str, int], waiting: list[Waiting]) -> None:
        told: dict[str, Any] = {"after": after}
        told["waiting"] = [
            {"parent": one.parent, "name": one.name, "record": one.record.to_json()} for one in waiting
        ]
        fresh = self._path.with_name(f"{self._path.name}.new")
        try:
            with fresh.open("wb") as file:
                file.write(json.dumps(told, ensure_ascii=False).encode())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except (OSError, UnicodeEncodeError) as error:
            raise InboxError(f"{self._path}: cannot be written: {error}") from None
        self._after, self._waiting = after, waiting
