"""What an installation may leave out, and the line for whoever calls a command that needs it."""

from __future__ import annotations

from collections.abc import Mapping

EXTRA_OF: Mapping[str, str] = {
    "pyarrow": "columns",
    "cryptography": "packs",
    "numpy": "anomaly",
    "sklearn": "anomaly",
    "skops": "anomaly",
    "flask": "console",
    "flask_login": "console",
    "flask_wtf": "console",
    "flask_babel": "console",
    "argon2": "console",
    "gunicorn": "console",
    "sqlalchemy": "console",
    "alembic": "console",
    "elasticsearch": "elastic",
    "orjson": "elastic",
    "psycopg": "postgresql",
    "pymodbus": "range",
    "snap7": "range",
    "asyncua": "range",
}
"""Module → the extra of pyproject.toml that brings it."""


def missing(error: ModuleNotFoundError) -> str | None:
    """The line, or None where the module belongs to no extra: then something is broken, not left out."""
    name = (error.name or "").partition(".")[0]
    extra = EXTRA_OF.get(name)
    return None if extra is None else f"this needs {name}, which is not installed: pip install 'otus[{extra}]'"
