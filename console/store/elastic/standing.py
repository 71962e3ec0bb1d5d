"""Who stands under whom, and what was refused: the checks a record passes before it is acknowledged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, insert, select, update

from console.store.admission import KEEP_REJECTED, MAX_ORIGINS_PER_CHILD, Refusal
from console.store.elastic.tables import child as child_table
from console.store.elastic.tables import origin as origin_table
from console.store.elastic.tables import rejected
from console.store.rows import DeadLetter
from sensor.schema import Key


@dataclass
class Standing:
    """The origins of one child, within one transaction."""

    connection: Connection
    child: str
    kind: str | None
    """of the child's credential"""
    now_ns: int
    _owners: dict[str, str] = field(default_factory=dict)
    _held: int | None = None

    def begin(self, origins: Iterable[str]) -> None:
        """Take the writer's place first: two processes that read before they write would be refused by SQLite."""
        seen(self.connection, self.child, self.now_ns)
        wanted = sorted(set(origins))
        for start in range(0, len(wanted), 500):
            rows = self.connection.execute(
                select(origin_table.c.name, origin_table.c.child).where(
                    origin_table.c.name.in_(wanted[start : start + 500])
                )
            )
            self._owners.update({name: owner for name, owner in rows})

    def check(self, origin: str) -> None:
        """An origin belongs to the child it first came through; a sensor speaks for itself only.

        Raises:
            Refusal: it does not stand under this child.
        """
        if self.kind == "sensor" and origin != self.child:
            raise Refusal(f"origin_not_under_child: the credential is for sensor {self.child}")
        owner = self._owners.get(origin)
        if owner is None:
            self._bind(origin)
        elif owner != self.child:
            raise Refusal("origin_not_under_child: another child reports for this origin")

    def _bind(self, origin: str) -> None:
        if self._held is None:
            count = select(func.count()).select_from(origin_table).where(origin_table.c.child == self.child)
            self._held = int(self.connection.execute(count).scalar_one())
        if self._held >= MAX_ORIGINS_PER_CHILD:
            raise Refusal(f"too_many_origins: a child speaks for at most {MAX_ORIGINS_PER_CHILD}")
        self.connection.execute(insert(origin_table).values(name=origin, child=self.child))
        self._held += 1
        self._owners[origin] = self.child


def seen(connection: Connection, child: str, now_ns: int) -> None:
    changed = connection.execute(update(child_table).where(child_table.c.name == child).values(last_seen_ns=now_ns))
    if changed.rowcount == 0:
        connection.execute(insert(child_table).values(name=child, last_seen_ns=now_ns))


def last_seen(connection: Connection) -> dict[str, int]:
    return {name: seen_ns for name, seen_ns in connection.execute(select(child_table))}


def bind(connection: Connection, origin: str, child: str) -> str:
    """Put an origin under a child unless it stands under one; returns the child it stands under now."""
    owner = select(origin_table.c.child).where(origin_table.c.name == origin)
    found = connection.execute(owner).scalar_one_or_none()
    if found is None:
        connection.execute(insert(origin_table).values(name=origin, child=child))
        return child
    return str(found)


def release(connection: Connection, origin: str) -> bool:
    return connection.execute(delete(origin_table).where(origin_table.c.name == origin)).rowcount > 0


def note_rejected(connection: Connection, child: str, refused: Iterable[tuple[Key, str]], now_ns: int) -> None:
    """Remember refusals for the page of dead letters, the newest of them. Their names may be a stranger's invention."""
    rows = [
        {
            "child": child, "origin": _kept(origin), "id": _kept(record_id), "revision": revision,
            "reason": _kept(reason), "at_ns": now_ns,
        }
        for (origin, record_id, revision), reason in refused
    ]  # fmt: skip
    if not rows:
        return
    connection.execute(insert(rejected), rows)
    newest = connection.execute(select(func.max(rejected.c.number))).scalar_one()
    connection.execute(delete(rejected).where(rejected.c.number <= newest - KEEP_REJECTED))


def _kept(text: str) -> str:
    """A zero byte is the one character that PostgreSQL keeps in no text: the batch would be refused for ever."""
    return text.replace("\0", "\ufffd")


def dead_letters(connection: Connection, limit: int) -> list[DeadLetter]:
    """What this node refused, the newest first."""
    found = connection.execute(select(rejected).order_by(rejected.c.at_ns.desc()).limit(limit))
    return [DeadLetter("incoming", row.child, row.origin, row.id, row.revision, row.reason, row.at_ns) for row in found]
