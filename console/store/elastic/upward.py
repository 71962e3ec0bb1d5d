"""The queue to the parents, in the registry's own file, so that keeping a record and queueing it is one commit.

The queue's tables are SQLite's (`federation.spool_tables`); where the registry is PostgreSQL, a console with parents is
refused at its start.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from sqlalchemy import Connection

from console.registry import Registry
from console.store import StoreError
from console.store.rows import DeadLetter
from federation import spool_schema, spool_tables
from sensor.schema import Record


class Upward:
    """Does nothing where there is no parent and no SQLite."""

    def __init__(self, registry: Registry, parents: Sequence[str]) -> None:
        with registry.transaction() as connection:
            self._here = connection.dialect.name == "sqlite"
            if parents and not self._here:
                raise StoreError(
                    f"this console reports to {', '.join(parents)}, and its registry is PostgreSQL: not supported yet;"
                    " give it a registry on SQLite, or no parent"
                )
            self.path = Path(str(connection.engine.url.database)) if self._here else None
            """the file the relay reads the queue from; None: there is no queue"""
            if self._here:
                try:
                    spool_schema.create(_sqlite(connection))
                except ValueError as error:
                    raise StoreError(f"{self.path}: {error}") from None
                spool_tables.add_parents(_sqlite(connection), parents)

    def append(self, connection: Connection, records: Sequence[Record]) -> None:
        if self._here:
            spool_tables.append(_sqlite(connection), records)

    def pending(self, connection: Connection) -> Mapping[str, int]:
        """Parent → records that wait for its answer."""
        if not self._here:
            return {}
        rows = connection.exec_driver_sql(
            "SELECT name, (SELECT count(*) FROM spool_pending WHERE parent = name) FROM spool_parent ORDER BY name"
        )
        return {str(name): int(number) for name, number in rows}

    def dead_letters(self, connection: Connection, limit: int) -> list[DeadLetter]:
        """What parents refused, the newest first."""
        if not self._here:
            return []
        rows = connection.exec_driver_sql(
            "SELECT parent, origin, id, revision, reason, at_ns FROM spool_dead ORDER BY at_ns DESC LIMIT ?", (limit,)
        )
        return [DeadLetter("outgoing", *row) for row in rows]


def _sqlite(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)
