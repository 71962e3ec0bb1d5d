"""What receivers below say about orders, in the embedded store: beside their records, and asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from console.store import bulk
from console.store.order_rows import Name, ReceiptCounts, ReceiptRow
from console.store.queries import MAX_LIMIT, read_cursor, write_cursor
from console.store.rows import Page
from console.store.sql import asked
from sensor.schema import Receipt, Record

TABLES = (
    "CREATE TABLE receipt (number INTEGER PRIMARY KEY REFERENCES record, order_origin TEXT NOT NULL,"
    " order_id TEXT NOT NULL, state TEXT NOT NULL, settled INTEGER NOT NULL, at_ns INTEGER NOT NULL)",
    "CREATE INDEX receipt_last ON receipt (order_origin, order_id, at_ns, number)",
    "CREATE INDEX receipt_state ON receipt (order_origin, order_id, state, settled, at_ns, number)",
)


def write(db: sqlite3.Connection, receipts: Mapping[int, Receipt]) -> None:
    bulk.insert(
        db,
        "OR REPLACE INTO receipt",
        [
            (number, item.about.origin, item.about.id, item.state, int(item.settled), item.at_ns)
            for number, item in receipts.items()
        ],
    )


def page(
    db: sqlite3.Connection, origin: str, record_id: str, state: str | None, limit: int, cursor: str | None
) -> Page[ReceiptRow]:
    limit = max(1, min(limit, MAX_LIMIT))
    clause, values = "r.order_origin = ? AND r.order_id = ?", [asked(origin), asked(record_id)]
    if state is not None:
        clause += " AND r.state = ?"
        values.append(asked(state))
    place = read_cursor(cursor)
    if place is not None:
        clause += " AND (r.at_ns, r.number) < (?, ?)"
    rows = db.execute(
        "SELECT i.origin, i.id, i.child, i.revision, i.whole, i.received_ns, r.at_ns, r.number FROM receipt r"
        f" JOIN record i USING (number) WHERE {clause} ORDER BY r.at_ns DESC, r.number DESC LIMIT ?",
        (*values, *(place or ()), limit + 1),
    ).fetchall()
    following = write_cursor(rows[limit - 1][6], rows[limit - 1][7]) if len(rows) > limit else None
    found = tuple(
        ReceiptRow(receiver, found_id, child, revision, Record.from_bytes(whole).receipt(), received_ns)
        for receiver, found_id, child, revision, whole, received_ns, _, _ in rows[:limit]
    )
    return Page(found, following)


def counts(db: sqlite3.Connection, orders: Sequence[Name]) -> dict[Name, ReceiptCounts]:
    found = {}
    for name in orders:
        rows = db.execute(
            "SELECT state, count(*), sum(settled) FROM receipt WHERE order_origin = ? AND order_id = ?"
            " GROUP BY state ORDER BY state",
            name,
        ).fetchall()
        found[name] = ReceiptCounts({state: number for state, number, _ in rows}, sum(row[2] for row in rows))
    return found
