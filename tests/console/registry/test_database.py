"""Opening a registry, and what is said when it cannot be: one line, the right class, no password."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import OperationalError

from console.registry import (
    Registry,
    RegistryBusy,
    RegistryDenied,
    RegistryError,
    RegistryFull,
    RegistryReadOnly,
    RegistryUnreachable,
    database,
    open_registry,
)
from console.registry.errors import explain
from console.registry.tables import account
from tests.federation.small_disk import fill, small_disk
from tests.postgresql import PASSWORD

ROW = {"password": "x", "role": "viewer", "created_s": 1, "epoch": 1}


def add(registry: Registry, name: str) -> None:
    with registry.transaction() as connection:
        connection.execute(account.insert().values(name=name, **ROW))


def count(registry: Registry) -> int:
    with registry.reading() as connection:
        return len(connection.execute(account.select()).all())


def refused(url: str | URL, kind: type[RegistryError]) -> str:
    with pytest.raises(RegistryError) as told:
        open_registry(url)
    said = str(told.value)
    assert type(told.value) is kind, said
    assert "\n" not in said and len(said) < 500
    assert PASSWORD not in said and "secret" not in said
    return said


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "cannot be read"),
        ("registry.sqlite", "cannot be read"),
        ("postgresql://u:secret@h:port/db", "cannot be read"),
        ("mysql://u:secret@h/db", "not in 'mysql'"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://u:secret@h", "names no database"),
        ("postgresql://u:x@secret@h/db", "two '@'"),
    ],
)
def test_what_is_no_address(url: str, says: str) -> None:
    assert says in refused(url, RegistryError)


def test_all_or_nothing_and_readers_see_a_steady_picture(registry: Registry) -> None:
    add(registry, "wang")
    with pytest.raises(KeyError), registry.transaction() as connection:
        connection.execute(account.insert().values(name="li", **ROW))
        raise KeyError
    with registry.reading():
        add(registry, "zhao")
    assert count(registry) == 2


def test_writers_that_read_first_wait_for_each_other(registry: Registry) -> None:
    """SQLite refuses one of two that began to read and then want to write; here all ten get through."""
    add(registry, "wang")

    def more() -> None:
        with registry.transaction() as connection:
            epoch = connection.execute(account.select().with_for_update()).one().epoch
            connection.execute(account.update().values(epoch=epoch + 1))

    threads = [threading.Thread(target=more) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with registry.reading() as connection:
        assert connection.execute(account.select()).one().epoch == 11


def test_a_registry_that_is_held_too_long_is_one_line(
    registry_url: URL, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.3)
    monkeypatch.setitem(database._SERVER, "options", "-c lock_timeout=300ms")
    other = open_registry(registry_url)
    add(registry, "wang")
    with registry.transaction() as holding:
        holding.execute(account.update().values(epoch=5))
        with pytest.raises(RegistryBusy) as told, other.transaction() as connection:
            connection.execute(account.update().values(epoch=6))
    other.close()
    assert "\n" not in str(told.value)
    with registry.reading() as connection:
        assert connection.execute(account.select()).one().epoch == 5


def test_a_server_that_is_not_there(postgresql_url: URL) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        said = refused(postgresql_url.set(port=probe.getsockname()[1]), RegistryUnreachable)
    assert "is the server running" in said
    refused(postgresql_url.set(host="no-such-host.invalid"), RegistryUnreachable)


def test_a_server_that_lets_us_not_in(postgresql_url: URL) -> None:
    for url in (
        postgresql_url.set(password="secret"),
        postgresql_url.set(username="nobody-here"),
        postgresql_url.set(database="no-such-database"),
    ):
        assert "check user, password, database" in refused(url, RegistryDenied)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ('FATAL:  用户 "otus" Password 认证失败', RegistryDenied),
        ('FATAL:  no pg_hba.conf entry for host "192.0.2.1"', RegistryDenied),
        ("FATAL:  sorry, too many clients already", RegistryBusy),
        ("FATAL:  the database system is starting up", RegistryUnreachable),
        (
            "connection timeout expired\nMultiple connection attempts failed. All failures were:\n- host",
            RegistryUnreachable,
        ),
    ],
)
def test_what_a_server_says_before_it_lets_us_in(said: str, kind: type[RegistryError]) -> None:
    told = explain(OperationalError("", None, psycopg.OperationalError(said)), make_url("postgresql://u:secret@h/db"))
    assert type(told) is kind
    assert "\n" not in str(told) and "secret" not in str(told)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", RegistryFull),
        ("25006", RegistryReadOnly),
        ("40P01", RegistryBusy),
        ("57014", RegistryBusy),
        ("57P01", RegistryUnreachable),
        ("42501", RegistryDenied),
        ("XX001", RegistryError),
    ],
)
def test_what_a_server_says_later(state: str, kind: type[RegistryError]) -> None:
    cause = psycopg.errors.lookup(state)("said so")
    assert type(explain(OperationalError("", None, cause), make_url("postgresql://h/db"))) is kind


def test_a_plain_address_and_a_password_among_the_options(postgresql_url: URL) -> None:
    open_registry(postgresql_url.set(drivername="postgresql").render_as_string(hide_password=False)).close()
    open_registry(postgresql_url.set(password=None, query={"password": PASSWORD})).close()
    refused(postgresql_url.set(password=None, query={"password": "secret"}), RegistryDenied)


def test_a_server_that_cannot_be_written(postgresql_url: URL) -> None:
    """As a standby is, or a primary whose administrator closed it."""
    open_registry(postgresql_url).close()
    closed = postgresql_url.set(query={"options": "-c default_transaction_read_only=on"})
    assert "address of the primary" in refused(closed, RegistryReadOnly)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    open_registry(f"sqlite:///{path}").close()
    assert "cannot be written" in refused(f"sqlite:///file:{path}?mode=ro&uri=true", RegistryReadOnly)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "does the folder exist" in refused(f"sqlite:///{tmp_path}/none/registry.sqlite", RegistryError)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    path.write_bytes(b"this is no database" * 400)
    assert "damaged" in refused(f"sqlite:///{path}", RegistryError)
    assert path.read_bytes() == b"this is no database" * 400


def test_a_full_disk_is_said_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        registry = open_registry(f"sqlite:///{disk}/registry.sqlite")
        add(registry, "wang")
        fill(disk)
        with pytest.raises(RegistryFull, match="free some space") as told:
            for number in range(500):
                add(registry, f"{number}" * 200)
        assert "\n" not in str(told.value)
        with registry.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM account WHERE name = 'wang'")).scalar_one() == 1
        registry.close()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    registry = open_registry(f"sqlite:///{tmp_path}/registry.sqlite")
    add(registry, "wang")
    assert [path.name for path in tmp_path.iterdir() if path.stat().st_mode & 0o077] == []
    registry.close()


def test_the_clock_is_the_databases(registry: Registry) -> None:
    with registry.reading() as connection:
        first = registry.now_ms(connection)
        assert 0 <= registry.now_ms(connection) - first < 5000
        assert first > 1_700_000_000_000
