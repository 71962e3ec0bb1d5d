"""Accounts of one console, in a small SQLite file of their own.

Passwords are kept as argon2id. After `lock_after` wrong passwords in a row a name is locked for a while, whatever
address the attempts came from; while it is locked even the right password is refused, so that guessing gains nothing.
A name that has no account is locked just the same: the answers do not tell which names exist.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
  name TEXT PRIMARY KEY, password TEXT NOT NULL, role TEXT NOT NULL, created_s INTEGER NOT NULL,
  epoch INTEGER NOT NULL DEFAULT 1, last_login_s INTEGER
);
CREATE TABLE IF NOT EXISTS attempts (
  name TEXT PRIMARY KEY, failures INTEGER NOT NULL, last_s INTEGER NOT NULL, locked_until_s INTEGER NOT NULL DEFAULT 0
);
"""
MAX_ATTEMPTS = 10_000
"""names whose failed logins are remembered; beyond it the oldest are forgotten"""
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
    """All accounts. Safe to use from many threads."""

    def __init__(
        self,
        path: Path,
        *,
        lock_after: int = 5,
        lock_s: int = 600,
        now_s: Callable[[], float] = time.time,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._lock_after, self._lock_s, self._now_s = lock_after, lock_s, now_s
        self._hasher = hasher or PasswordHasher()
        self._lock = threading.Lock()
        self._checks = threading.BoundedSemaphore(PARALLEL_CHECKS)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(SCHEMA)
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
        try:
            with self._lock:
                self._db.execute(
                    "INSERT INTO users (name, password, role, created_s) VALUES (?, ?, ?, ?)",
                    (name, hashed, str(role), int(self._now_s())),
                )
        except sqlite3.IntegrityError:
            raise UserError("taken", f"there is an account {name!r} already") from None
        return User(name, Role(role), 1)

    def set_password(self, name: str, password: str) -> None:
        """Give a new password; every session of the account ends.

        Raises:
            UserError: no such account, or the password is too weak.
        """
        hashed = self._hashed(name, password)
        with self._lock:
            cursor = self._db.execute("UPDATE users SET password = ?, epoch = epoch + 1 WHERE name = ?", (hashed, name))
            self._db.execute("DELETE FROM attempts WHERE name = ?", (name,))
        if cursor.rowcount == 0:
            raise UserError("unknown", f"there is no account {name!r}")

    def get(self, name: str) -> User | None:
        with self._lock:
            row = self._db.execute(
                "SELECT name, role, epoch, last_login_s FROM users WHERE name = ?", (name,)
            ).fetchone()
        return None if row is None else User(row[0], Role(row[1]), row[2], row[3])

    def names(self) -> list[str]:
        with self._lock:
            return [row[0] for row in self._db.execute("SELECT name FROM users ORDER BY name")]

    def check(self, name: str, password: str) -> tuple[Verdict, User | None]:
        """Try to log in. The answer for an unknown name is the same, and takes as long, as for a wrong password."""
        name, now_s = name[:64], int(self._now_s())
        with self._lock:
            row = self._db.execute("SELECT password FROM users WHERE name = ?", (name,)).fetchone()
            locked = self._db.execute(
                "SELECT 1 FROM attempts WHERE name = ? AND locked_until_s > ?", (name, now_s)
            ).fetchone()
        if locked:
            return Verdict.LOCKED, None
        right = self._matches(self._nobody if row is None else row[0], password[:PASSWORD_MOST])
        if row is None or not right:
            return self._failed(name, now_s), None
        with self._lock:
            self._db.execute("DELETE FROM attempts WHERE name = ?", (name,))
            self._db.execute("UPDATE users SET last_login_s = ? WHERE name = ?", (now_s, name))
        return Verdict.OK, self.get(name)

    def _failed(self, name: str, now_s: int) -> Verdict:
        with self._lock:
            self._db.execute(
                "INSERT INTO attempts (name, failures, last_s) VALUES (?, 1, ?)"
                " ON CONFLICT (name) DO UPDATE SET failures = failures + 1, last_s = excluded.last_s",
                (name, now_s),
            )
            locked = self._db.execute(
                "UPDATE attempts SET locked_until_s = ?, failures = 0 WHERE name = ? AND failures >= ?",
                (now_s + self._lock_s, name, self._lock_after),
            ).rowcount
            self._db.execute(
                "DELETE FROM attempts WHERE name IN (SELECT name FROM attempts ORDER BY last_s DESC LIMIT -1 OFFSET ?)",
                (MAX_ATTEMPTS,),
            )
        return Verdict.LOCKED if locked else Verdict.WRONG

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

    def close(self) -> None:
        with self._lock:
            self._db.close()
