"""The queue to the parents, in the registry: `federation.queue.Queue` for consoles of several processes."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from console.registry import queue_tables as tables
from console.registry.database import Registry
from console.registry.errors import RegistryError, RegistryFull
from console.registry.leases import Lease, still_held
from federation.queue import (
    BATCH_BYTES,
    BATCH_RECORDS,
    DeadRow,
    ParentState,
    Queued,
    QueueError,
    QueueFull,
    Verdict,
)

log = logging.getLogger(__name__)


class RegistryQueue:
    """The queue as its one sender has it. What others append is theirs (`queue_tables.append`, with their records).

    Every write is refused once another process holds the sender's lease: a sender that was slow, and was taken for
    dead, changes nothing of what its successor sees.
    """

    def __init__(self, registry: Registry, parents: Sequence[str], lease: Lease) -> None:
        """A parent that is new in the list is owed everything that still waits; one that left the list is owed nothing
        more, which is logged.

        Raises:
            QueueError: the registry cannot be used now, or the lease is another's.
        """
        self.parents = tuple(parents)
        self._registry = registry
        self._lease = lease
        with self._write() as connection:
            tables.add_parents(connection, self.parents)
            gone = tables.keep_parents(connection, self.parents)
        log_gone(gone)

    def now_ns(self) -> int:
        """The database's clock: the processes may stand on several machines."""
        with self._read() as connection:
            return self._registry.now_ms(connection) * 10**6

    def parent(self, name: str) -> ParentState:
        with self._read() as connection:
            return tables.state_of(connection, name)

    def pending(self, parent: str) -> int:
        with self._read() as connection:
            return tables.pending(connection).get(parent, 0)

    def take(self, parent: str, limit: int = BATCH_RECORDS, max_bytes: int = BATCH_BYTES) -> list[Queued]:
        with self._read() as connection:
            return tables.take(connection, parent, limit, max_bytes)

    def answer(self, parent: str, verdicts: Sequence[Verdict]) -> None:
        with self._write() as connection:
            tables.answer(connection, parent, verdicts, self._registry.now_ms(connection) * 10**6)

    def defer(self, parent: str, unanswered: Sequence[Queued]) -> None:
        with self._write() as connection:
            tables.defer(connection, parent, [item.seq for item in unanswered])

    def failed(self, parent: str, problem: str, retry_at_ns: int) -> ParentState:
        with self._write() as connection:
            tables.failed(connection, parent, problem, retry_at_ns)
            return tables.state_of(connection, parent)

    def dead_letters(self, limit: int = 200) -> list[DeadRow]:
        with self._read() as connection:
            return tables.dead_letters(connection, limit)

    def close(self) -> None:
        """The registry stays open: others use it."""

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with _refusing(), self._registry.transaction() as connection:
            if not still_held(connection, self._lease):
                raise QueueError(f"{self._lease.name}: another process sends now")
            yield connection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with _refusing(), self._registry.reading() as connection:
            yield connection


def log_gone(gone: Mapping[str, int]) -> None:
    """`gone`: who left the list of parents → records that waited for it."""
    for name, waiting in gone.items():
        log.warning("%s is no parent any more: %d records that waited for it are let go", name, waiting)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except RegistryFull as error:
        raise QueueFull(str(error)) from None
    except RegistryError as error:
        raise QueueError(str(error)) from None
