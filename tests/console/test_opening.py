"""What a console finds in its folder when it opens."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from console.cli import add_account, enrol, prepare
from console.nodes import Nodes
from console.opening import open_console_registry, open_console_store, open_users
from console.server import ConsoleRefused
from console.settings import ConsoleSettings
from console.users import Verdict
from tests.console.conftest import PASSWORD, QUICK_HASHER
from tests.console.test_nodes import OLD_TABLE
from tests.console.test_users import OLD_SCHEMA


def test_the_folder_of_an_earlier_console_goes_on(tmp_path: Path) -> None:
    settings = ConsoleSettings(tmp_path)
    with closing(sqlite3.connect(tmp_path / "users.sqlite")) as old:
        old.executescript(OLD_SCHEMA)
        old.execute("INSERT INTO users VALUES ('wang', ?, 'analyst', 5, 1, NULL)", (QUICK_HASHER.hash(PASSWORD),))
        old.commit()
    token = "otus_0123456789abcdef_secret"
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as old:
        old.execute(OLD_TABLE)
        digest = hashlib.sha256(token.encode()).digest()
        old.execute("INSERT INTO node VALUES ('sensor-1', 'sensor', '0123456789abcdef', ?, 7, NULL)", (digest,))
        old.commit()
    prepare(settings)
    with (
        closing(open_console_registry(settings)) as registry,
        closing(open_console_store(registry, settings)) as store,
    ):
        assert open_users(registry, settings).check("wang", PASSWORD)[0] is Verdict.OK
        node = Nodes(registry).authenticate(token)
        assert node is not None and node.name == "sensor-1"
        assert [(row.name, row.kind) for row in store.children().rows] == [("sensor-1", "sensor")]
        assert [row.name for row in store.sensors().rows] == ["sensor-1"]


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    settings = ConsoleSettings(tmp_path / "控制台 100%?#&@:x")
    add_account(settings, "wang", PASSWORD, "analyst")
    enrol(settings, "sensor-1")
    assert [path.name for path in tmp_path.iterdir()] == [settings.data_dir.name]
    assert (settings.data_dir / "registry.sqlite").stat().st_size > 0


def test_a_damaged_registry_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite").write_bytes(b"this is no database" * 400)
    with pytest.raises(ConsoleRefused, match="damaged") as refused:
        prepare(ConsoleSettings(tmp_path))
    assert "\n" not in str(refused.value)


def test_an_old_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "users.sqlite").write_bytes(b"this is no database" * 400)
    with pytest.raises(ConsoleRefused, match=r"users.sqlite: its accounts cannot be taken over"):
        prepare(ConsoleSettings(tmp_path))


def test_a_password_in_the_address_is_not_printed(tmp_path: Path) -> None:
    assert "secret" not in repr(ConsoleSettings(tmp_path, registry="postgresql://otus:secret@h/db"))
