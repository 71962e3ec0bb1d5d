"""Assets, sensors, children, dead letters and totals of the embedded store, in SQL."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from console.store import EnrolledNode, roll, rollups, silence
from console.store.queries import MAX_LIMIT, read_cursor, write_cursor
from console.store.rows import AssetRow, ChildRow, Coverage, DeadLetter, NodeFilter, Page, SensorRow, Totals
from sensor.schema import Kind, Record


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
    listed |= {row[0]: row[1:] for row in db.execute("SELECT origin, child, received_ns FROM heartbeat")}
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


def _some(db: sqlite3.Connection, sql: str, names: Sequence[str], more: str = "") -> list[Any]:
    return db.execute(f"{sql} ({','.join('?' * len(names))}) {more}", names).fetchall()


def coverage(db: sqlite3.Connection, nodes: Sequence[EnrolledNode], silent_before_ns: int) -> Coverage:
    reporting, without, *sums = db.execute(
        "SELECT count(*), total(NOT baseline), total(received), total(parsed), total(skipped), total(lost), total(held)"
        " FROM heartbeat"
    ).fetchone()
    silent = [row[0] for row in db.execute("SELECT origin FROM heartbeat WHERE received_ns < ?", (silent_before_ns,))]
    unheard = silence.enrolled_sensors(nodes)
    if unheard:
        unheard -= {row[0] for row in db.execute("SELECT origin FROM heartbeat")}
    return Coverage(
        reporting + len(unheard),
        len(silent) + len(unheard),
        silence.first([*silent, *unheard]),
        int(without),
        silence.ledger(sums) if reporting else None,
        *silence.children(nodes, dict(db.execute("SELECT name, last_seen_ns FROM child")), silent_before_ns),
    )


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
    sums = "SELECT child, count(*), total(received), total(parsed), total(skipped), total(lost) FROM heartbeat"
    ledger = {row[0]: row[1:] for row in _some(db, f"{sums} WHERE child IN", names, "GROUP BY child")}
    found = []
    for name in names:
        # A child that was never enrolled here comes from an import; it speaks for others, like a console.
        kind, revoked_ns = nodes.get(name, ("console", None))
        figures = tuple(int(value) for value in ledger.get(name, (0, 0, 0, 0, 0)))
        found.append(ChildRow(name, kind, revoked_ns is not None, seen.get(name), dict(levels.get(name, {})), *figures))
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
