"""Many rows into one table. A statement for a hundred rows costs half of a hundred statements, and lets other threads
work meanwhile: Python's interpreter is asked for its lock after each statement, and a thread that computes lends it
out for milliseconds only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

AT_ONCE = 100


def insert(db: sqlite3.Connection, into: str, rows: Sequence[Sequence[Any]], on_conflict: str = "") -> None:
    """`into` is what stands between INSERT and VALUES. Inserted in the order of `rows`, which are of one width."""
    if not rows:
        return
    place = f"({', '.join('?' * len(rows[0]))})"
    whole = len(rows) - len(rows) % AT_ONCE
    if whole:
        many = f"INSERT {into} VALUES {', '.join([place] * AT_ONCE)} {on_conflict}"
        for start in range(0, whole, AT_ONCE):
            db.execute(many, list(chain.from_iterable(rows[start : start + AT_ONCE])))
    db.executemany(f"INSERT {into} VALUES {place} {on_conflict}", rows[whole:])
