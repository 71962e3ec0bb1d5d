"""What of a console is small and relational: one database, SQLite on one machine, PostgreSQL for several."""

from __future__ import annotations

from console.registry.database import Registry, open_registry
from console.registry.errors import (
    RegistryBusy,
    RegistryDenied,
    RegistryError,
    RegistryFull,
    RegistryNewer,
    RegistryReadOnly,
    RegistryUnfinished,
    RegistryUnreachable,
)

__all__ = [
    "Registry",
    "RegistryBusy",
    "RegistryDenied",
    "RegistryError",
    "RegistryFull",
    "RegistryNewer",
    "RegistryReadOnly",
    "RegistryUnfinished",
    "RegistryUnreachable",
    "open_registry",
]
