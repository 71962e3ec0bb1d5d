"""Every implementation of `federation.queue.Queue`, as the tests that all of them pass see it: a new one is a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import URL, select

from console.registry import open_registry, queue_tables
from console.registry.leases import Leases
from console.registry.queue import RegistryQueue
from console.registry.tables import upward_record
from console.relay import FileOutlet, RegistryOutlet
from federation.queue import Queue
from federation.spool import Spool
from sensor.schema import Key, Record


class Kept(Protocol):
    """A queue's place, and what others do to it than the uplink."""

    def open(self, *parents: str) -> Queue:
        """As a process does at its start, with these parents."""
        ...

    def append(self, *records: Record) -> int: ...

    def resend(self, parent: str) -> int:
        """As `otus console resend` does."""
        ...

    def waiting_bytes(self) -> int: ...

    def latest(self) -> set[Key]:
        """(origin, id, revision) of every record it knows, sent or not."""
        ...

    def close(self) -> None: ...


class File:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: list[Spool] = []

    def open(self, *parents: str) -> Spool:
        self._opened.append(Spool(self._path, parents))
        return self._opened[-1]

    def append(self, *records: Record) -> int:
        return self._opened[-1].append(records)

    def resend(self, parent: str) -> int:
        return FileOutlet(self._path).resend(parent)

    def waiting_bytes(self) -> int:
        return int(self._opened[-1].state()["pending_bytes"])

    def latest(self) -> set[Key]:
        return self._opened[-1].latest()

    def close(self) -> None:
        for spool in self._opened:
            spool.close()


class InRegistry:
    def __init__(self, url: URL) -> None:
        self.registry = open_registry(url)
        self.leases = Leases(self.registry, "the tests")

    def open(self, *parents: str) -> RegistryQueue:
        lease = self.leases.acquire("relay:here", 600)
        assert lease is not None
        return RegistryQueue(self.registry, parents, lease)

    def append(self, *records: Record) -> int:
        with self.registry.transaction() as connection:
            return queue_tables.append(connection, written(records))

    def resend(self, parent: str) -> int:
        return RegistryOutlet(self.registry, "here", Path()).resend(parent)

    def waiting_bytes(self) -> int:
        with self.registry.reading() as connection:
            return queue_tables.waiting_bytes(connection)

    def latest(self) -> set[Key]:
        columns = (upward_record.c.origin, upward_record.c.id, upward_record.c.revision)
        with self.registry.reading() as connection:
            return {(row[0], row[1], row[2]) for row in connection.execute(select(*columns))}

    def close(self) -> None:
        self.registry.close()


def written(records: Sequence[Record]) -> list[tuple[Record, bytes]]:
    return [(record, record.to_bytes()) for record in records]


def _file(request: pytest.FixtureRequest, folder: Path) -> Kept:
    return File(folder / "spool.sqlite")


def _registry(request: pytest.FixtureRequest, folder: Path) -> Kept:
    return InRegistry(URL.create("sqlite", database=str(folder / "registry.sqlite")))


def _postgresql(request: pytest.FixtureRequest, folder: Path) -> Kept:
    return InRegistry(request.getfixturevalue("postgresql_url"))


QUEUES = {
    "spool": _file,
    "registry on sqlite": _registry,
    "registry on postgresql": _postgresql,
}
