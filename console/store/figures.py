"""Assets, sensors, children, dead letters and totals of the embedded store, in SQL."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from console.store import EnrolledNode, roll, rollups, silence
from console.store.incoming import SUM
from console.store.queries import MAX_LIMIT, read_cursor, write_cursor
from console.store.rows import AssetRow, ChildRow, Coverage, DeadLetter, NodeFilter, Page, SensorRow, Totals
from sensor.schema import Kind, Record

_SENSORS = f"baseline <> {SUM}"


def assets(db: sqlite3.Connection, child: str | None, limit: int, cursor: str | None) -> Page[AssetRow]:
    clause, values = ("a.child = ?", [child]) if child is not None else ("1", [])
    place = read_cursor(cursor)
    sql_values: list[object] = [*values]
    if place is not None:
        clause += " AND (a.last_ns, a.number) < (?, ?)"
        sql_values.extend(place)
    limit = max(1, min(limit, MAX_LIMIT))
    rows = db.execute(
        "SELECT r.origin, r.id, r.child, r.tenant, r.whole, r.received_ns, a.last_ns, a.number"
        f" FROM asset a JOIN record r USING (number) WHERE {clause} ORDER BY a.last_ns DESC, a.number DESC LIMIT ?",
        (*sql_values, limit + 1),
    ).fetchall()
    following = write_cursor(rows[limit - 1][6], rows[limit - 1][7]) if len(rows) > limit else None
    found = tuple(
        AssetRow(row[0], row[1], row[2], row[3], Record.from_bytes(row[4]).asset(), row[5]) for row in rows[:limit]
    )
    return Page(found, following)


def sensors(
    db: sqlite3.Connection, nodes: Sequence[EnrolledNode], where: NodeFilter, limit: int, cursor: str | None
) -> Page[SensorRow]:
    listed = {name: (name, 0) for name in silence.enrolled_sensors(nodes)}
    counted, values = _counted(_sums(db))
    rows = db.execute(f"SELECT origin, child, received_ns FROM heartbeat WHERE {counted}", values)
    listed |= {row[0]: row[1:] for row in rows}
    names, following = roll.walk(where, limit, cursor).page(
        (name, seen_ns) for name, (via, seen_ns) in listed.items() if where.child in (None, via)
    )
    beats = dict(
        _some(db, "SELECT h.origin, r.whole FROM heartbeat h JOIN record r USING (number) WHERE h.origin IN", names)
    )
    incidents = dict(
        _some(
            db,
            f"SELECT key, sum(incidents) FROM tally WHERE dimension = '{rollups.ORIGIN}' AND key IN",
            names,
            "GROUP BY key",
        )
    )
    found = []
    for name in names:
        beat = Record.from_bytes(beats[name]).heartbeat() if name in beats else None
        found.append(SensorRow(name, *listed[name], beat, incidents.get(name, 0)))
    return Page(tuple(found), following)


def _some(
    db: sqlite3.Connection, sql: str, names: Sequence[str], more: str = "", before: Sequence[str] = ()
) -> list[Any]:
    """`before`: what stands in `sql` itself."""
    return db.execute(f"{sql} ({','.join('?' * len(names))}) {more}", [*before, *names]).fetchall()


def coverage(db: sqlite3.Connection, nodes: Sequence[EnrolledNode], silent_before_ns: int) -> Coverage:
    sums = _sums(db)
    alone, children = _alone(sums)
    reporting, without = db.execute(
        f"SELECT count(*), total(NOT baseline) FROM heartbeat WHERE {alone}", children
    ).fetchone()
    counted, values = _counted(sums)
    lines, *figures = db.execute(
        "SELECT count(*), total(received), total(parsed), total(skipped), total(lost), total(held)"
        f" FROM heartbeat WHERE {counted}",
        values,
    ).fetchone()
    late = db.execute(f"SELECT origin FROM heartbeat WHERE {alone} AND received_ns < ?", (*children, silent_before_ns))
    silent = [row[0] for row in late]
    unheard = silence.enrolled_sensors(nodes)
    if unheard:
        unheard -= {row[0] for row in db.execute("SELECT origin FROM heartbeat")}
    by_themselves = Coverage(
        reporting + len(unheard),
        len(silent) + len(unheard),
        silence.first([*silent, *unheard]),
        int(without),
        silence.ledger(figures) if lines else None,
        *silence.children(nodes, dict(db.execute("SELECT name, last_seen_ns FROM child")), silent_before_ns),
    )
    return silence.with_sums(by_themselves, sums, silent_before_ns)


def _sums(db: sqlite3.Connection) -> list[silence.Sum]:
    rows = db.execute(
        "SELECT h.origin, h.child, h.received_ns, r.whole FROM heartbeat h JOIN record r USING (number)"
        f" WHERE NOT {_SENSORS}"
    ).fetchall()
    found = [(row, Record.from_bytes(row[3]).heartbeat().below) for row in rows]
    sums = [silence.Sum(row[0], row[1], row[2], below) for row, below in found if below is not None]
    newest = f"SELECT coalesce(max(received_ns), 0) FROM heartbeat WHERE child = ? AND {_SENSORS}"
    own = {child: db.execute(newest, (child,)).fetchone()[0] for child in {item.child for item in sums}}
    return silence.speaking(sums, own)


def _alone(sums: Sequence[silence.Sum]) -> tuple[str, list[str]]:
    """Sensors whose own heartbeats count."""
    children = sorted({item.child for item in sums})
    return f"({_SENSORS} AND child NOT IN ({','.join('?' * len(children))}))", children


def _counted(sums: Sequence[silence.Sum]) -> tuple[str, list[str]]:
    """These, and the consoles that speak for others."""
    alone, children = _alone(sums)
    return f"({alone} OR origin IN ({','.join('?' * len(sums))}))", [*children, *(item.origin for item in sums)]


def children(
    db: sqlite3.Connection, enrolled: Sequence[EnrolledNode], where: NodeFilter, limit: int, cursor: str | None
) -> Page[ChildRow]:
    seen = dict(db.execute("SELECT name, last_seen_ns FROM child").fetchall())
    nodes = {node.name: (node.kind, node.revoked_ns) for node in enrolled}
    names, following = roll.walk(where, limit, cursor).page(
        (name, seen.get(name)) for name in nodes.keys() | seen.keys()
    )
    levels: dict[str, dict[str, int]] = defaultdict(dict)
    rows = _some(db, f"SELECT key, rank, incidents FROM tally WHERE dimension = '{rollups.CHILD}' AND key IN", names)
    for child, rank, number in rows:
        levels[child][rollups.LEVEL_OF[rank]] = number
    behind = _sums(db)
    counted, values = _counted(behind)
    sums = "SELECT child, count(*), total(received), total(parsed), total(skipped), total(lost) FROM heartbeat"
    ledger = {
        row[0]: row[1:] for row in _some(db, f"{sums} WHERE {counted} AND child IN", names, "GROUP BY child", values)
    }
    found = []
    for name in names:
        # A child that was never enrolled here comes from an import; it speaks for others, like a console.
        kind, revoked_ns = nodes.get(name, ("console", None))
        number, *figures = (int(value) for value in ledger.get(name, (0, 0, 0, 0, 0)))
        number += silence.below_of(name, behind)
        by_level = dict(levels.get(name, {}))
        found.append(ChildRow(name, kind, revoked_ns is not None, seen.get(name), by_level, number, *figures))
    return Page(tuple(found), following)


def dead_letters(db: sqlite3.Connection, limit: int) -> list[DeadLetter]:
    rows = db.execute(
        "SELECT 'incoming', child, origin, id, revision, reason, at_ns FROM rejected"
        " UNION ALL SELECT 'outgoing', parent, origin, id, revision, reason, at_ns FROM spool_dead"
        " ORDER BY 7 DESC LIMIT ?",
        (max(1, min(limit, MAX_LIMIT)),),
    )
    return [DeadLetter(*row) for row in rows]


def totals(db: sqlite3.Connection) -> Totals:
    kinds = dict(db.execute("SELECT key, incidents FROM tally WHERE dimension = ?", (rollups.KIND,)).fetchall())
    pending = db.execute(
        "SELECT name, (SELECT count(*) FROM spool_pending WHERE parent = name) FROM spool_parent ORDER BY name"
    )
    return Totals(
        sum(kinds.values()),
        kinds.get(Kind.ALERT, 0),
        kinds.get(Kind.ASSET, 0),
        dict(pending.fetchall()),
        kinds.get(Kind.LINK, 0),
    )
