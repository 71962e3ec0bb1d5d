"""Accounts of one console, in its registry.

Passwords are kept as argon2id. After `lock_after` wrong passwords in a row a name is locked for a while, whatever
address the attempts came from and whichever process they reached; while it is locked even the right password is
refused, so that guessing gains nothing. A name that has no account is locked just the same: the answers do not tell
which names exist.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from console.registry import Registry
from console.registry.tables import account, attempt

MAX_ATTEMPTS = 10_000
"""names whose failed logins are remembered; beyond it the oldest are forgotten"""
KEEP_ATTEMPTS_S = 86_400
PARALLEL_CHECKS = 2
"""password checks at a time: each takes 64 MiB, and a guesser decides how many are asked for"""
NAME = re.compile(r"[\w.\-]{1,64}")
PASSWORD_LEAST, PASSWORD_MOST = 10, 256
_COMMON = ("password", "admin123", "qwerty", "123456", "abc123", "letmein", "welcome", "p@ssw0rd", "admin@123")


class Role(StrEnum):
    """What an account may do. `viewer` reads; `analyst` also writes verdicts; `admin` also keeps accounts."""

    ADMIN = "admin"
    ANALYST = "analyst"
    VIEWER = "viewer"


class Verdict(StrEnum):
    """What became of one attempt to log in."""

    OK = "ok"
    WRONG = "wrong"
    LOCKED = "locked"


class UserError(ValueError):
    """An account cannot be made or changed; `code` names why, in `translations/account.yml`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class User:
    name: str
    role: Role
    epoch: int
    """grows with each new password: sessions begun before it end"""
    last_login_s: int | None = None

    @property
    def may_decide(self) -> bool:
        return self.role in (Role.ADMIN, Role.ANALYST)


USER_COLUMNS = (account.c.name, account.c.role, account.c.epoch, account.c.last_login_s)


def read_user(row: Any) -> User:
    """A row of `USER_COLUMNS`."""
    return User(row[0], Role(row[1]), row[2], row[3])


def password_problem(password: str, name: str) -> str | None:
    """A code for what is wrong with a new password, or None.

    At least ten characters of three kinds (lower case, capital, digit, other), not around the account's name and not
    one of the words every guesser begins with.
    """
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        return "length"
    kinds = (str.islower, str.isupper, str.isdigit, lambda letter: not letter.isalnum())
    if sum(any(kind(letter) for letter in password) for kind in kinds) < 3:
        return "kinds"
    lowered = password.lower()
    if len(name) >= 3 and name.lower() in lowered:
        return "name"
    if any(word in lowered for word in _COMMON) or len(set(password)) < 5:
        return "common"
    return None


_SAID = {
    "length": f"a password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters",
    "kinds": "a password mixes at least three of: lower case, capitals, digits, other signs",
    "name": "a password does not contain the account's name",
    "common": "this password is one of the first that are guessed",
}


