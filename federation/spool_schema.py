"""The spool's tables, its counters, and which record is given up before which."""

from __future__ import annotations

import sqlite3

from sensor.schema import Kind, Level, Record

VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS spool_meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spool_record (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  origin TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL,
  rank INTEGER NOT NULL, size INTEGER NOT NULL,
  body BLOB,
  UNIQUE (origin, id));
CREATE INDEX IF NOT EXISTS spool_waiting ON spool_record (rank, seq) WHERE body IS NOT NULL;
CREATE INDEX IF NOT EXISTS spool_answered ON spool_record (seq) WHERE body IS NULL;
CREATE TABLE IF NOT EXISTS spool_parent (
  name TEXT PRIMARY KEY, failures INTEGER NOT NULL DEFAULT 0, retry_at_ns INTEGER NOT NULL DEFAULT 0,
  problem TEXT NOT NULL DEFAULT '', last_answer_ns INTEGER NOT NULL DEFAULT 0,
  answered INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spool_pending (
  parent TEXT NOT NULL, seq INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (parent, seq)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS spool_by_place ON spool_pending (parent, place);
CREATE INDEX IF NOT EXISTS spool_by_seq ON spool_pending (seq);
CREATE TABLE IF NOT EXISTS spool_dead (
  number INTEGER PRIMARY KEY, parent TEXT NOT NULL, origin TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL,
  reason TEXT NOT NULL, at_ns INTEGER NOT NULL, rank INTEGER NOT NULL, body BLOB NOT NULL);
"""

HEARTBEAT_RANK, ASSET_RANK = -1, 0
"""Below every alert (1 to 5): what is given up first when the disk's share is used up."""


def rank_of(record: Record) -> int:
    """How late a record is given up: heartbeat, what is told again anyway (asset, link, baseline), then alerts by
    level. What is unknown counts as a high alert."""
    if record.kind == Kind.HEARTBEAT:
        return HEARTBEAT_RANK
    if record.kind in (Kind.ASSET, Kind.LINK, Kind.BASELINE, Kind.BASELINE_PART):
        return ASSET_RANK
    try:
        return Level(record.body["level"]).rank
    except (KeyError, ValueError, TypeError):
        return Level.HIGH.rank


def create(db: sqlite3.Connection) -> None:
    """Make the tables where they are missing.

    Raises:
        ValueError: they were written by a newer version.
    """
    for statement in _SCHEMA.split(";\n"):
        if statement.strip():
            db.execute(statement)
    found = meta(db, "version")
    if found > VERSION:
        raise ValueError(f"the spool was written by a newer Otus (spool version {found}, this one reads {VERSION})")
    if found != VERSION:  # opening writes nothing where it need not: the disk may be full
        set_meta(db, "version", VERSION)


def meta(db: sqlite3.Connection, key: str) -> int:
    row = db.execute("SELECT value FROM spool_meta WHERE key = ?", (key,)).fetchone()
    return 0 if row is None else int(row[0])


def set_meta(db: sqlite3.Connection, key: str, value: int) -> None:
    db.execute(
        "INSERT INTO spool_meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
    )


def add_meta(db: sqlite3.Connection, key: str, by: int) -> None:
    if by:
        db.execute(
            "INSERT INTO spool_meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = value + ?", (key, by, by)
        )
