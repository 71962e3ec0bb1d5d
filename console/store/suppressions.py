"""Suppressions, in SQL that the embedded store and the registry share: few rows, never deleted.

What one is about is asked of each alert when somebody asks, never written to it: so none has to be found again when
the date is over.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from console.store.rows import Suppression
from console.store.sql import Run

TABLE = (
    "CREATE TABLE suppression (id TEXT NOT NULL PRIMARY KEY, cause TEXT NOT NULL, hosts TEXT NOT NULL, segment TEXT,"
    " reason TEXT NOT NULL, author TEXT NOT NULL, since_ns INTEGER NOT NULL, until_ns INTEGER NOT NULL,"
    " ended_ns INTEGER, ended_by TEXT, about TEXT NOT NULL)"
)
COLUMNS = "id, cause, hosts, segment, reason, author, since_ns, until_ns, ended_ns, ended_by, about"
MAX_SUPPRESSIONS = 200
"""that hold at a time: each list of open work asks every one of them"""


class TooManySuppressions(ValueError):
    """`MAX_SUPPRESSIONS` hold already: end one, or say it for a whole segment."""


def add(run: Run, new: Suppression, now_ns: int) -> None:
    if len(holding(run, now_ns)) >= MAX_SUPPRESSIONS:
        raise TooManySuppressions(f"{MAX_SUPPRESSIONS} hold already")
    values = {
        "id": new.id, "cause": new.cause, "hosts": json.dumps(new.hosts), "segment": new.segment, "reason": new.reason,
        "author": new.by, "since_ns": new.since_ns, "until_ns": new.until_ns, "ended_ns": None, "ended_by": None,
        "about": new.about,
    }  # fmt: skip
    places = ", ".join(f":{name}" for name in values)
    run(f"INSERT INTO suppression ({', '.join(values)}) VALUES ({places})", values)


def newest(run: Run, limit: int) -> list[Suppression]:
    rows = run(
        f"SELECT {COLUMNS} FROM suppression ORDER BY since_ns DESC, id DESC LIMIT :limit", {"limit": max(1, limit)}
    )
    return [_read(row) for row in rows]


def holding(run: Run, now_ns: int) -> tuple[Suppression, ...]:
    wanted = f"SELECT {COLUMNS} FROM suppression WHERE ended_ns IS NULL AND until_ns > :now ORDER BY id"
    return tuple(_read(row) for row in run(wanted, {"now": now_ns}))


def end(run: Run, suppression_id: str, by: str, now_ns: int) -> bool:
    ended = run(
        "UPDATE suppression SET ended_ns = :now, ended_by = :by"
        " WHERE id = :id AND ended_ns IS NULL AND until_ns > :now RETURNING id",
        {"now": now_ns, "by": by, "id": suppression_id},
    )
    return bool(ended)


def clause(these: Sequence[Suppression]) -> tuple[str, list[Any]]:
    """SQL over table `incident` as `i` for alerts that one of these is about, never NULL, with its values."""
    parts, values = [], list[Any]()
    for one in these:
        part = "i.cause IS ?"
        values.append(one.cause)
        if one.segment is not None:
            part += " AND i.segment IS ?"
            values.append(one.segment)
        for host in one.hosts:
            part += " AND (i.client IS ? OR i.server IS ?)"
            values += [host, host]
        parts.append(f"({part})")
    return f"({' OR '.join(parts)})" if parts else "0", values


def _read(row: Sequence[Any]) -> Suppression:
    return Suppression(row[0], row[1], tuple(json.loads(row[2])), *row[3:])
