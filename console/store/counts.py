"""What the charts of the embedded store show: from the counts kept on write where these answer, else from the rows.

A UTC hour belongs to the local hour, day or week in which it begins. Where a zone's offset is no whole number of hours,
the hour that a local midnight divides is read from its incidents, so that days and weeks are exact there too; a local
"hour" there is the UTC hour that begins in it (23:30 to 00:30 counts as 23).
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from console.store import fulltext, rollups, sources
from console.store.kept import HOUR_NS, techniques_of
from console.store.queries import narrowed, rank_of
from console.store.rows import TIME_FORM, Count, CountBy, IncidentFilter
from console.store.sources import beside_clause
from sensor.schema import LEVELS, Level

_COLUMN = {
    CountBy.LEVEL: "i.level",
    CountBy.DETECTOR: "i.detector",
    CountBy.PROTOCOL: "i.protocol",
    CountBy.TECHNIQUE: "i.technique",
    CountBy.CHILD: "i.child",
    CountBy.ORIGIN: "i.origin",
    CountBy.WORKFLOW: "coalesce(d.workflow, 'new')",
}
_TALLIED = {"child", "detector", "protocol", "technique", "origin", "workflow"}
_SPAN = {"began_ns", "until_ns"}
_BY_HOUR = {"child"}
"""of which there are counts by hour"""


def counts(db: sqlite3.Connection, by: CountBy, where: IncidentFilter, zone: ZoneInfo) -> list[Count]:
    if where.suppressed is False:
        # What is hidden is little: it is taken away from what is kept counted.
        shown = {count.key: count for count in counts(db, by, replace(where, suppressed=None), zone)}
        for count in counts(db, by, replace(where, suppressed=True), zone) if where.suppressions else ():
            both = shown[count.key]
            shown[count.key] = Count(count.key, both.incidents - count.incidents)
        return [count for count in shown.values() if count.incidents]
    if by in TIME_FORM:
        return _over_time(db, by, where, zone)
    rows = _tallied(db, by, where)
    if rows is None and by is CountBy.LEVEL and narrowed(where) <= _SPAN | _BY_HOUR:
        rows = _levels_of_span(db, where, zone)
    if rows is None:
        rows = _grouped(db, by, where)
    found = [Count(str(key), int(number)) for key, number in rows]
    if by is CountBy.LEVEL:
        return sorted(found, key=lambda item: -Level(item.key).rank)
    return sorted(found, key=lambda item: (-item.incidents, item.key))


def _tallied(db: sqlite3.Connection, by: CountBy, where: IncidentFilter) -> list[tuple[Any, ...]] | None:
    """By level under at most one other column, or by a column at most at one level; None for everything else."""
    names = narrowed(where)
    if by is CountBy.LEVEL and (not names or (len(names) == 1 and names <= _TALLIED)):
        dimension = next(iter(names), rollups.ALL)
        key = "" if not names else str(getattr(where, dimension))
        rows = db.execute("SELECT rank, incidents FROM tally WHERE dimension = ? AND key = ?", (dimension, key))
        return [(rollups.LEVEL_OF[rank], number) for rank, number in rows]
    if by is not CountBy.LEVEL and names <= {"level"}:
        clause, values = ("", []) if where.level is None else (" AND rank = ?", [rank_of(where.level)])
        return db.execute(
            f"SELECT key, sum(incidents) FROM tally WHERE dimension = ?{clause} GROUP BY key",
            (str(by), *values),
        ).fetchall()
    return None


def _grouped(
    db: sqlite3.Connection, by: CountBy, where: IncidentFilter, column: str | None = None
) -> list[tuple[Any, ...]]:
    """From the rows that match, one by one."""
    match = fulltext.expression(db, where)
    if match == "":
        return []
    tables, (clause, values) = "incident i", beside_clause(where)
    if match is not None:
        tables, clause, values, _ = sources.of_text(match, where)
    if by is CountBy.WORKFLOW:
        tables += " LEFT JOIN decision d ON d.number = i.number"
    rows = db.execute(
        f"SELECT {column or _COLUMN[by]}, count(*) FROM {tables} WHERE {clause} GROUP BY 1",
        values,
    ).fetchall()
    return _each_technique(rows) if by is CountBy.TECHNIQUE else rows


def _each_technique(rows: Iterable[tuple[str, int]]) -> list[tuple[Any, ...]]:
    """An incident counts under each of its techniques."""
    sums = Counter[str]()
    for joined, number in rows:
        for name in techniques_of(joined):
            sums[name] += number
    return list(sums.items())


def _levels_of_span(db: sqlite3.Connection, where: IncidentFilter, zone: ZoneInfo) -> list[tuple[Any, ...]]:
    column = next(iter(narrowed(where) - _SPAN), rollups.ALL)
    rows = []
    for level in LEVELS:
        parts = list(_rolled(db, CountBy.HOUR, replace(where, level=level), zone, column))
        if number := sum(part[1] for part in parts):
            rows.append((str(level), number))
    return rows


def _over_time(db: sqlite3.Connection, by: CountBy, where: IncidentFilter, zone: ZoneInfo) -> list[Count]:
    names = narrowed(where)
    columns = names - {"level", *_SPAN}
    # Days from their moments, hours from where their UTC hour begins: in both ways.
    if not columns <= _BY_HOUR:
        rows: Iterable[tuple[Any, ...]] = _grouped(db, by, where, _moment(by))
    else:
        rows = _rolled(db, by, where, zone, next(iter(columns), rollups.ALL))
    sums = Counter[str]()
    for moment, number in rows:
        sums[_local(moment, zone).strftime(TIME_FORM[by])] += number
    return [Count(key, sums[key]) for key in sorted(sums)]


def _moment(by: CountBy) -> str:
    return f"i.hour * {HOUR_NS}" if by is CountBy.HOUR else f"i.first_ns / {HOUR_NS // 4} * {HOUR_NS // 4}"


def _rolled(
    db: sqlite3.Connection, by: CountBy, where: IncidentFilter, zone: ZoneInfo, column: str
) -> Iterable[tuple[int, int]]:
    """(a moment, incidents): whole hours from the counts, hours that the span or a midnight divides from rows."""
    clause, values = "dimension = ? AND key = ?", [column, "" if column == rollups.ALL else getattr(where, column)]
    divided: set[int] = set()
    if where.began_ns is not None:
        clause, values = f"{clause} AND hour >= ?", [*values, where.began_ns // HOUR_NS]
        divided |= {where.began_ns // HOUR_NS} if where.began_ns % HOUR_NS else set()
    if where.until_ns is not None:
        clause, values = f"{clause} AND hour < ?", [*values, -(-where.until_ns // HOUR_NS)]
        divided |= {where.until_ns // HOUR_NS} if where.until_ns % HOUR_NS else set()
    if where.level is not None:
        clause, values = f"{clause} AND rank = ?", [*values, rank_of(where.level)]
    rows = db.execute(f"SELECT hour, sum(incidents) FROM rollup WHERE {clause} GROUP BY hour", values)
    for hour, number in rows.fetchall():
        start = hour * HOUR_NS
        parts = by is not CountBy.HOUR and _holds_midnight(start, zone)
        if parts or hour in divided:
            yield from _of_hour(db, by, where, hour, column)
        else:
            yield start, number


def _of_hour(
    db: sqlite3.Connection, by: CountBy, where: IncidentFilter, hour: int, column: str
) -> list[tuple[int, int]]:
    clause, values = beside_clause(where)
    if column != rollups.ALL:
        clause, values = f"{clause} AND i.{column} = ?", [*values, getattr(where, column)]
    if where.level is not None:
        clause, values = f"{clause} AND i.rank = ?", [*values, rank_of(where.level)]
    return db.execute(
        f"SELECT {_moment(by)}, count(*) FROM incident i WHERE i.hour = ? AND {clause} GROUP BY 1",
        (hour, *values),
    ).fetchall()


def _holds_midnight(start_ns: int, zone: ZoneInfo) -> bool:
    """Whether a day begins within this UTC hour, not with it."""
    start = _local(start_ns, zone)
    return start.minute != 0 and start.date() != _local(start_ns + HOUR_NS - 1, zone).date()


def _local(moment_ns: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment_ns // 1_000_000_000, UTC).astimezone(zone)
