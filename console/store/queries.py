"""Lists of incidents of the embedded store, in SQL. Values are bound; only names from our own lists are built in.

There are three ways to a page, and each reads about as much as it shows:

- without a filter, or by child or level alone, an index is walked in the order of the last time (`_walk`);
- where up to `EXACT_TO` incidents match, they are taken from the full-text index and sorted (`_few`);
- where more do, that index is walked in the order in which incidents came (`_many`).
"""

from __future__ import annotations

import base64
import binascii
import sqlite3
from dataclasses import fields
from typing import Any

from console.store import fulltext, rollups, sources
from console.store.rows import EXACT_TO, Found, IncidentFilter, IncidentRow, Page, Workflow
from console.store.sources import BESIDE, Source, beside_clause
from sensor.schema import Level

ROW_COLUMNS = (
    "r.origin, r.id, r.revision, i.child, i.tenant, r.segment, i.level, i.detector, i.protocol, i.title_zh, i.title_en,"
    " i.rule_id, i.technique, i.client, i.server, i.first_ns, i.last_ns, i.count, i.outcome, i.state,"
    " coalesce(d.workflow, 'new'), r.received_ns"
)
ROW_TABLES = "incident i JOIN record r USING (number) LEFT JOIN decision d USING (number)"
MAX_LIMIT = 1000
LAST, ARRIVED = "l", "a"
"""what a cursor goes by: the last time, or the order of arrival"""


def read_row(row: tuple[Any, ...]) -> IncidentRow:
    technique = tuple(name for name in row[12].split(",") if name)
    values: tuple[Any, ...] = (*row[:12], technique, *row[13:20], Workflow(row[20]), row[21])
    return IncidentRow(*values)


def narrowed(where: IncidentFilter) -> set[str]:
    """The names of the filter's fields that say anything."""
    found = {item.name for item in fields(where) if getattr(where, item.name) is not None}
    return found - {"suppressions"} if (where.text or "").strip() else found - {"text", "suppressions"}


def rank_of(level: Level | str | None) -> int | None:
    """A level that does not exist finds nothing."""
    if level is None:
        return None
    try:
        return Level(level).rank
    except ValueError:
        return 99


def write_cursor(*place: str | int) -> str:
    return base64.urlsafe_b64encode(":".join(map(str, place)).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, kind: str = "", numbers: int = 2) -> tuple[int, ...] | None:
    """The place a cursor of a kind names; None for none, for another kind's and for one that a stranger made up."""
    if not cursor or len(cursor) > 64:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        if kind:
            found_kind, text = text.split(":", 1)
            if found_kind != kind:
                return None
        place = tuple(int(part) for part in text.split(":"))
    except (ValueError, binascii.Error):
        return None
    return place if len(place) == numbers and all(abs(part) < 2**63 for part in place) else None


def incidents(db: sqlite3.Connection, where: IncidentFilter, limit: int, cursor: str | None) -> Page[IncidentRow]:
    limit = max(1, min(limit, MAX_LIMIT))
    names = narrowed(where) - BESIDE
    if not where.suppressed and (not names or names in ({"child"}, {"level"})):
        return _walk(db, where, limit, read_cursor(cursor, LAST))
    match = fulltext.expression(db, where)
    if not match:
        return Page(())
    source, with_rows = sources.of_text(match, where, rows=False), sources.of_text(match, where)
    arrived, last = read_cursor(cursor, ARRIVED, 1), read_cursor(cursor, LAST)
    if arrived is not None:
        return _many(db, source, limit, arrived[0])
    if last is not None or _count(db, source).exact:
        return _few(db, with_rows, limit, last)
    return _many(db, source, limit, 2**62)


def incident_count(db: sqlite3.Connection, where: IncidentFilter) -> Found:
    match = fulltext.expression(db, where)
    if match == "":
        return Found(0)
    clause, values = beside_clause(where)
    if match is not None:
        return _count(db, sources.of_text(match, where, rows=False))
    if clause != "1":
        return _count(db, Source("incident i", clause, values, "i.number"))
    number = rollups.total(db, rollups.ALL, "")
    return Found(min(number, EXACT_TO), number <= EXACT_TO)


def _count(db: sqlite3.Connection, source: Source) -> Found:
    number = db.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {source.tables} WHERE {source.clause} LIMIT ?)",
        (*source.values, EXACT_TO + 1),
    ).fetchone()[0]
    return Found(min(number, EXACT_TO), number <= EXACT_TO)


def _walk(
    db: sqlite3.Connection, where: IncidentFilter, limit: int, place: tuple[int, ...] | None
) -> Page[IncidentRow]:
    clause, values = beside_clause(where)
    for sql, value in (("i.child = ?", where.child), ("i.rank = ?", rank_of(where.level))):
        if value is not None:
            clause += f" AND {sql}"
            values.append(value)
    if place is not None:
        clause += " AND (i.last_ns, i.number) < (?, ?)"
        values.extend(place)
    return _page(db, f"SELECT i.number FROM incident i WHERE {clause} {_BY_LAST} LIMIT ?", values, limit)


def _few(db: sqlite3.Connection, source: Source, limit: int, place: tuple[int, ...] | None) -> Page[IncidentRow]:
    # Those that came since the first page may make them a few more; a made-up cursor cannot make them all.
    inner = (
        f"SELECT i.number, i.last_ns FROM {source.tables} WHERE {source.clause} ORDER BY {source.number} DESC LIMIT ?"
    )
    after = "1" if place is None else "(last_ns, number) < (?, ?)"
    sql = f"SELECT number FROM ({inner}) WHERE {after} ORDER BY last_ns DESC, number DESC LIMIT ?"
    return _page(db, sql, [*source.values, 4 * EXACT_TO, *(place or ())], limit)


def _many(db: sqlite3.Connection, source: Source, limit: int, below: int) -> Page[IncidentRow]:
    number = source.number
    sql = f"SELECT {number} FROM {source.tables} WHERE {source.clause} AND {number} < ? ORDER BY {number} DESC LIMIT ?"
    return _page(db, sql, [*source.values, below], limit, arrived=True)


_BY_LAST = "ORDER BY i.last_ns DESC, i.number DESC"


def _page(
    db: sqlite3.Connection, numbers: str, values: list[Any], limit: int, *, arrived: bool = False
) -> Page[IncidentRow]:
    """Which ones first, from the indices; what stands in them is read for one page only."""
    order = "ORDER BY i.number DESC" if arrived else _BY_LAST
    rows = db.execute(
        f"SELECT {ROW_COLUMNS}, i.number FROM {ROW_TABLES} WHERE i.number IN ({numbers}) {order}", (*values, limit + 1)
    ).fetchall()
    following = None
    if len(rows) > limit:
        at = rows[limit - 1]
        following = write_cursor(ARRIVED, at[-1]) if arrived else write_cursor(LAST, at[16], at[-1])
    return Page(tuple(read_row(row) for row in rows[:limit]), following)
