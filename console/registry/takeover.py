"""What earlier consoles kept in files of their own comes into the registry, once."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table

from console.registry.database import Registry
from console.registry.errors import RegistryError
from console.registry.tables import account, attempt, node

log = logging.getLogger(__name__)
SET_ASIDE = ".taken-over"


def take_over_users(registry: Registry, path: Path) -> int:
    """Accounts and locks from the `users.sqlite` of earlier consoles; the file is set aside under a new name.

    Returns how many accounts came. One whose name the registry has already stays as the registry has it. Whoever is
    stopped half-way begins anew: the file moves only after the commit.

    Raises:
        RegistryError: the file cannot be read; it stays where it is.
    """
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(path, timeout=10)) as old:
            accounts = _rows(old, "SELECT name, password, role, created_s, epoch, last_login_s FROM users")
            attempts = _rows(old, "SELECT name, failures, last_s, locked_until_s FROM attempts")
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise RegistryError(f"{path}: its accounts cannot be taken over ({error}); mend it, or move it away") from None
    with registry.transaction() as connection:
        taken = _keep(registry, connection, account, accounts)
        _keep(registry, connection, attempt, attempts)
    with suppress(FileNotFoundError):  # another process took over at the same time
        path.rename(path.with_name(path.name + SET_ASIDE))
        log.warning("%s: %d accounts taken over into the registry, the file is set aside", path, len(taken))
    for name in sorted({str(row["name"]) for row in accounts} - taken):
        log.warning("account %s stands in the registry already and stays as it is there", name)
    return len(taken)


def take_over_nodes(registry: Registry, path: Path) -> int:
    """Credentials of children from the `store.sqlite` of earlier consoles, which kept them in a table of their own.

    Returns how many came. The old table goes only after the commit.

    Raises:
        RegistryError: the file cannot be read or written.
    """
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as old:
            if not _rows(old, "SELECT 1 AS x FROM sqlite_master WHERE type = 'table' AND name = 'node'"):
                return 0
            nodes = _rows(old, "SELECT name, kind, token_id, token_hash, added_ns, revoked_ns FROM node")
            with registry.transaction() as connection:
                taken = _keep(registry, connection, node, nodes)
            old.execute("DROP TABLE IF EXISTS node")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            log.error("%s: is damaged; credentials of children that it may have kept are not taken over", path)
            return 0  # what becomes of a damaged store is the store's business
        raise RegistryError(f"{path}: its nodes cannot be taken over ({error}); mend it, or move it away") from None
    for name in sorted({str(row["name"]) for row in nodes} - taken):
        log.warning("node %s stands in the registry already and stays as it is there", name)
    return len(taken)


def _rows(old: sqlite3.Connection, statement: str) -> list[dict[str, Any]]:
    found = old.execute(statement)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]


def _keep(registry: Registry, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Insert what is not there yet; the names of what came in."""
    kept = set()
    for row in rows:
        insert = registry.insert(table).values(**row).on_conflict_do_nothing().returning(table.c.name)
        if connection.execute(insert).first() is not None:
            kept.add(str(row["name"]))
    return kept
