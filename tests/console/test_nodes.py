"""Credentials of child nodes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, select

from console.nodes import Nodes
from console.registry import Registry, RegistryError, open_registry
from console.registry.tables import node
from console.registry.takeover import take_over_nodes
from console.store import Store, open_store
from tests.federation.line_records import alert
from tests.federation.order_records import notice


@pytest.fixture
def nodes(registry: Registry) -> Nodes:
    return Nodes(registry)


@pytest.fixture
def store(nodes: Nodes, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store.sqlite", nodes=nodes)
    yield opened
    opened.close()


def test_a_token_stands_for_its_node_after_a_restart(nodes: Nodes, store: Store, registry_url: URL) -> None:
    tokens = {
        name: nodes.add(store, name, kind)
        for name, kind in (("sensor-1", "sensor"), ("gd", "console"), ("示例厂", "console"))
    }
    reopened = open_registry(registry_url)
    again = Nodes(reopened)
    for name, token in tokens.items():
        node = again.authenticate(token)
        assert node is not None and node.name == name
    assert [(node.name, node.kind) for node in again.list()] == [
        ("gd", "console"), ("sensor-1", "sensor"), ("示例厂", "console"),
    ]  # fmt: skip
    assert [again.kind_of(name) for name in ("gd", "sensor-1", "nobody")] == ["console", "sensor", None]
    reopened.close()


def test_tokens_are_not_kept(nodes: Nodes, store: Store, registry: Registry) -> None:
    secret = nodes.add(store, "sensor-1").split("_", 2)[2]
    with registry.reading() as connection:
        kept = connection.execute(select(node)).one()
    assert secret not in str(tuple(kept)) and len(kept.token_hash) == 32


def test_tokens_differ(nodes: Nodes, store: Store) -> None:
    assert len({nodes.add(store, "sensor-1") for _ in range(50)}) == 50


@pytest.mark.parametrize("token", ["", "otus_", "otus_\0_x", "otus_é_x", "otus_" + "f" * 600, "otus_\ud800_x"])
def test_tokens_that_are_none(nodes: Nodes, token: str) -> None:
    assert nodes.authenticate(token) is None


@pytest.mark.parametrize(
    "name", ["", "a b", "a/b", "x" * 65, "10.0.0.1", "fe80::1", "00:1b:1b:00:00:01", "a\nb", "a:b"]
)
def test_names_that_cannot_be_one(nodes: Nodes, store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="node's name"):
        nodes.add(store, name)


def test_kinds_that_cannot_be_one(nodes: Nodes, store: Store) -> None:
    with pytest.raises(ValueError, match="sensor, console"):
        nodes.add(store, "x", "router")


def test_a_name_another_child_reports_for_is_taken(nodes: Nodes, store: Store) -> None:
    store.merge([alert(1)], "plant")
    with pytest.raises(ValueError, match="child plant already reports"):
        nodes.add(store, "sensor-1")
    assert nodes.list() == ()


def test_a_name_that_a_parent_calls_us_by_is_taken(nodes: Nodes, store: Store) -> None:
    store.receive([notice(1)], "gd", "shili", 1)
    with pytest.raises(ValueError, match="a parent calls this node itself"):
        nodes.add(store, "shili")
    assert nodes.list() == ()


def test_revoking(nodes: Nodes, store: Store) -> None:
    token = nodes.add(store, "sensor-1")
    assert nodes.revoke("sensor-1")
    assert not nodes.revoke("sensor-1")
    assert not nodes.revoke("nobody")
    assert nodes.authenticate(token) is None
    assert nodes.list()[0].revoked_ns is not None
    assert nodes.authenticate(nodes.add(store, "sensor-1")) is not None


OLD_TABLE = """CREATE TABLE IF NOT EXISTS node (
  name TEXT PRIMARY KEY, kind TEXT NOT NULL, token_id TEXT NOT NULL UNIQUE, token_hash BLOB NOT NULL,
  added_ns INTEGER NOT NULL, revoked_ns INTEGER) WITHOUT ROWID"""
"""as the stores of consoles up to 0.1.0 have it"""


def test_nodes_of_an_earlier_store_are_taken_over_once(
    nodes: Nodes, store: Store, registry: Registry, tmp_path: Path
) -> None:
    token = nodes.add(store, "sensor-1")
    nodes.revoke("sensor-1")
    with registry.reading() as connection:
        row = tuple(connection.execute(select(node)).one())
    with registry.transaction() as connection:
        connection.execute(node.delete())
    path = tmp_path / "store.sqlite"
    old = sqlite3.connect(path)
    old.execute(OLD_TABLE)
    old.execute("INSERT INTO node VALUES (?, ?, ?, ?, ?, NULL)", row[:5])
    old.commit()
    assert take_over_nodes(registry, path) == 1
    found = nodes.authenticate(token)
    assert found is not None and (found.name, found.kind, found.added_ns) == ("sensor-1", "sensor", row[4])
    nodes.revoke("sensor-1")
    assert take_over_nodes(registry, path) == 0
    assert nodes.authenticate(token) is None, "what was decided since stays"
    assert old.execute("SELECT count(*) FROM sqlite_master WHERE name = 'node'").fetchone() == (0,)
    old.close()


def test_a_table_that_cannot_be_read_is_said(nodes: Nodes, registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    with sqlite3.connect(path) as old:
        old.execute(OLD_TABLE.replace("token_hash BLOB NOT NULL,", ""))
    old.close()
    with pytest.raises(RegistryError, match="cannot be taken over"):
        take_over_nodes(registry, path)
    assert nodes.list() == ()


def test_the_list_follows_what_another_process_does(nodes: Nodes, store: Store, registry_url: URL) -> None:
    """It is kept in memory, and read again when the registry says that something changed."""
    other_registry = open_registry(registry_url)
    other = Nodes(other_registry)
    assert nodes.list() == ()
    other.add(store, "sensor-1")
    first = nodes.list()
    assert [row.name for row in first] == ["sensor-1"] and nodes.list() is first
    other.add(store, "gd", "console")
    assert [row.name for row in nodes.list()] == ["gd", "sensor-1"]
    other.revoke("gd")
    assert [row.revoked_ns is None for row in nodes.list()] == [False, True]
    time.sleep(0.002)
    other.add(store, "gd", "console")
    assert [row.revoked_ns for row in nodes.list()] == [None, None]
    other_registry.close()
