"""The list of sessions: shared, bounded, and ended in time."""

from __future__ import annotations

import pytest
from sqlalchemy import URL, func, select

from console import sessions as sessions_module
from console.registry import Registry, RegistryFull, open_registry
from console.registry.secret import shared_secret
from console.registry.tables import account, login_session
from console.sessions import Sessions
from console.users import User, Users
from tests.console.conftest import PASSWORD, QUICK_HASHER


class Time:
    now_s = 1_000_000

    def __call__(self, _: object) -> int:
        return self.now_s


@pytest.fixture
def time(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(registry, "now_s", made)
    return made


@pytest.fixture
def users(registry: Registry) -> Users:
    return Users(registry, hasher=QUICK_HASHER)


@pytest.fixture
def wang(users: Users) -> User:
    return users.add("wang", PASSWORD)


@pytest.fixture
def sessions(registry: Registry, time: Time) -> Sessions:
    return Sessions(registry, idle_s=1800, longest_s=43_200)


def count(registry: Registry) -> int:
    with registry.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(login_session)).scalar_one())


def test_a_session_is_every_process_until_it_ends_in_one(
    registry_url: URL, wang: User, sessions: Sessions, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_registry = open_registry(registry_url)
    monkeypatch.setattr(other_registry, "now_s", time)
    other = Sessions(other_registry, idle_s=1800, longest_s=43_200)
    key, second = sessions.begin(wang), sessions.begin(wang)
    assert other.find(key, click=True) == wang
    other.end(key)
    assert sessions.find(key, click=True) is None
    assert sessions.find(second, click=True) == wang
    assert other.end_all("wang") == 1
    assert sessions.find(second, click=True) is None
    other_registry.close()


def test_the_key_is_not_kept(registry: Registry, wang: User, sessions: Sessions) -> None:
    key = sessions.begin(wang)
    with registry.reading() as connection:
        row = connection.execute(select(login_session)).one()
    assert key.encode() not in row.key_hash and len(row.key_hash) == 32
    assert sessions.find(row.key_hash.hex(), click=True) is None


def test_clicks_keep_a_session_alive_and_refreshing_pages_do_not(wang: User, sessions: Sessions, time: Time) -> None:
    key = sessions.begin(wang)
    for _ in range(3):
        time.now_s += 1700
        assert sessions.find(key, click=True) is not None
    time.now_s += 1700
    assert sessions.find(key, click=False) is not None
    time.now_s += 200
    assert sessions.find(key, click=False) is None
    assert sessions.find(key, click=True) is None, "a click comes too late"


def test_a_session_ends_after_its_hours(wang: User, sessions: Sessions, time: Time) -> None:
    key = sessions.begin(wang)
    for _ in range(43_200 // 1000):
        time.now_s += 1000
        assert sessions.find(key, click=True) is not None
    time.now_s += 201
    assert sessions.find(key, click=True) is None


def test_a_new_password_ends_what_began_before(users: Users, wang: User, sessions: Sessions) -> None:
    key = sessions.begin(wang)
    users.set_password("wang", "Another-Horse-8")
    assert sessions.find(key, click=True) is None


def test_rows_are_bounded_and_cleaned(
    registry: Registry, users: Users, wang: User, sessions: Sessions, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "MAX_PER_ACCOUNT", 3)
    keys = []
    for _ in range(5):
        time.now_s += 1
        keys.append(sessions.begin(wang))
    assert [sessions.find(key, click=True) is not None for key in keys] == [False, False, True, True, True]
    li = users.add("li", "Another-Horse-8")
    stale = sessions.begin(li)
    users.set_password("li", "Third-Horse-77")
    sessions.forget_ended()
    assert (count(registry), sessions.find(stale, click=True)) == (3, None)
    time.now_s += 1000
    sessions.find(keys[4], click=True)
    time.now_s += 1000
    sessions.forget_ended()
    assert count(registry) == 1


def test_people_go_on_reading_where_nothing_can_be_written(
    registry: Registry, wang: User, sessions: Sessions, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = sessions.begin(wang)
    time.now_s += 600

    def full() -> None:
        raise RegistryFull("the disk is full")

    monkeypatch.setattr(registry, "transaction", full)
    assert sessions.find(key, click=True) == wang


def test_sessions_go_with_their_account(registry: Registry, wang: User, sessions: Sessions) -> None:
    sessions.begin(wang)
    with registry.transaction() as connection:
        connection.execute(account.delete())
    assert count(registry) == 0


def test_a_secret_is_made_once(registry: Registry, registry_url: URL) -> None:
    other = open_registry(registry_url)
    first = shared_secret(registry, "sessions")
    assert first == shared_secret(other, "sessions") and len(first) == 32
    assert shared_secret(other, "something else") != first
    other.close()
