"""What the screens ask of the embedded store, in SQL. Values are bound; only names from our own lists are built in."""

from __future__ import annotations

import base64
import binascii
import sqlite3
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from console.store.merge import HOUR_NS
from console.store.rows import Count, CountBy, IncidentFilter, IncidentRow, Page, Workflow
from sensor.schema import Level

ROW_COLUMNS = (
    "r.origin, r.id, r.revision, i.child, i.tenant, r.segment, i.level, i.detector, i.protocol, i.title_zh, i.title_en,"
    " i.rule_id, i.technique, i.client, i.server, i.first_ns, i.last_ns, i.count, i.outcome, i.state,"
    " coalesce(d.workflow, 'new'), r.received_ns"
)
ROW_TABLES = "incident i JOIN record r USING (number) LEFT JOIN decision d USING (number)"

MAX_LIMIT = 1000


def read_row(row: tuple[Any, ...]) -> IncidentRow:
    technique = tuple(name for name in row[12].split(",") if name)
    values: tuple[Any, ...] = (*row[:12], technique, *row[13:20], Workflow(row[20]), row[21])
    return IncidentRow(*values)


def where_clause(where: IncidentFilter) -> tuple[str, list[Any]]:
    """SQL over `i` (incident) and `d` (decision), with its values."""
    parts: list[str] = []
    values: list[Any] = []

    def add(sql: str, value: Any) -> None:
        if value is not None:
            parts.append(sql)
            values.append(value)

    add("i.rank = ?", _rank(where.level))
    add("i.rank >= ?", _rank(where.level_at_least))
    add("i.detector = ?", where.detector)
    add("i.protocol = ?", where.protocol)
    add("i.number IN (SELECT number FROM technique WHERE technique = ?)", where.technique)
    add("i.child = ?", where.child)
    add("i.origin = ?", where.origin)
    add("i.tenant = ?", where.tenant)
    add("i.state = ?", where.state)
    add("coalesce(d.workflow, 'new') = ?", None if where.workflow is None else str(where.workflow))
    add("i.last_ns >= ?", where.since_ns)
    add("i.first_ns < ?", where.until_ns)
    return " AND ".join(parts) or "1", values


def _rank(level: Level | str | None) -> int | None:
    """A level that does not exist finds nothing."""
    if level is None:
        return None
    try:
        return Level(level).rank
    except ValueError:
        return 99


def write_cursor(last_ns: int, number: int) -> str:
    return base64.urlsafe_b64encode(f"{last_ns}:{number}".encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> tuple[int, int] | None:
    """The place a cursor names; None for none and for one that a stranger made up."""
    if not cursor or len(cursor) > 64:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        last_ns, number = (int(part) for part in text.split(":"))
    except (ValueError, binascii.Error):
        return None
    return (last_ns, number) if abs(last_ns) < 2**63 and abs(number) < 2**63 else None


def incidents(db: sqlite3.Connection, where: IncidentFilter, limit: int, cursor: str | None) -> Page[IncidentRow]:
    clause, values = where_clause(where)
    place = read_cursor(cursor)
    if place is not None:
        clause += " AND (i.last_ns, i.number) < (?, ?)"
        values.extend(place)
    limit = max(1, min(limit, MAX_LIMIT))
    decided = "" if where.workflow is None else " LEFT JOIN decision d USING (number)"
    # Which ones first, from the indices; what stands in them is read for one page only.
    rows = db.execute(
        f"SELECT {ROW_COLUMNS}, i.number FROM {ROW_TABLES} WHERE i.number IN"
        f" (SELECT i.number FROM incident i{decided} WHERE {clause} ORDER BY i.last_ns DESC, i.number DESC LIMIT ?)"
        " ORDER BY i.last_ns DESC, i.number DESC",
        (*values, limit + 1),
    ).fetchall()
    following = write_cursor(rows[limit - 1][16], rows[limit - 1][-1]) if len(rows) > limit else None
    return Page(tuple(read_row(row) for row in rows[:limit]), following)


_COLUMN = {
    CountBy.LEVEL: "i.level",
    CountBy.DETECTOR: "i.detector",
    CountBy.PROTOCOL: "i.protocol",
    CountBy.TECHNIQUE: "t.technique",
    CountBy.CHILD: "i.child",
    CountBy.ORIGIN: "i.origin",
    CountBy.WORKFLOW: "coalesce(d.workflow, 'new')",
    CountBy.HOUR: "i.hour",
    CountBy.DAY: "i.hour",
}


def counts(db: sqlite3.Connection, by: CountBy, where: IncidentFilter, zone: ZoneInfo) -> list[Count]:
    clause, values = where_clause(where)
    column = _COLUMN[by]
    tables = "incident i"
    if by is CountBy.WORKFLOW or where.workflow is not None:
        tables += " LEFT JOIN decision d USING (number)"
    if by is CountBy.TECHNIQUE:
        tables += " JOIN technique t USING (number)"
    rows = db.execute(
        f"SELECT {column}, count(*), total(i.count) FROM {tables} WHERE {clause} GROUP BY 1", values
    ).fetchall()
    if by in (CountBy.HOUR, CountBy.DAY):
        return _by_time(rows, by, zone)
    found = [Count(str(key), int(number), int(hits)) for key, number, hits in rows]
    if by is CountBy.LEVEL:
        return sorted(found, key=lambda item: -Level(item.key).rank)
    return sorted(found, key=lambda item: (-item.incidents, item.key))


def _by_time(rows: list[tuple[Any, ...]], by: CountBy, zone: ZoneInfo) -> list[Count]:
    """Hours are kept in UTC; days are formed here, in the node's zone."""
    form = "%Y-%m-%dT%H" if by is CountBy.HOUR else "%Y-%m-%d"
    sums: dict[str, tuple[int, int]] = {}
    for hour, number, hits in rows:
        moment = datetime.fromtimestamp(hour * HOUR_NS // 1_000_000_000, UTC).astimezone(zone)
        key = moment.strftime(form)
        before = sums.get(key, (0, 0))
        sums[key] = (before[0] + int(number), before[1] + int(hits))
    return [Count(key, *sums[key]) for key in sorted(sums)]
