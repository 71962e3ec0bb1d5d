"""What was acknowledged and does not stand on the cluster yet. A batch is in here before its sender is answered."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from console.store.elastic.documents import Arrival
from console.store.elastic.tables import journal, journal_key
from sensor.schema import Key, Record

HOLD_NS = 30 * 10**9
"""How long a batch is left to the process that took it in; after that any process may bring it to the cluster."""

TAKE_BATCHES, TAKE_BYTES = 50, 2**20
"""At most, of what is brought at once; the bytes are packed ones, about a tenth of what they become."""

Name = tuple[str, str]
"""(origin, id)"""


@dataclass(frozen=True)
class Waiting:
    """A record that waits here, by its highest revision."""

    revision: int
    kind: str


@dataclass(frozen=True)
class Batch:
    number: int
    arrivals: tuple[Arrival, ...]


def add(connection: Connection, arrivals: Sequence[Arrival], taken_until_ns: int) -> int:
    """Write a batch down, held for the caller until `taken_until_ns`, and return its number."""
    first = arrivals[0]
    body = zlib.compress(b"[" + b",".join(arrival.whole for arrival in arrivals) + b"]", 1)
    values = {"child": first.child, "received_ns": first.received_ns, "taken_until_ns": taken_until_ns}
    added = connection.execute(insert(journal).values(**values, size=len(body), body=body)).inserted_primary_key
    assert added is not None
    highest: dict[Name, Record] = {}
    for arrival in arrivals:
        record = arrival.record
        before = highest.get((record.origin, record.id))
        if before is None or before.revision < record.revision:
            highest[record.origin, record.id] = record
    connection.execute(
        insert(journal_key),
        [
            {
                "number": added[0], "id": record.id, "origin": record.origin, "revision": record.revision,
                "kind": str(record.kind),
            }
            for record in highest.values()
        ],
    )  # fmt: skip
    return int(added[0])


def waiting(connection: Connection, names: Iterable[Name]) -> dict[Name, Waiting]:
    """Which of these wait here."""
    wanted = set(names)
    ids = sorted({record_id for _, record_id in wanted})
    found: dict[Name, Waiting] = {}
    for start in range(0, len(ids), 500):
        rows = connection.execute(select(journal_key).where(journal_key.c.id.in_(ids[start : start + 500])))
        for row in rows:
            name = (row.origin, row.id)
            if name in wanted and (name not in found or found[name].revision < row.revision):
                found[name] = Waiting(row.revision, row.kind)
    return found


def keys(connection: Connection) -> set[Key]:
    """(origin, id, revision) of all that waits."""
    return {(row.origin, row.id, row.revision) for row in connection.execute(select(journal_key))}


def size(connection: Connection) -> int:
    """Bytes that wait. Read from an index over the sizes: one entry a batch."""
    return int(connection.execute(select(func.coalesce(func.sum(journal.c.size), 0))).scalar_one())


def next_batches(connection: Connection, now_ns: int) -> list[Batch]:
    """The oldest batches that no process holds, as many as make one good request, now held by the caller."""
    free = journal.c.taken_until_ns <= now_ns
    sizes = connection.execute(
        select(journal.c.number, journal.c.size).where(free).order_by(journal.c.number).limit(TAKE_BATCHES)
    ).all()
    numbers: list[int] = []
    room = TAKE_BYTES
    for number, packed in sizes:
        if numbers and packed > room:
            break
        numbers.append(number)
        room -= packed
    taken = update(journal).where(journal.c.number.in_(numbers), free).values(taken_until_ns=now_ns + HOLD_NS)
    if not numbers or connection.execute(taken).rowcount != len(numbers):
        return []
    rows = connection.execute(select(journal).where(journal.c.number.in_(numbers)).order_by(journal.c.number))
    return [Batch(row.number, _arrivals(row)) for row in rows]


def _arrivals(row: Row[Any]) -> tuple[Arrival, ...]:
    records = (Record.from_json(item) for item in json.loads(zlib.decompress(row.body)))
    return tuple(Arrival(record, row.child, row.received_ns) for record in records)


def let_go(connection: Connection, numbers: Sequence[int]) -> None:
    """Hold batches no longer: they could not be brought to the cluster now."""
    connection.execute(update(journal).where(journal.c.number.in_(numbers)).values(taken_until_ns=0))


def remove(connection: Connection, numbers: Sequence[int]) -> None:
    """The cluster has answered for every record of these batches."""
    connection.execute(delete(journal).where(journal.c.number.in_(numbers)))
    connection.execute(delete(journal_key).where(journal_key.c.number.in_(numbers)))
