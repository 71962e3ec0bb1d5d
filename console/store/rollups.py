"""Counts kept on write: what the overview shows costs the same however many incidents there are.

`tally` holds incidents by column, value and level since ever; `rollup` the same by UTC hour of the first time,
for all and by child, which is what pages show over time (a chart of another column is counted from the incidents).
Every change of an incident takes away what its old row gave and adds what its new row gives: a revision that only
counts on moves nothing. `console.store.check` makes them anew and compares.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from operator import attrgetter

from console.store import bulk
from console.store.kept import Kept, State
from sensor.schema import LEVELS

TABLES = (
    "CREATE TABLE tally (dimension TEXT NOT NULL, key TEXT NOT NULL, rank INTEGER NOT NULL, incidents INTEGER NOT NULL,"
    " PRIMARY KEY (dimension, key, rank)) WITHOUT ROWID",
    "CREATE TABLE rollup (dimension TEXT NOT NULL, key TEXT NOT NULL, hour INTEGER NOT NULL, rank INTEGER NOT NULL,"
    " incidents INTEGER NOT NULL, PRIMARY KEY (dimension, key, hour, rank)) WITHOUT ROWID",
)
ALL, CHILD, DETECTOR, PROTOCOL, TECHNIQUE = "all", "child", "detector", "protocol", "technique"
ORIGIN, WORKFLOW = "origin", "workflow"
KIND = "kind"
"""of records: this one tally counts records, not incidents"""

LEVEL_OF = {level.rank: str(level) for level in LEVELS}

Place = tuple[str, str, int, int]
"""dimension, key, hour, rank"""
Sums = Counter[Place]
"""how many incidents more, or fewer, there are at each place"""
EVER = -1
"""in place of an hour: the row of `tally`"""


def change(sums: Sums, before: State | None, after: State | None) -> None:
    """An incident came (no `before`), goes (no `after`), or is another now."""
    if before is not None and after is not None and before[1] == after[1] and _summed(before[0]) == _summed(after[0]):
        return
    if before is not None:
        sums.subtract(places(*before))
    if after is not None:
        sums.update(places(*after))


_summed = attrgetter("rank", "hour", "child", "detector", "protocol", "origin", "technique")


def places(kept: Kept, workflow: str) -> list[Place]:
    """Every sum that an incident is part of."""
    rank, hour = kept.rank, kept.hour
    found = [
        (ALL, "", hour, rank), (CHILD, kept.child, hour, rank), (ALL, "", EVER, rank), (CHILD, kept.child, EVER, rank),
        (DETECTOR, kept.detector, EVER, rank), (PROTOCOL, kept.protocol, EVER, rank), (ORIGIN, kept.origin, EVER, rank),
        (WORKFLOW, workflow, EVER, rank),
    ]  # fmt: skip
    found += [(TECHNIQUE, name, EVER, rank) for name in kept.techniques]
    return found


def write(db: sqlite3.Connection, sums: Sums, where: str = "") -> None:
    """Add up; a row that comes to nothing goes. `where` names another database of the connection, with its dot."""
    changes = [(place, by) for place, by in sorted(sums.items()) if by]
    ever = [(column, key, rank, by) for (column, key, hour, rank), by in changes if hour == EVER]
    hourly = [(*place, by) for place, by in changes if place[2] != EVER]
    conflict = "ON CONFLICT DO UPDATE SET incidents = incidents + excluded.incidents"
    bulk.insert(db, f"INTO {where}tally", ever, conflict)
    bulk.insert(db, f"INTO {where}rollup", hourly, conflict)
    db.executemany(
        f"DELETE FROM {where}tally WHERE dimension = ? AND key = ? AND rank = ? AND incidents = 0",
        [row[:-1] for row in ever if row[-1] < 0],
    )
    db.executemany(
        f"DELETE FROM {where}rollup WHERE dimension = ? AND key = ? AND hour = ? AND rank = ? AND incidents = 0",
        [row[:-1] for row in hourly if row[-1] < 0],
    )


def total(db: sqlite3.Connection, dimension: str, key: str) -> int:
    return int(
        db.execute(
            "SELECT coalesce(sum(incidents), 0) FROM tally WHERE dimension = ? AND key = ?", (dimension, key)
        ).fetchone()[0]
    )
