"""What can go wrong with the registry, told apart by what a person must do; each message one line with the way out."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from federation.database import DatabaseBusy, DatabaseFull
from federation.database import explain as explain_sqlite


class RegistryError(RuntimeError):
    """The registry cannot be opened, read or written."""


class RegistryUnreachable(RegistryError):
    """No connection, or it broke. Start the server, or mend what is between; the console goes on by itself."""


class RegistryDenied(RegistryError):
    """The server answers and lets us not in. Mend the account, its password, its rights or the database's name."""


class RegistryFull(RegistryError):
    """The disk is full. Free some space."""


class RegistryReadOnly(RegistryError):
    """It can be read and not written. Give the primary's address, or mend the file's owner and mode."""


class RegistryBusy(RegistryError):
    """Somebody else held it for too long. Ask again."""


class RegistryNewer(RegistryError):
    """A newer Otus has written it. Start that version."""


class RegistryUnfinished(RegistryError):
    """Its tables are not those of its version: half a migration, or half a restore. Restore a backup."""


_DENIED = {"28", "3D", "42501"}
_FULL = {"53100"}
_READ_ONLY = {"25006"}
_BUSY = {"55P03", "57014", "40001", "40P01", "53300", "25P03"}
# While connecting there is no code, only the server's text, in the server's language.
_SAYS_DENIED = (
    "authentication failed", "no password supplied", "does not exist", "pg_hba.conf", "permission denied",
    "认证失败", "不存在",
)  # fmt: skip
_SAYS_BUSY = ("too many clients", "too many connections", "remaining connection slots")


def shown(url: URL) -> str:
    """An address as it may stand in a message: without password, and without options, where one may hide."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    user = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{user}{url.host or ''}{port}/{url.database or ''}"


def explain(error: SQLAlchemyError, url: URL) -> RegistryError:
    """The same as one line, of the class a program acts on."""
    if isinstance(error, NoConnectionFree):
        return RegistryBusy(f"registry {shown(url)}: all connections are in use; ask again")
    cause = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(cause, sqlite3.Error):
        return _sqlite(cause, Path(str(url.database)))
    text = _first_line(cause or error)
    return _postgresql(cause, text, f"registry {shown(url)}")


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _sqlite(cause: sqlite3.Error, path: Path) -> RegistryError:
    found = explain_sqlite(cause, path)
    primary = (getattr(cause, "sqlite_errorcode", 0) or 0) & 0xFF
    kind: type[RegistryError] = RegistryError
    if isinstance(found, DatabaseFull):
        kind = RegistryFull
    elif isinstance(found, DatabaseBusy):
        kind = RegistryBusy
    elif primary == sqlite3.SQLITE_READONLY:
        kind = RegistryReadOnly
    elif primary == sqlite3.SQLITE_CANTOPEN:
        kind = RegistryUnreachable
    return kind(f"registry {found}")


def _postgresql(cause: BaseException | None, text: str, where: str) -> RegistryError:
    state = str(getattr(cause, "sqlstate", None) or "")
    if state[:2] in _DENIED or state in _DENIED or (not state and any(words in text for words in _SAYS_DENIED)):
        return RegistryDenied(f"{where}: not let in ({text}); check user, password, database and pg_hba.conf")
    if state in _FULL:
        return RegistryFull(f"{where}: the server's disk is full ({text}); free some space")
    if state in _READ_ONLY:
        return RegistryReadOnly(f"{where}: cannot be written ({text}); give the address of the primary")
    if state in _BUSY or (not state and any(words in text for words in _SAYS_BUSY)):
        return RegistryBusy(f"{where}: was held by another for too long ({text}); ask again")
    if not state or state[:2] in ("08", "57"):
        return RegistryUnreachable(f"{where}: no connection ({text}); is the server running and reachable?")
    return RegistryError(f"{where}: {text}")
