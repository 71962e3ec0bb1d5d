"""Accounts: how passwords are kept, judged, and guessed in vain."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import URL, func, select

from console import users as users_module
from console.registry import Registry, RegistryError, open_registry
from console.registry.tables import account, attempt
from console.registry.takeover import take_over_users
from console.users import Role, UserError, Users, Verdict, password_problem
from tests.console.conftest import PASSWORD, QUICK_HASHER


class Time:
    now_s = 1000

    def __call__(self, _: object) -> int:
        return self.now_s


@pytest.fixture
def time(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(registry, "now_s", made)
    return made


@pytest.fixture
def users(registry: Registry, time: Time) -> Users:
    made = Users(registry, lock_after=3, lock_s=60, hasher=QUICK_HASHER)
    made.add("wang", PASSWORD)
    return made


def test_a_password_is_kept_as_argon2id(registry: Registry) -> None:
    users = Users(registry)
    users.add("wang", PASSWORD)
    with registry.reading() as connection:
        kept = connection.execute(select(account.c.password)).scalar_one()
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept
    assert users.check("wang", PASSWORD)[0] is Verdict.OK


def test_login(users: Users, time: Time) -> None:
    verdict, user = users.check("wang", PASSWORD)
    assert verdict is Verdict.OK and user is not None
    assert (user.name, user.role, user.last_login_s, user.may_decide) == ("wang", Role.ANALYST, 1000, True)
    assert users.check("wang", PASSWORD + "x") == (Verdict.WRONG, None)
    assert users.check("nobody", PASSWORD) == (Verdict.WRONG, None)
    assert users.check("WANG", PASSWORD) == (Verdict.WRONG, None)


@pytest.mark.parametrize("name", ["wang", "nobody"])
def test_guessing_locks_a_name_whether_it_exists_or_not(users: Users, time: Time, name: str) -> None:
    assert [users.check(name, "guess")[0] for _ in range(3)] == [Verdict.WRONG, Verdict.WRONG, Verdict.LOCKED]
    assert users.check(name, PASSWORD)[0] is Verdict.LOCKED, "even the right password gains nothing"
    time.now_s += 61
    assert users.check(name, PASSWORD)[0] is (Verdict.OK if name == "wang" else Verdict.WRONG)


def test_a_login_forgets_earlier_failures(users: Users) -> None:
    for _ in range(4):
        assert users.check("wang", "guess")[0] is Verdict.WRONG
        assert users.check("wang", "guess")[0] is Verdict.WRONG
        assert users.check("wang", PASSWORD)[0] is Verdict.OK


def test_locks_are_every_process_and_survive_a_restart(
    users: Users, registry_url: URL, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        users.check("wang", "guess")
    again = open_registry(registry_url)
    monkeypatch.setattr(again, "now_s", time)
    assert Users(again, lock_after=3, lock_s=60, hasher=QUICK_HASHER).check("wang", PASSWORD)[0] is Verdict.LOCKED
    again.close()


def attempts(registry: Registry) -> int:
    with registry.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(attempt)).scalar_one())


def test_remembered_failures_are_bounded(users: Users, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users_module, "MAX_ATTEMPTS", 5)
    for number in range(12):
        users.check(f"name-{number}", "guess")
    assert attempts(registry) == 5


def test_failures_are_forgotten_after_a_day_but_no_lock_is(users: Users, registry: Registry, time: Time) -> None:
    users.check("li", "guess")
    time.now_s += users_module.KEEP_ATTEMPTS_S + 1
    for _ in range(3):
        users.check("wang", "guess")
    users.forget_attempts()
    assert attempts(registry) == 1
    assert users.check("wang", PASSWORD)[0] is Verdict.LOCKED


@pytest.mark.parametrize("name", ["wa\0ng", "x' OR 1=1 --", "王" * 200, ""])
def test_names_that_are_none_are_wrong_and_no_error(users: Users, name: str) -> None:
    assert users.check(name, PASSWORD) == (Verdict.WRONG, None)


def test_a_slow_check_holds_up_nobody(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2 takes its time by design: a transaction open meanwhile would lock every other process out."""
    checking, finish = threading.Event(), threading.Event()

    class Slow(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
            checking.set()
            assert finish.wait(10)
            return True

    users = Users(registry, hasher=Slow(time_cost=1, memory_cost=8, parallelism=1))
    users.add("wang", PASSWORD)
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(users.check("wang", PASSWORD)[0]))
    thread.start()
    assert checking.wait(10)
    users.set_password("wang", "Another-Horse-8")
    finish.set()
    thread.join()
    assert verdicts == [Verdict.OK]


