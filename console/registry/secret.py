"""Secrets that all processes of a console share."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from console.registry.database import Registry
from console.registry.tables import secret

SECRET_BYTES = 32


def shared_secret(registry: Registry, name: str, first: bytes | None = None) -> bytes:
    """Random bytes under a name: made once, by whoever asks first (or `first`), the same for all who ask later."""
    with registry.transaction() as connection:
        connection.execute(
            registry.insert(secret)
            .values(name=name, value=first or secrets.token_bytes(SECRET_BYTES))
            .on_conflict_do_nothing()
        )
        return bytes(connection.execute(select(secret.c.value).where(secret.c.name == name)).scalar_one())
