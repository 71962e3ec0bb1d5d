"""Many rows at once: into one table, in one, or out of it. A statement for a hundred rows costs half of a hundred
statements, and lets other threads work meanwhile. It must be one statement, and what it finds one row: Python's
interpreter lends out its lock for each statement and each row of an answer, and where another thread computes it has to
be waited for each time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec

SIZES = (1, 2, 4, 8, 16, 32, *range(64, 513, 64))
"""Rows of a statement, up to 512, for which SQLite has places enough: few forms, for each is prepared and kept. What is
short of one is filled up with empty rows. A statement for many rows saves the pages it changes besides, to be undone by
itself: the fewer statements, the fewer times."""

Rows = Sequence[Sequence[Any]]
"""of one width; the first value of each is something"""

_read = msgspec.json.Decoder(list[list[Any]]).decode


def insert(db: sqlite3.Connection, into: str, rows: Rows, on_conflict: str = "") -> None:
    """`into` is what stands between INSERT and VALUES. Inserted in the order of `rows`."""
    for part in _filled_up(rows):
        if len(part) == 1:
            db.execute(f"INSERT {into} VALUES {_places(part)} {on_conflict}", part[0])
            continue
        told = f"WITH told AS (VALUES {_places(part)})"
        db.execute(
            f"{told} INSERT {into} SELECT * FROM told WHERE column1 IS NOT NULL {on_conflict}",
            list(chain.from_iterable(part)),
        )


def update(db: sqlite3.Connection, table: str, columns: Sequence[str], rows: Rows) -> None:
    """Each row is the number of the one to change, then the new values of `columns`. No number may come twice."""
    settings = ", ".join(f"{name} = told.column{place}" for place, name in enumerate(columns, 2))
    for part in _filled_up(rows):
        db.execute(
            f"WITH told AS (VALUES {_places(part)}) UPDATE {table} SET {settings} FROM told"
            " WHERE number = told.column1",
            list(chain.from_iterable(part)),
        )


def look_up(db: sqlite3.Connection, columns: str, tables: str, asked: Rows) -> list[list[Any]]:
    """`columns` (texts and numbers) of what `tables` have for the rows of `asked`, which is a table of that name among
    them (`column1`, …)."""
    found: list[list[Any]] = []
    for part in _filled_up(list(dict.fromkeys(map(tuple, asked)))):
        statement = (
            f"WITH asked AS (VALUES {_places(part)}) SELECT json_group_array(json_array({columns})) FROM {tables}"
        )
        found += _read(db.execute(statement, list(chain.from_iterable(part))).fetchone()[0])
    return found


def _filled_up(rows: Rows) -> Iterator[Rows]:
    """Parts of one of the sizes, the last filled up with rows that are nothing and find nothing."""
    for start in range(0, len(rows), SIZES[-1]):
        part = rows[start : start + SIZES[-1]]
        size = next(size for size in SIZES if size >= len(part))
        yield [*part, *[(None,) * len(part[0])] * (size - len(part))]


def _places(rows: Rows) -> str:
    return ", ".join([f"({', '.join('?' * len(rows[0]))})"] * len(rows))
