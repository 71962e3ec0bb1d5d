"""Who is logged in: a list in the registry, which every process knows; who ends a session ends it everywhere.

The browser's cookie carries a random key; the registry keeps only its SHA-256, and a copy of the registry opens no
session.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress

from sqlalchemy import or_, select

from console.registry import Registry, RegistryBusy, RegistryFull, RegistryReadOnly
from console.registry.tables import account, login_session
from console.users import USER_COLUMNS, User, read_user

MAX_PER_ACCOUNT = 50
"""sessions of one account; the one that was quiet longest ends"""
TOUCH_S = 60
"""a click is written down at most this often: idle time-outs are exact to a minute, and reading pages writes little"""


class Sessions:
    """All sessions of a console. Safe to use from many threads and processes."""

    def __init__(self, registry: Registry, *, idle_s: int, longest_s: int) -> None:
        self._registry = registry
        self._idle_s, self._longest_s = idle_s, longest_s
        self._touch_s = min(TOUCH_S, idle_s // 10)

    def begin(self, user: User) -> str:
        """Begin a session and return its key. It lasts while the account keeps its present password."""
        key = secrets.token_urlsafe(32)
        with self._registry.transaction() as connection:
            now_s = self._registry.now_s(connection)
            connection.execute(
                login_session.insert().values(
                    key_hash=_hash(key), name=user.name, epoch=user.epoch, began_s=now_s, active_s=now_s
                )
            )
            quiet = (
                select(login_session.c.key_hash)
                .where(login_session.c.name == user.name)
                .order_by(login_session.c.active_s.desc())
                .offset(MAX_PER_ACCOUNT)
            )
            connection.execute(login_session.delete().where(login_session.c.key_hash.in_(quiet)))
        return key

    def find(self, key: str, *, click: bool) -> User | None:
        """Whose session it is, or None where it ended. A click keeps it alive; a page refreshing itself does not."""
        wanted = login_session.c.key_hash == _hash(key)
        with self._registry.reading() as connection:
            now_s = self._registry.now_s(connection)
            row = connection.execute(
                select(*USER_COLUMNS, login_session.c.began_s, login_session.c.active_s)
                .join(login_session, login_session.c.name == account.c.name)
                .where(wanted, login_session.c.epoch == account.c.epoch)
            ).first()
        if row is None or now_s - row.active_s > self._idle_s or now_s - row.began_s > self._longest_s:
            return None
        if click and now_s - row.active_s >= self._touch_s:
            # Where nothing can be written people go on reading, until their sessions end by themselves.
            with suppress(RegistryFull, RegistryReadOnly, RegistryBusy), self._registry.transaction() as connection:
                connection.execute(login_session.update().where(wanted).values(active_s=now_s))
        return read_user(row)

    def end(self, key: str) -> None:
        """End one session, in every process at once."""
        with self._registry.transaction() as connection:
            connection.execute(login_session.delete().where(login_session.c.key_hash == _hash(key)))

    def end_all(self, name: str) -> int:
        """End every session of an account; returns how many there were."""
        with self._registry.transaction() as connection:
            return connection.execute(login_session.delete().where(login_session.c.name == name)).rowcount

    def forget_ended(self) -> None:
        """Let go of what has ended by itself: idle for too long, too old, or begun with an earlier password."""
        with self._registry.transaction() as connection:
            now_s = self._registry.now_s(connection)
            epoch = select(account.c.epoch).where(account.c.name == login_session.c.name).scalar_subquery()
            connection.execute(
                login_session.delete().where(
                    or_(
                        login_session.c.active_s < now_s - self._idle_s,
                        login_session.c.began_s < now_s - self._longest_s,
                        login_session.c.epoch != epoch,
                    )
                )
            )


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
