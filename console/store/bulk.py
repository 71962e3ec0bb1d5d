"""Many rows at once: into one table, in one, or out of it. A statement for a hundred rows costs half of a hundred
statements, and lets other threads work meanwhile: Python's interpreter is asked for its lock after each statement, and
a thread that computes lends it out for milliseconds only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

AT_ONCE = 100

Rows = Sequence[Sequence[Any]]
"""of one width"""


def insert(db: sqlite3.Connection, into: str, rows: Rows, on_conflict: str = "") -> None:
    """`into` is what stands between INSERT and VALUES. Inserted in the order of `rows`."""
    if not rows:
        return
    place = _place(rows[0])
    whole = len(rows) - len(rows) % AT_ONCE
    if whole:
        many = f"INSERT {into} VALUES {', '.join([place] * AT_ONCE)} {on_conflict}"
        for start in range(0, whole, AT_ONCE):
            db.execute(many, list(chain.from_iterable(rows[start : start + AT_ONCE])))
    db.executemany(f"INSERT {into} VALUES {place} {on_conflict}", rows[whole:])


def update(db: sqlite3.Connection, table: str, columns: Sequence[str], rows: Rows) -> None:
    """Each row is the number of the one to change, then the new values of `columns`. No number may come twice."""
    settings = ", ".join(f"{name} = told.column{place}" for place, name in enumerate(columns, 2))
    for padded in _hundreds(rows):
        values = ", ".join([_place(padded[0])] * AT_ONCE)
        db.execute(
            f"WITH told AS (VALUES {values}) UPDATE {table} SET {settings} FROM told WHERE number = told.column1",
            list(chain.from_iterable(padded)),
        )


def look_up(db: sqlite3.Connection, select: str, asked: Rows) -> list[tuple[Any, ...]]:
    """What `select` finds for the rows of `asked`, which it has as a table of that name (`column1`, …)."""
    found: list[tuple[Any, ...]] = []
    for padded in _hundreds(list(dict.fromkeys(map(tuple, asked)))):
        values = ", ".join([_place(padded[0])] * AT_ONCE)
        rows = db.execute(f"WITH asked AS (VALUES {values}) {select}", list(chain.from_iterable(padded))).fetchall()
        found += rows
    return found


def _hundreds(rows: Rows) -> Iterator[Rows]:
    """A hundred at a time, for one statement to prepare; the last ones are filled up with what finds nothing."""
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        yield [*part, *[(None,) * len(part[0])] * (AT_ONCE - len(part))]


def _place(row: Sequence[Any]) -> str:
    return f"({', '.join('?' * len(row))})"
