"""The child nodes of one console and their credentials: who may report here, and as whom."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from console.store import StoreError, StoreFull, schema
from federation.database import DatabaseError, DatabaseFull, open_reader, open_writer, transaction
from sensor.schema.shape import known_name

KINDS = ("sensor", "console")

_NOBODY = hashlib.sha256(b"no such token").digest()


@dataclass(frozen=True)
class Node:
    name: str
    kind: str
    added_ns: int
    revoked_ns: int | None = None


class Nodes:
    """Keeps tokens only as SHA-256 (they are 256 random bits: nothing to guess), in the file of the console's store."""

    def __init__(self, path: Path, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._path = path
        self._clock_ns = clock_ns
        self._lock = threading.Lock()
        self._reader: sqlite3.Connection | None = None
        try:
            with closing(open_writer(path)) as db, transaction(db, path):
                schema.create(db)
        except DatabaseError as error:
            raise _store_error(error) from None
        except ValueError as error:
            raise StoreError(f"{path}: {error}") from None

    def add(self, name: str, kind: str = "sensor") -> str:
        """Enrol a child and return its token, shown this once. A known name gets a new token and the old one ends.

        Raises:
            ValueError: the name or the kind cannot be one, or another child already reports for that name.
        """
        if not known_name(name):
            raise ValueError(f"{name!r}: a node's name has 1 to 64 letters, digits, '.', '-', '_', and is no address")
        if kind not in KINDS:
            raise ValueError(f"{kind!r}: a child is one of {', '.join(KINDS)}")
        token_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        token = f"otus_{token_id}_{secret}"
        try:
            with closing(open_writer(self._path)) as db, transaction(db, self._path):
                owner = db.execute("SELECT child FROM origin WHERE name = ?", (name,)).fetchone()
                if owner is not None and owner[0] != name:
                    raise ValueError(f"{name!r}: child {owner[0]} already reports for this name; choose another")
                db.execute("INSERT OR REPLACE INTO origin VALUES (?, ?)", (name, name))
                db.execute(
                    "INSERT OR REPLACE INTO node VALUES (?, ?, ?, ?, ?, NULL)",
                    (name, kind, token_id, _hash(token), self._clock_ns()),
                )
        except DatabaseError as error:
            raise _store_error(error) from None
        return token

    def revoke(self, name: str) -> bool:
        """End a child's credential; what it sent stays. Returns whether there was one."""
        try:
            with closing(open_writer(self._path)) as db, transaction(db, self._path):
                changed = db.execute(
                    "UPDATE node SET revoked_ns = ? WHERE name = ? AND revoked_ns IS NULL", (self._clock_ns(), name)
                )
                return changed.rowcount > 0
        except DatabaseError as error:
            raise _store_error(error) from None

    def list(self) -> tuple[Node, ...]:
        """Every child ever enrolled, by name."""
        try:
            with closing(open_reader(self._path)) as db:
                rows = db.execute("SELECT name, kind, added_ns, revoked_ns FROM node ORDER BY name").fetchall()
        except DatabaseError as error:
            raise _store_error(error) from None
        return tuple(Node(*row) for row in rows)

    def authenticate(self, token: str) -> Node | None:
        """The child a token stands for, or None. Compares in constant time, for unknown and revoked ones too."""
        parts = token.split("_", 2)
        token_id = parts[1] if len(parts) == 3 and parts[0] == "otus" else ""
        try:
            with self._lock:
                if self._reader is None:
                    self._reader = open_reader(self._path)
                row = self._reader.execute(
                    "SELECT name, kind, added_ns, revoked_ns, token_hash FROM node WHERE token_id = ?", (token_id,)
                ).fetchone()
        except DatabaseError as error:
            raise _store_error(error) from None
        same = hmac.compare_digest(_hash(token), _NOBODY if row is None else row[4])
        if row is None or not same or row[3] is not None:
            return None
        return Node(*row[:4])

    def close(self) -> None:
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _store_error(error: DatabaseError) -> StoreError:
    return StoreFull(str(error)) if isinstance(error, DatabaseFull) else StoreError(str(error))
