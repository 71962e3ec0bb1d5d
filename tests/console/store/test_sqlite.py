"""What is particular to the embedded store: its file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from console.store import StoreError, open_store
from console.store.sqlite import SqliteStore
from tests.federation.line_records import alert


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def test_commits_are_synchronous_and_readers_cannot_write(path: Path) -> None:
    store = SqliteStore(path)
    assert store._writer.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with store._read() as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM record")


def test_a_newer_store_is_refused_in_one_line(path: Path) -> None:
    open_store(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match=r"newer Otus \(store version 99") as caught:
        open_store(path)
    assert "\n" not in str(caught.value)


def test_a_damaged_store_is_refused_in_one_line(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="damaged") as caught:
        open_store(path)
    assert "\n" not in str(caught.value)


def test_a_zone_that_is_none_is_refused(path: Path) -> None:
    with pytest.raises(StoreError, match="Asia/Shanghai"):
        open_store(path, zone="Middle/Earth")


def test_opening_without_parents_keeps_what_waits_for_them(path: Path) -> None:
    store = open_store(path, parents=["up"])
    store.merge([alert(1)], "plant")
    store.close()
    assert open_store(path).totals().pending_up == {"up": 1}


def test_a_merge_that_fails_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(path, parents=["up"])
    monkeypatch.setattr("federation.spool_tables.append", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.merge([alert(1)], "plant")
    monkeypatch.undo()
    assert store.latest() == set() and store.totals().pending_up == {"up": 0}
    assert [str(answer.status) for answer in store.merge([alert(1)], "plant")] == ["stored"]


def test_listing_a_large_store_uses_its_indices(path: Path) -> None:
    store = SqliteStore(path)
    with store._read() as db:
        for sql in (
            "SELECT * FROM incident i ORDER BY i.last_ns DESC, i.number DESC LIMIT 50",
            "SELECT * FROM asset a ORDER BY a.last_ns DESC, a.number DESC LIMIT 50",
            "SELECT i.level, count(*), total(i.count) FROM incident i GROUP BY i.rank",
        ):
            plan = " ".join(str(row[3]) for row in db.execute(f"EXPLAIN QUERY PLAN {sql}"))
            assert "USING" in plan and "TEMP B-TREE" not in plan, plan
