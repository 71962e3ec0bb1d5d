"""What of a console is small and relational: one database, SQLite on one machine, PostgreSQL for several."""

from __future__ import annotations

from console.registry.database import Registry, RegistryError, open_registry

__all__ = ["Registry", "RegistryError", "open_registry"]
