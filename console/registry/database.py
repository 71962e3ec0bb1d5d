"""The registry's connection: one transaction at a time, durable when it returns, failures as one line for a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError


class RegistryError(RuntimeError):
    """The registry cannot be opened, read or written; the message is one line with the way out."""


class Registry:
    """An open registry. Safe to use from many threads and from many processes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing. When the block ended without an error, it is on the disk.

        Raises:
            RegistryError: nothing of the block was kept.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise RegistryError(f"{self.engine.url.render_as_string(hide_password=True)}: {error.orig}") from None

    def close(self) -> None:
        self.engine.dispose()


def open_registry(url: str) -> Registry:
    """`sqlite:////var/lib/otus/registry.sqlite` or `postgresql+psycopg://user@host/name`.

    Raises:
        RegistryError: the URL names no database, or it cannot be reached.
    """
    try:
        engine = create_engine(url, pool_pre_ping=True)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _durable)
        with engine.connect():
            pass
    except (ArgumentError, SQLAlchemyError) as error:
        raise RegistryError(f"the registry cannot be opened: {str(error).splitlines()[0]}") from None
    return Registry(engine)


def _durable(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