class Users:
    """All accounts. Safe to use from many threads and processes."""

    def __init__(
        self, registry: Registry, *, lock_after: int = 5, lock_s: int = 600, hasher: PasswordHasher | None = None
    ) -> None:
        self._registry = registry
        self._lock_after, self._lock_s = lock_after, lock_s
        self._hasher = hasher or PasswordHasher()
        self._checks = threading.BoundedSemaphore(PARALLEL_CHECKS)
        # Checked when the name is unknown, so that an unknown name takes as long as a wrong password.
        self._nobody = self._hasher.hash("nobody has this password")

    def add(self, name: str, password: str, role: Role | str = Role.ANALYST) -> User:
        """Make an account.

        Raises:
            UserError: the name is taken or odd, the role unknown, or the password too weak.
        """
        if NAME.fullmatch(name) is None:
            raise UserError("name_odd", "an account's name is 1 to 64 letters, digits, '.', '-' or '_'")
        if role not in tuple(Role):
            raise UserError("role", f"role {role!r} is not one of {', '.join(Role)}")
        hashed = self._hashed(name, password)
        with self._registry.transaction() as connection:
            made = connection.execute(
                self._registry.insert(account)
                .values(name=name, password=hashed, role=str(role), created_s=self._registry.now_s(connection), epoch=1)
                .on_conflict_do_nothing()
                .returning(account.c.name)
            ).first()
        if made is None:
            raise UserError("taken", f"there is an account {name!r} already")
        return User(name, Role(role), 1)

    def set_password(self, name: str, password: str) -> None:
        """Give a new password; every session of the account ends.

        Raises:
            UserError: no such account, or the password is too weak.
        """
        hashed = self._hashed(name, password)
        with self._registry.transaction() as connection:
            changed = connection.execute(
                account.update().where(account.c.name == name).values(password=hashed, epoch=account.c.epoch + 1)
            )
            connection.execute(attempt.delete().where(attempt.c.name == name))
        if changed.rowcount == 0:
            raise UserError("unknown", f"there is no account {name!r}")

    def get(self, name: str) -> User | None:
        with self._registry.reading() as connection:
            row = connection.execute(select(*USER_COLUMNS).where(account.c.name == name)).first()
        return None if row is None else read_user(row)

    def names(self) -> list[str]:
        with self._registry.reading() as connection:
            return list(connection.execute(select(account.c.name).order_by(account.c.name)).scalars())

    def check(self, name: str, password: str) -> tuple[Verdict, User | None]:
        """Try to log in. The answer for an unknown name is the same, and takes as long, as for a wrong password.

        The check itself takes its time, and holds neither a connection nor a transaction meanwhile.
        """
        name = name[:64].replace("\0", "\ufffd")  # PostgreSQL keeps no zero byte
        with self._registry.reading() as connection:
            now_s = self._registry.now_s(connection)
            hashed = connection.execute(select(account.c.password).where(account.c.name == name)).scalar()
            locked = connection.execute(
                select(attempt.c.name).where(attempt.c.name == name, attempt.c.locked_until_s > now_s)
            ).first()
        if locked:
            return Verdict.LOCKED, None
        right = self._matches(hashed or self._nobody, password[:PASSWORD_MOST])
        if hashed is None or not right:
            return self._failed(name), None
        with self._registry.transaction() as connection:
            connection.execute(attempt.delete().where(attempt.c.name == name))
            connection.execute(account.update().where(account.c.name == name).values(last_login_s=now_s))
        return Verdict.OK, self.get(name)

    def _failed(self, name: str) -> Verdict:
        with self._registry.transaction() as connection:
            now_s = self._registry.now_s(connection)
            counted = self._registry.insert(attempt).values(name=name, failures=1, last_s=now_s, locked_until_s=0)
            failures = connection.execute(
                counted.on_conflict_do_update(
                    index_elements=[attempt.c.name],
                    set_={"failures": attempt.c.failures + 1, "last_s": counted.excluded.last_s},
                ).returning(attempt.c.failures)
            ).scalar_one()
            if failures >= self._lock_after:
                connection.execute(
                    attempt.update()
                    .where(attempt.c.name == name)
                    .values(locked_until_s=now_s + self._lock_s, failures=0)
                )
            oldest = select(attempt.c.name).order_by(attempt.c.last_s.desc()).offset(MAX_ATTEMPTS)
            connection.execute(attempt.delete().where(attempt.c.name.in_(oldest)))
        return Verdict.LOCKED if failures >= self._lock_after else Verdict.WRONG

    def forget_attempts(self) -> None:
        """Let go of failures that lock nobody any more and are a day old."""
        with self._registry.transaction() as connection:
            now_s = self._registry.now_s(connection)
            connection.execute(
                attempt.delete().where(attempt.c.locked_until_s < now_s, attempt.c.last_s < now_s - KEEP_ATTEMPTS_S)
            )

    def _hashed(self, name: str, password: str) -> str:
        problem = password_problem(password, name)
        if problem:
            raise UserError(problem, _SAID[problem])
        return self._hasher.hash(password)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            with self._checks:
                return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
