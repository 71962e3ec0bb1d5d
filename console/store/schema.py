"""The tables of a console's embedded store, as version 1 had them, and `create`, which brings any file to this version.

The spool's tables stand in the same file: keeping is queueing. What later versions changed: `console.store.migrations`.
"""

from __future__ import annotations

import sqlite3

from console.store.migrations import MIGRATIONS, VERSION
from federation import spool_schema

TABLES = """
CREATE TABLE IF NOT EXISTS child (name TEXT PRIMARY KEY, last_seen_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS origin (name TEXT PRIMARY KEY, child TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS origin_child ON origin (child);
CREATE TABLE IF NOT EXISTS record (
  number INTEGER PRIMARY KEY, origin TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, revision INTEGER NOT NULL,
  child TEXT NOT NULL, tenant TEXT NOT NULL, segment TEXT NOT NULL, received_ns INTEGER NOT NULL, whole BLOB NOT NULL,
  UNIQUE (origin, id));
CREATE TABLE IF NOT EXISTS incident (
  number INTEGER PRIMARY KEY REFERENCES record, origin TEXT NOT NULL, child TEXT NOT NULL, tenant TEXT NOT NULL,
  rank INTEGER NOT NULL, level TEXT NOT NULL, detector TEXT NOT NULL, protocol TEXT NOT NULL,
  title_zh TEXT NOT NULL, title_en TEXT NOT NULL, rule_id TEXT, technique TEXT NOT NULL,
  client TEXT, server TEXT, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, count INTEGER NOT NULL,
  outcome TEXT NOT NULL, state TEXT NOT NULL, hour INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS incident_last ON incident (last_ns, number);
CREATE INDEX IF NOT EXISTS incident_child ON incident (child, last_ns, number);
CREATE INDEX IF NOT EXISTS incident_figures ON incident (child, rank, level, count);
CREATE INDEX IF NOT EXISTS incident_level ON incident (rank, last_ns, number, level, count);
CREATE INDEX IF NOT EXISTS incident_detector ON incident (detector, count);
CREATE INDEX IF NOT EXISTS incident_protocol ON incident (protocol, count);
CREATE INDEX IF NOT EXISTS incident_origin ON incident (origin, count);
CREATE INDEX IF NOT EXISTS incident_hour ON incident (hour, count);
CREATE TABLE IF NOT EXISTS technique (
  technique TEXT NOT NULL, number INTEGER NOT NULL REFERENCES incident, PRIMARY KEY (technique, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS technique_number ON technique (number);
CREATE TABLE IF NOT EXISTS revision (
  number INTEGER NOT NULL REFERENCES incident, revision INTEGER NOT NULL, received_ns INTEGER NOT NULL,
  count INTEGER NOT NULL, last_ns INTEGER NOT NULL, outcome TEXT NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (number, revision)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS decision (
  number INTEGER PRIMARY KEY REFERENCES incident, workflow TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS decision_workflow ON decision (workflow);
CREATE TABLE IF NOT EXISTS step (
  step INTEGER PRIMARY KEY, number INTEGER NOT NULL REFERENCES incident, at_ns INTEGER NOT NULL, by TEXT NOT NULL,
  before TEXT NOT NULL, after TEXT NOT NULL, note TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS step_number ON step (number);
CREATE TABLE IF NOT EXISTS asset (
  number INTEGER PRIMARY KEY REFERENCES record, child TEXT NOT NULL, last_ns INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS asset_last ON asset (last_ns, number);
CREATE INDEX IF NOT EXISTS asset_child ON asset (child, last_ns, number);
CREATE TABLE IF NOT EXISTS heartbeat (
  origin TEXT PRIMARY KEY, child TEXT NOT NULL, number INTEGER NOT NULL REFERENCES record, received_ns INTEGER NOT NULL,
  received INTEGER NOT NULL, parsed INTEGER NOT NULL, skipped INTEGER NOT NULL, lost INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS heartbeat_child ON heartbeat (child);
CREATE TABLE IF NOT EXISTS rejected (
  number INTEGER PRIMARY KEY, child TEXT NOT NULL, origin TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL,
  reason TEXT NOT NULL, at_ns INTEGER NOT NULL);
"""


def create(db: sqlite3.Connection) -> None:
    """Make what is missing, inside the caller's transaction.

    A file of an older version is changed as far as that is quick; `migrations.finish` does what takes long.

    Raises:
        ValueError: the file was written by a newer version.
    """
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    if found > VERSION:
        raise ValueError(f"was written by a newer Otus (store version {found}, this one reads {VERSION})")
    if found < 1:
        for statement in TABLES.split(";\n"):
            if statement.strip():
                db.execute(statement)
    spool_schema.create(db)
    for version in range(max(found, 1), VERSION):
        MIGRATIONS[version](db)
    if found != VERSION:
        db.execute(f"PRAGMA user_version = {VERSION}")
