"""Statements that the embedded store's file and the registry beside a cluster both understand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Run = Callable[[str, Mapping[str, Any]], Sequence[Sequence[Any]]]
"""Executes one statement with named values (`:name`) and gives its rows."""


def run_on(db: sqlite3.Connection) -> Run:
    def run(statement: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        return db.execute(statement, values).fetchall()

    return run


def asked(text: str) -> str:
    """What somebody asks for, as a database takes it: half a surrogate pair or a zero byte finds nothing."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
