"""Many rows at once: into one table, in one, or out of it. A statement for a hundred rows costs half of a hundred
statements, and lets other threads work meanwhile: Python's interpreter is asked for its lock after each statement, and
a thread that computes lends it out for milliseconds only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

SIZES = tuple(2**power for power in range(9, -1, -1))
"""Rows of a statement, from 512, for which SQLite has places enough, down: few forms, for each is prepared and kept. A
statement for many rows saves the pages it changes besides, to be undone by itself: the fewer statements, the fewer
times."""

Rows = Sequence[Sequence[Any]]
"""of one width"""


def insert(db: sqlite3.Connection, into: str, rows: Rows, on_conflict: str = "") -> None:
    """`into` is what stands between INSERT and VALUES. Inserted in the order of `rows`."""
    start = 0
    for size in SIZES:
        while len(rows) - start >= size:
            part = rows[start : start + size]
            db.execute(f"INSERT {into} VALUES {_places(part)} {on_conflict}", list(chain.from_iterable(part)))
            start += size


def update(db: sqlite3.Connection, table: str, columns: Sequence[str], rows: Rows) -> None:
    """Each row is the number of the one to change, then the new values of `columns`. No number may come twice."""
    settings = ", ".join(f"{name} = told.column{place}" for place, name in enumerate(columns, 2))
    for part in _filled_up(rows):
        db.execute(
            f"WITH told AS (VALUES {_places(part)}) UPDATE {table} SET {settings} FROM told"
            " WHERE number = told.column1",
            list(chain.from_iterable(part)),
        )


def look_up(db: sqlite3.Connection, select: str, asked: Rows) -> list[tuple[Any, ...]]:
    """What `select` finds for the rows of `asked`, which it has as a table of that name (`column1`, …)."""
    found: list[tuple[Any, ...]] = []
    for part in _filled_up(list(dict.fromkeys(map(tuple, asked)))):
        statement = f"WITH asked AS (VALUES {_places(part)}) {select}"
        found += db.execute(statement, list(chain.from_iterable(part))).fetchall()
    return found


def _filled_up(rows: Rows) -> Iterator[Rows]:
    """Parts of one of the sizes, the last filled up with rows that find nothing."""
    for start in range(0, len(rows), SIZES[0]):
        part = rows[start : start + SIZES[0]]
        size = min(size for size in SIZES if size >= len(part))
        yield [*part, *[(None,) * len(part[0])] * (size - len(part))]


def _places(rows: Rows) -> str:
    return ", ".join([f"({', '.join('?' * len(rows[0]))})"] * len(rows))
