"""The tables of orders in the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from console.store.sql import Run


def run_on(connection: Connection) -> Run:
    def run(statement: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        answer = connection.execute(text(statement), values)
        return [tuple(row) for row in answer] if answer.returns_rows else []

    return run


def alone(connection: Connection) -> None:
    """Of all processes one at a time writes here, until its commit: a place that is larger was committed later."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE orders IN EXCLUSIVE MODE"))
