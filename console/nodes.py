"""The child nodes of one console and their credentials: who may report here, and as whom."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import func, select

from console.registry import Registry
from console.registry.tables import node
from console.store.admission import HERE
from sensor.schema.shape import known_name

KINDS = ("sensor", "console")

_NOBODY = hashlib.sha256(b"no such token").digest()
_MARK = select(
    func.count(),
    func.count(node.c.revoked_ns),
    func.sum(node.c.added_ns // 1_000_000),
    func.sum(node.c.revoked_ns // 1_000_000),
)
"""Other than before when a child was enrolled, got a new token, or was revoked: whichever process did it."""
_COLUMNS = (node.c.name, node.c.kind, node.c.added_ns, node.c.revoked_ns)


class BindsOrigins(Protocol):
    """The store, as far as enrolling needs it: it keeps who reports for whom."""

    def bind_origin(self, origin: str, child: str) -> str: ...


@dataclass(frozen=True)
class Node:
    name: str
    kind: str
    added_ns: int
    revoked_ns: int | None = None


class Nodes:
    """Keeps tokens only as SHA-256 (they are 256 random bits: nothing to guess). Implements `EnrolledNodes`."""

    def __init__(self, registry: Registry, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._registry = registry
        self._clock_ns = clock_ns
        self._listed: tuple[tuple[object, ...], tuple[Node, ...]] = ((), ())

    def add(self, store: BindsOrigins, name: str, kind: str = "sensor") -> str:
        """Enrol a child and return its token, shown this once. A known name gets a new token and the old one ends.

        Its name is bound in the store first: stopped between the two, it is reserved and nobody can use it yet.

        Raises:
            ValueError: the name or the kind cannot be one, or another child already reports for that name.
        """
        if not known_name(name):
            raise ValueError(f"{name!r}: a node's name has 1 to 64 letters, digits, '.', '-', '_', and is no address")
        if kind not in KINDS:
            raise ValueError(f"{kind!r}: a child is one of {', '.join(KINDS)}")
        owner = store.bind_origin(name, name)
        if owner == HERE:
            raise ValueError(f"{name!r}: so a parent calls this node itself; choose another name")
        if owner != name:
            raise ValueError(f"{name!r}: child {owner} already reports for this name; choose another")
        token_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        token = f"otus_{token_id}_{secret}"
        values = {
            "kind": kind, "token_id": token_id, "token_hash": _hash(token),
            "added_ns": self._clock_ns(), "revoked_ns": None,
        }  # fmt: skip
        with self._registry.transaction() as connection:
            connection.execute(
                self._registry.insert(node)
                .values(name=name, **values)
                .on_conflict_do_update(index_elements=[node.c.name], set_=values)
            )
        return token

    def revoke(self, name: str) -> bool:
        """End a child's credential; what it sent stays. Returns whether there was one."""
        with self._registry.transaction() as connection:
            ended = node.update().where(node.c.name == name, node.c.revoked_ns.is_(None))
            return connection.execute(ended.values(revoked_ns=self._clock_ns())).rowcount > 0

    def kind_of(self, name: str) -> str | None:
        """`sensor` or `console`, also of one that was revoked; None: never enrolled here."""
        with self._registry.reading() as connection:
            return connection.execute(select(node.c.kind).where(node.c.name == name)).scalar()

    def list(self) -> tuple[Node, ...]:
        """Every child ever enrolled, by name. Read again only when something about them changed."""
        with self._registry.reading() as connection:
            mark = tuple(connection.execute(_MARK).one())
            known = self._listed
            if mark == known[0]:
                return known[1]
            rows = connection.execute(select(*_COLUMNS)).all()
        # In the same order whatever the server's language.
        found = tuple(sorted((Node(*row) for row in rows), key=lambda found: found.name))
        self._listed = (mark, found)
        return found

    def authenticate(self, token: str) -> Node | None:
        """The child a token stands for, or None. Compares in constant time, for unknown and revoked ones too."""
        parts = token.split("_", 2)
        token_id = parts[1] if len(parts) == 3 and parts[0] == "otus" and parts[1].isalnum() else ""
        with self._registry.reading() as connection:
            row = connection.execute(select(*_COLUMNS, node.c.token_hash).where(node.c.token_id == token_id)).first()
        same = hmac.compare_digest(_hash(token), _NOBODY if row is None else row[4])
        if row is None or not same or row[3] is not None:
            return None
        return Node(*row[:4])


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
