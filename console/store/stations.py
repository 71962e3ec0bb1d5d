"""Stations and who speaks to whom, in the embedded store: what is written beside their records, and asked."""

from __future__ import annotations

import sqlite3
from typing import Any

from console.store import history
from console.store.queries import MAX_LIMIT, read_cursor, write_cursor
from console.store.rows import AssetHistory, AssetRow, LinkFilter, LinkRow, Page
from sensor.schema import Asset, Link, Record

TABLES = (
    "CREATE TABLE asset_revision (number INTEGER NOT NULL REFERENCES record, revision INTEGER NOT NULL,"
    " received_ns INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (number, revision)) WITHOUT ROWID",
    "CREATE TABLE link (number INTEGER PRIMARY KEY REFERENCES record, origin TEXT NOT NULL, child TEXT NOT NULL,"
    " segment TEXT NOT NULL, client TEXT NOT NULL, server TEXT NOT NULL, protocol TEXT NOT NULL,"
    " last_ns INTEGER NOT NULL)",
    "CREATE INDEX link_last ON link (last_ns, number)",
    *(f"CREATE INDEX link_{name} ON link ({name}, last_ns, number)" for name in ("child", "client", "server")),
    "CREATE INDEX link_protocol ON link (protocol, last_ns, number)",
)


def write(db: sqlite3.Connection, number: int, child: str, record: Record, body: Asset | Link, now_ns: int) -> None:
    """What lists and histories are made from, for one record that came or changed."""
    if isinstance(body, Link):
        db.execute(
            "INSERT OR REPLACE INTO link VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (number, record.origin, child, record.segment, body.client, body.server, body.protocol, body.last_ns),
        )
        return
    db.execute(
        "INSERT INTO asset VALUES (?, ?, ?) ON CONFLICT (number) DO UPDATE SET last_ns = excluded.last_ns",
        (number, child, body.last_ns),
    )
    db.execute("INSERT INTO asset_revision VALUES (?, ?, ?, ?)", (number, *history.mark(record, now_ns)))
    history.keep_newest(db, "asset_revision", [number], history.KEEP_ASSET_REVISIONS)


def asset(db: sqlite3.Connection, origin: str, record_id: str) -> AssetHistory | None:
    row = db.execute(
        "SELECT r.origin, r.id, r.child, r.tenant, r.whole, r.received_ns, r.number FROM record r"
        " JOIN asset USING (number) WHERE r.origin = ? AND r.id = ?",
        (origin, record_id),
    ).fetchone()
    if row is None:
        return None
    record = Record.from_bytes(row[4])
    marks = db.execute("SELECT revision, received_ns, body FROM asset_revision WHERE number = ?", (row[6],))
    found = AssetRow(row[0], row[1], row[2], row[3], record.asset(), row[5])
    return AssetHistory(found, record.segment, history.read(marks))


def links(db: sqlite3.Connection, where: LinkFilter, limit: int, cursor: str | None) -> Page[LinkRow]:
    """An index is walked in the order of the last time: of the address where one is named, else of the child, the
    protocol, or all. What else is asked for is looked at on the way, so a page costs at most that index's entry."""
    limit = max(1, min(limit, MAX_LIMIT))
    clause, values = "1", list[Any]()
    for name in ("child", "protocol", "origin", "segment"):
        if (value := getattr(where, name)) is not None:
            clause += f" AND {name} = ?"
            values.append(value)
    place = read_cursor(cursor)
    if place is not None:
        clause += " AND (last_ns, number) < (?, ?)"
        values.extend(place)
    walks = ["1"] if where.address is None else ["client = ?", "server = ?"]
    own = [] if where.address is None else [where.address]
    parts = [
        f"SELECT * FROM (SELECT number FROM link WHERE {walk} AND {clause} ORDER BY last_ns DESC, number DESC LIMIT ?)"
        for walk in walks
    ]
    rows = db.execute(
        "SELECT r.origin, r.id, r.child, r.tenant, r.segment, r.whole, r.received_ns, l.last_ns, l.number FROM link l"
        f" JOIN record r USING (number) WHERE l.number IN ({' UNION '.join(parts)})"
        " ORDER BY l.last_ns DESC, l.number DESC LIMIT ?",
        (*(value for _ in walks for value in (*own, *values, limit + 1)), limit + 1),
    ).fetchall()
    following = write_cursor(rows[limit - 1][7], rows[limit - 1][8]) if len(rows) > limit else None
    found = tuple(
        LinkRow(origin, record_id, child, tenant, segment, Record.from_bytes(whole).link(), received_ns)
        for origin, record_id, child, tenant, segment, whole, received_ns, _, _ in rows[:limit]
    )
    return Page(found, following)
