"""SQLite as spool, store and registry open it."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from federation import database
from federation.database import begin_log, open_writer


def test_waits_where_sqlite_refuses_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    first = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    first.execute("CREATE TABLE made (by INTEGER)")
    first.execute("BEGIN IMMEDIATE")
    second = sqlite3.connect(path, timeout=10, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="locked"):  # else `begin_log` could go
        second.execute("PRAGMA journal_mode=WAL").fetchone()
    threading.Timer(0.3, first.execute, ["COMMIT"]).start()
    begin_log(second)
    assert second.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_gives_up_when_nobody_lets_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "held.sqlite"
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.2)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE made (by INTEGER)")
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(database.DatabaseBusy, match="locked by another process"):
        open_writer(path)