OLD_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
  name TEXT PRIMARY KEY, password TEXT NOT NULL, role TEXT NOT NULL, created_s INTEGER NOT NULL,
  epoch INTEGER NOT NULL DEFAULT 1, last_login_s INTEGER
);
CREATE TABLE IF NOT EXISTS attempts (
  name TEXT PRIMARY KEY, failures INTEGER NOT NULL, last_s INTEGER NOT NULL, locked_until_s INTEGER NOT NULL DEFAULT 0
);
"""
"""as consoles up to 0.1.0 made it"""


def test_accounts_of_an_earlier_console_are_taken_over_once(
    users: Users, registry: Registry, tmp_path: Path, time: Time
) -> None:
    path = tmp_path / "users.sqlite"
    old = sqlite3.connect(path)
    old.execute("PRAGMA journal_mode=WAL")
    old.executescript(OLD_SCHEMA)
    hashed = QUICK_HASHER.hash("Older-Horse-7")
    old.execute("INSERT INTO users VALUES ('li', ?, 'admin', 5, 4, 17)", (hashed,))
    old.execute("INSERT INTO users VALUES ('wang', ?, 'viewer', 5, 1, NULL)", (hashed,))
    old.execute("INSERT INTO attempts VALUES ('zhao', 0, 990, 1050)")
    old.commit()
    old.close()
    assert take_over_users(registry, path) == 1
    assert take_over_users(registry, path) == 0
    li = users.get("li")
    assert li is not None and (li.role, li.epoch, li.last_login_s) == (Role.ADMIN, 4, 17)
    assert users.check("li", "Older-Horse-7")[0] is Verdict.OK
    assert users.check("wang", PASSWORD)[0] is Verdict.OK, "the registry's own account stays"
    assert users.check("zhao", "x")[0] is Verdict.LOCKED
    assert [file.name for file in tmp_path.glob("users*")] == ["users.sqlite.taken-over"]


def test_a_damaged_file_of_an_earlier_console_stays_and_is_said(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "users.sqlite"
    path.write_bytes(b"this is no database" * 400)
    with pytest.raises(RegistryError, match="mend it, or move it away"):
        take_over_users(registry, path)
    assert path.exists()


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("Short-1a", "length"),
        ("x" * 300, "length"),
        ("alllowercaseletters", "kinds"),
        ("ONLYCAPITALS12345", "kinds"),
        ("Xy-wang-12345!", "name"),
        ("Xx-WANG-99-zz", "name"),
        ("Password-2026", "common"),
        ("aA1!aA1!aA1!", "common"),
        ("Correct-Horse-9", None),
        ("北京-Tower-77-x", None),
    ],
)
def test_password_strength(password: str, problem: str | None) -> None:
    assert password_problem(password, "wang") == problem


@pytest.mark.parametrize(
    ("name", "password", "role", "code"),
    [
        ("wang", PASSWORD, "analyst", "taken"),
        ("two words", PASSWORD, "analyst", "name_odd"),
        ("", PASSWORD, "analyst", "name_odd"),
        ("x" * 65, PASSWORD, "analyst", "name_odd"),
        ("li\n", PASSWORD, "analyst", "name_odd"),
        ("li", PASSWORD, "root", "role"),
        ("li", "weak", "analyst", "length"),
    ],
)
def test_what_is_refused(users: Users, name: str, password: str, role: str, code: str) -> None:
    with pytest.raises(UserError) as refused:
        users.add(name, password, role)
    assert refused.value.code == code
    assert users.names() == ["wang"]


def test_a_new_password_ends_old_sessions(users: Users) -> None:
    before = users.get("wang")
    users.set_password("wang", "Another-Horse-8")
    after = users.get("wang")
    assert before is not None and after is not None and after.epoch == before.epoch + 1
    assert users.check("wang", PASSWORD)[0] is Verdict.WRONG
    assert users.check("wang", "Another-Horse-8")[0] is Verdict.OK
    with pytest.raises(UserError):
        users.set_password("nobody", "Another-Horse-8")


def test_roles() -> None:
    user = users_module.User
    assert [user("x", role, 1).may_decide for role in Role] == [True, True, False]
