"""A few things the embedded store knows about itself, by name, as JSON."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

TABLE = "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"


def fact(db: sqlite3.Connection, name: str) -> Any:
    """What is known by this name, or None."""
    row = db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
    return None if row is None else json.loads(row[0])


def set_fact(db: sqlite3.Connection, name: str, value: Any) -> None:
    """None forgets. What is known already is not written again: the disk may be full."""
    if value == fact(db, name):
        return
    if value is None:
        db.execute("DELETE FROM fact WHERE name = ?", (name,))
    else:
        db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, json.dumps(value, ensure_ascii=False)))
