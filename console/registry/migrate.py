"""Bring a registry to this version: at each opening, in one transaction, one process at a time."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from console.registry.errors import (
    RegistryBusy,
    RegistryDenied,
    RegistryFull,
    RegistryNewer,
    RegistryReadOnly,
    RegistryUnfinished,
    RegistryUnreachable,
    explain,
    shown,
)
from console.registry.tables import metadata

FOLDER = Path(__file__).parent / "migrations"
VERSION_TABLE = "registry_version"
WAIT_S = 300
"""how long a console waits at its start for another that brings the registry to its version"""
_LOCK = 0x4F747573
"""PostgreSQL's number for the lock under which one process migrates ("Otus")"""


def versions() -> list[str]:
    """Every version there was, oldest first: `r0001_accounts.py` is 0001."""
    return sorted(path.stem[1:5] for path in (FOLDER / "versions").glob("r[0-9]*.py"))


def migrate(engine: Engine, target: str | None = None) -> None:
    """Take the steps from the version that is there to `target` (None: this program's).

    Both engines make and change tables inside transactions: what a killed process began is undone by the database.

    Raises:
        RegistryNewer, RegistryUnfinished, RegistryReadOnly: nothing was changed.
    """
    target = target or versions()[-1]
    where = shown(engine.url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # A step over a large table takes longer than anything else may, and who comes second waits for it.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_S}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = _found(connection, where)
        if found == target:
            # Changes nothing, and finds out now whether something could be changed.
            connection.execute(text(f"DELETE FROM {VERSION_TABLE} WHERE version_num = ''"))
            return
        try:
            _upgrade(connection, target)
        except DBAPIError as error:
            told = explain(error, engine.url)
            if isinstance(told, RegistryUnreachable | RegistryDenied | RegistryFull | RegistryReadOnly | RegistryBusy):
                raise told from None
            raise RegistryUnfinished(
                f"{told}; the step from version {found or 'none'} to {target} cannot be taken, nothing was changed: "
                "restore the backup made before"
            ) from None


def _found(connection: Connection, where: str) -> str | None:
    """The version that is there, None for an empty database; refused where the tables are not those of a version."""
    present = set(inspect(connection).get_table_names())
    ours = sorted(present & set(metadata.tables))
    if VERSION_TABLE not in present:
        if ours:
            raise RegistryUnfinished(
                f"registry {where}: has the table {ours[0]} and no version, as half a restore leaves it;"
                " restore the backup whole, or give an empty database"
            )
        return None
    row = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).first()
    found = None if row is None else str(row[0])
    known = versions()
    if found is not None and found not in known:
        raise RegistryNewer(
            f"registry {where}: was written by a newer Otus (registry version {found[:20]}, this one reads"
            f" {known[-1]}); start that version"
        )
    missing = sorted(set(metadata.tables) - present)
    if (found is None and ours) or (found == known[-1] and missing):
        raise RegistryUnfinished(
            f"registry {where}: says version {found or 'none'} and has not its tables"
            f" ({', '.join(missing) or 'some are too many'}); restore the backup whole"
        )
    return found


def _upgrade(connection: Connection, target: str) -> None:
    from alembic import command  # a third of a second, and needed only when there is a step to take
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)
