"""Credentials of child nodes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from console.nodes import Nodes
from console.store import open_store
from tests.federation.line_records import alert


@pytest.fixture
def nodes(tmp_path: Path) -> Nodes:
    return Nodes(tmp_path / "store.sqlite")


def test_a_token_stands_for_its_node_after_a_restart(nodes: Nodes, tmp_path: Path) -> None:
    tokens = {
        name: nodes.add(name, kind) for name, kind in (("sensor-1", "sensor"), ("gd", "console"), ("示例厂", "console"))
    }
    again = Nodes(tmp_path / "store.sqlite")
    for name, token in tokens.items():
        node = again.authenticate(token)
        assert node is not None and node.name == name
    assert [(node.name, node.kind) for node in again.list()] == [
        ("gd", "console"), ("sensor-1", "sensor"), ("示例厂", "console"),
    ]  # fmt: skip


def test_tokens_are_not_kept(nodes: Nodes, tmp_path: Path) -> None:
    secret = nodes.add("sensor-1").split("_", 2)[2]
    db = sqlite3.connect(tmp_path / "store.sqlite")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    assert secret.encode() not in (tmp_path / "store.sqlite").read_bytes()


def test_tokens_differ(nodes: Nodes) -> None:
    assert len({nodes.add("sensor-1") for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "name", ["", "a b", "a/b", "x" * 65, "10.0.0.1", "fe80::1", "00:1b:1b:00:00:01", "a\nb", "a:b"]
)
def test_names_that_cannot_be_one(nodes: Nodes, name: str) -> None:
    with pytest.raises(ValueError, match="node's name"):
        nodes.add(name)


def test_kinds_that_cannot_be_one(nodes: Nodes) -> None:
    with pytest.raises(ValueError, match="sensor, console"):
        nodes.add("x", "router")


def test_a_name_another_child_reports_for_is_taken(nodes: Nodes, tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.sqlite")
    store.merge([alert(1)], "plant")
    with pytest.raises(ValueError, match="child plant already reports"):
        nodes.add("sensor-1")


def test_revoking(nodes: Nodes) -> None:
    token = nodes.add("sensor-1")
    assert nodes.revoke("sensor-1")
    assert not nodes.revoke("sensor-1")
    assert not nodes.revoke("nobody")
    assert nodes.authenticate(token) is None
    assert nodes.list()[0].revoked_ns is not None
    assert nodes.authenticate(nodes.add("sensor-1")) is not None
