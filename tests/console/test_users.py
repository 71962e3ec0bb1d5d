"""Accounts: how passwords are kept, judged, and guessed in vain."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from console import users as users_module
from console.users import Role, UserError, Users, Verdict, password_problem
from tests.console.conftest import PASSWORD, QUICK_HASHER


class Time:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def users(tmp_path: Path, time: Time) -> Iterator[Users]:
    made = Users(tmp_path / "users.sqlite", lock_after=3, lock_s=60, now_s=time, hasher=QUICK_HASHER)
    made.add("wang", PASSWORD)
    yield made
    made.close()


def test_a_password_is_kept_as_argon2id(tmp_path: Path) -> None:
    users = Users(tmp_path / "users.sqlite")
    users.add("wang", PASSWORD)
    kept = sqlite3.connect(tmp_path / "users.sqlite").execute("SELECT password FROM users").fetchone()[0]
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept
    assert users.check("wang", PASSWORD)[0] is Verdict.OK
    assert (tmp_path / "users.sqlite").stat().st_mode & 0o077 == 0


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


def test_locks_survive_a_restart(users: Users, tmp_path: Path, time: Time) -> None:
    for _ in range(3):
        users.check("wang", "guess")
    again = Users(tmp_path / "users.sqlite", lock_after=3, lock_s=60, now_s=time, hasher=QUICK_HASHER)
    assert again.check("wang", PASSWORD)[0] is Verdict.LOCKED
    again.close()


def test_remembered_failures_are_bounded(users: Users, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users_module, "MAX_ATTEMPTS", 5)
    for number in range(12):
        users.check(f"name-{number}", "guess")
    rows = sqlite3.connect(tmp_path / "users.sqlite").execute("SELECT count(*) FROM attempts").fetchone()
    assert rows == (5,)


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
