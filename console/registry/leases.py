"""Work that only one process may do: who does it holds a lease, which ends by itself when its holder dies."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, or_, select

from console.registry.database import Registry
from console.registry.tables import lease as table


@dataclass(frozen=True)
class Lease:
    """Held until the clock of the database says so."""

    name: str
    holder: str
    fence: int
    """grows with each new holder: what carries an older number comes from one that was taken for dead"""
    until_ms: int


def this_process() -> str:
    """A holder's name that no other process has, and that tells a person where to look."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


def still_held(connection: Connection, lease: Lease) -> bool:
    """Whether nobody took it since; and nobody can before this transaction ends, which is what makes it a fence."""
    mine = and_(table.c.name == lease.name, table.c.holder == lease.holder, table.c.fence == lease.fence)
    return connection.execute(select(table.c.fence).where(mine).with_for_update(read=True)).first() is not None


def holder_of(registry: Registry, name: str) -> str | None:
    """Who holds a lease now; None: nobody."""
    with registry.reading() as connection:
        held = and_(table.c.name == name, table.c.until_ms > registry.now_ms(connection))
        return connection.execute(select(table.c.holder).where(held)).scalar_one_or_none()


class Leases:
    """The leases of one holder. The names are the program's own and few: rows stay, for their numbers."""

    def __init__(self, registry: Registry, holder: str) -> None:
        self._registry = registry
        self.holder = holder

    def acquire(self, name: str, seconds: float) -> Lease | None:
        """The lease, or None while another holds it. Asked again by its holder it is prolonged under its number."""
        with self._registry.transaction() as connection:
            now_ms, until_ms = self._times(connection, seconds)
            made = self._registry.insert(table).values(name=name, holder=self.holder, until_ms=until_ms, fence=1)
            fence = connection.execute(made.on_conflict_do_nothing().returning(table.c.fence)).scalar()
            if fence is None:
                mine = and_(table.c.holder == self.holder, table.c.until_ms > now_ms)
                fence = connection.execute(
                    table.update()
                    .where(table.c.name == name, or_(mine, table.c.until_ms <= now_ms))
                    .values(holder=self.holder, until_ms=until_ms, fence=table.c.fence + case((mine, 0), else_=1))
                    .returning(table.c.fence)
                ).scalar()
        return None if fence is None else Lease(name, self.holder, fence, until_ms)

    def renew(self, lease: Lease, seconds: float) -> Lease | None:
        """Prolong it; None where it ended, even if nobody took it since: what was done meanwhile was not covered."""
        with self._registry.transaction() as connection:
            now_ms, until_ms = self._times(connection, seconds)
            prolonged = connection.execute(
                table.update()
                .where(table.c.name == lease.name, table.c.holder == lease.holder, table.c.fence == lease.fence)
                .where(table.c.until_ms > now_ms)
                .values(until_ms=until_ms)
            ).rowcount
        return Lease(lease.name, lease.holder, lease.fence, until_ms) if prolonged else None

    def release(self, lease: Lease) -> None:
        """Give it back, so that the next need not wait. The row stays: its number must grow."""
        with self._registry.transaction() as connection:
            connection.execute(
                table.update()
                .where(table.c.name == lease.name, table.c.holder == lease.holder, table.c.fence == lease.fence)
                .values(until_ms=0)
            )

    def _times(self, connection: Connection, seconds: float) -> tuple[int, int]:
        now_ms = self._registry.now_ms(connection)
        return now_ms, now_ms + int(seconds * 1000)
