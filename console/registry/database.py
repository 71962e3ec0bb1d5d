"""The registry's connection: one transaction at a time, durable when it returns, failures as one line for a person."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from console.registry.errors import RegistryError, explain, shown
from console.registry.migrate import migrate
from federation.database import begin_log

BUSY_TIMEOUT_S = 10
CONNECT_TIMEOUT_S = 5
CONNECTIONS = 16
"""open at a time in one process, threads and jobs together"""
_OPTIONS = {
    "synchronous_commit": "on",  # whatever the server's default: acknowledged means durable
    "lock_timeout": f"{BUSY_TIMEOUT_S}s",
    "statement_timeout": "20s",
    "idle_in_transaction_session_timeout": "60s",
}
_SERVER: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "application_name": "otus",
    "options": " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items()),
    "tcp_user_timeout": 15_000,  # a server whose machine vanished is given up after 15 s, not after two hours
    "keepalives_idle": 10,
}


class Registry:
    """An open registry. Safe to use from many threads and from many processes, not across a fork."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(reads=True)

    @property
    def shared(self) -> bool:
        """Whether consoles on several machines can use it."""
        return self._engine.dialect.name == "postgresql"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing. When the block ended without an error, it is on the disk.

        Raises:
            RegistryError: nothing of the block was kept. (`RegistryUnreachable` at the very end of the block: the
            answer to the commit got lost, so what is written here must bear being written again.)
        """
        with self._begin(self._engine) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One steady picture to read from, without waiting for writers."""
        with self._begin(self._reader) as connection:
            yield connection

    @contextmanager
    def _begin(self, engine: Engine) -> Iterator[Connection]:
        try:
            with engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise explain(error, engine.url) from None

    def insert(self, table: Table) -> Any:
        """An INSERT that knows ON CONFLICT in this database's words."""
        return postgresql.insert(table) if self.shared else sqlite.insert(table)

    def now_ms(self, connection: Connection) -> int:
        """The one clock of all who use this registry: the server's, or this machine's."""
        if not self.shared:
            return int(time.time() * 1000)
        return int(connection.execute(text("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)")).scalar_one())

    def now_s(self, connection: Connection) -> int:
        return self.now_ms(connection) // 1000

    def close(self) -> None:
        self._engine.dispose()


def open_registry(url: str | URL) -> Registry:
    """`sqlite:////var/lib/otus/registry.sqlite` or `postgresql://user:password@host/name`, brought to this version.

    Raises:
        RegistryError: the address is none, or it cannot be reached, written or brought to this version.
    """
    parsed = _parsed(url)
    try:
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    except ModuleNotFoundError:
        raise RegistryError("a registry on PostgreSQL needs its driver: pip install 'otus[postgresql]'") from None
    try:
        migrate(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise explain(error, parsed) from None
    except RegistryError:
        engine.dispose()
        raise
    return Registry(engine)


def _parsed(url: str | URL) -> URL:
    """An address that can be one. What is wrong with it is said without repeating it: it may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise RegistryError(f"the registry's address cannot be read; {_FORMS}") from None
    backend = parsed.drivername.partition("+")[0]
    if backend not in ("sqlite", "postgresql"):
        raise RegistryError(f"a registry is kept in SQLite or PostgreSQL, not in {backend!r}; {_FORMS}")
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise RegistryError(f"the registry's address names no file; {_FORMS}")
        return parsed.set(drivername="sqlite")
    if "@" in (parsed.host or ""):
        raise RegistryError("the registry's address has two '@'; in a password write '@' as %40 and '/' as %2F")
    if not parsed.database:
        raise RegistryError(f"registry {shown(parsed)}: the address names no database; {_FORMS}")
    return parsed.set(drivername="postgresql+psycopg")


_FORMS = "write sqlite:////folder/registry.sqlite or postgresql://user:password@host/database"


def _postgresql(url: URL) -> Engine:
    chosen = {name: value for name, value in _SERVER.items() if name not in url.query}
    return create_engine(
        url, pool_pre_ping=True, pool_size=CONNECTIONS // 2, max_overflow=CONNECTIONS // 2,
        pool_timeout=BUSY_TIMEOUT_S, connect_args=chosen, hide_parameters=True,
    )  # fmt: skip


def _sqlite(url: URL) -> Engine:
    _private_file(url)
    engine = create_engine(
        url, pool_size=CONNECTIONS // 2, max_overflow=CONNECTIONS // 2, pool_timeout=BUSY_TIMEOUT_S,
        connect_args={"timeout": BUSY_TIMEOUT_S}, hide_parameters=True,
    )  # fmt: skip
    event.listen(engine, "connect", _durable)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _private_file(url: URL) -> None:
    """The file is its owner's alone from its first moment: it holds password hashes and the sessions' key."""
    path = Path(str(url.database))
    if url.query or path.exists():
        return
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise RegistryError(
            f"registry {path}: {error.strerror}; does the folder exist, and may this user write there?"
        ) from None


def _durable(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; we do, also before CREATE TABLE
    begin_log(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the writer's place at once: two that read first and write later would refuse each other.
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reads") else "BEGIN IMMEDIATE")
