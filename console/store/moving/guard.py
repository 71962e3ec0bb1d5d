"""A store on Elasticsearch has no file to lock: who moves it holds leases in its registry, and consoles look there."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from console.registry import Registry, RegistryError
from console.registry.leases import Lease, Leases, this_process
from console.registry.tables import lease as lease_table
from console.store import StoreError
from console.store.elastic.tables import unfinished_move

MOVING = "moving"
RUNNING = "drain"
"""what some process of every running console holds: bringing the journal to the cluster"""
HELD_S, RENEW_S = 40.0, 8.0
PATIENCE_S = 70.0
"""Leases of a process that was killed end by themselves within this time."""

Say = Callable[[str], None]


def refuse_while_moving(registry: Registry) -> None:
    """What a console asks before it opens the store.

    Raises:
        StoreError: it is being moved, or it is half of one.
    """
    with registry.reading() as connection:
        if read(connection) is not None:
            raise StoreError(
                "a move into this store was not finished: give the same `otus store migrate` again, it goes on from"
                " where it was"
            )
        held = select(lease_table.c.until_ms).where(lease_table.c.name == MOVING)
        until_ms = connection.execute(held).scalar_one_or_none()
        if until_ms is not None and until_ms > registry.now_ms(connection):
            raise StoreError("this store is being moved elsewhere; start the console on what it is moved to")


def read(connection: Connection) -> dict[str, Any] | None:
    found = connection.execute(select(unfinished_move.c.state)).scalar_one_or_none()
    return None if found is None else dict(json.loads(found))


def write(connection: Connection, state: dict[str, Any] | None) -> None:
    """None: there is no unfinished move."""
    connection.execute(delete(unfinished_move))
    if state is not None:
        connection.execute(insert(unfinished_move).values(state=json.dumps(state, ensure_ascii=False)))


class Alone:
    """Nobody else has the store open, for as long as `check` does not complain."""

    def __init__(self, registry: Registry) -> None:
        self._leases = Leases(registry, this_process())
        self._held: list[Lease] = []
        self._stop = threading.Event()
        self._lost = ""
        self._thread = threading.Thread(target=self._renew, name="moving", daemon=True)

    def take(self, name: str, say: Say) -> None:
        """Wait for a process that was killed, not for one that goes on.

        Raises:
            StoreError: somebody has it.
        """
        end = time.monotonic() + PATIENCE_S
        while (lease := self._leases.acquire(name, HELD_S)) is None:
            if time.monotonic() > end:
                raise StoreError("the store is in use by a running console or another move; stop it first")
            say(f"the store is in use, or was until a moment ago: waiting up to {end - time.monotonic():.0f} s")
            time.sleep(5)
        self._held.append(lease)

    def begin(self) -> None:
        self._thread.start()

    def check(self) -> None:
        """Raises StoreError where the hold was lost: somebody else may have written since."""
        if self._lost:
            raise StoreError(f"the hold on the store was lost ({self._lost}); give the same command again")

    def end(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        for lease in self._held:
            self._leases.release(lease)
        self._held.clear()

    def _renew(self) -> None:
        failed_s = 0.0
        while not self._stop.wait(RENEW_S):
            try:
                for lease in self._held:
                    if self._leases.renew(lease, HELD_S) is None:
                        self._lost = "another process took it"
                failed_s = 0.0
            except RegistryError as error:
                failed_s += RENEW_S
                if failed_s > HELD_S / 2:
                    self._lost = str(error)


@contextmanager
def alone(registry: Registry, names: tuple[str, ...], say: Say) -> Iterator[Alone]:
    hold = Alone(registry)
    try:
        for name in names:
            hold.take(name, say)
        hold.begin()
        yield hold
    finally:
        hold.end()
