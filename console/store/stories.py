"""Stories of the embedded store, and what both stores make of them: which are open work, the most urgent first."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from console.store import fulltext, suppressions
from console.store.queries import MAX_LIMIT, read_cursor, write_cursor
from console.store.rows import OPEN_WORK, OpenStories, OpenStory, Page, StoryRow, Suppression
from sensor.schema import Record, Story

TABLES = (
    "CREATE TABLE story (number INTEGER PRIMARY KEY REFERENCES record, child TEXT NOT NULL, urgency INTEGER NOT NULL,"
    " merged INTEGER NOT NULL, last_ns INTEGER NOT NULL)",
    "CREATE INDEX story_last ON story (merged, last_ns, number)",
    "CREATE INDEX story_child ON story (child, merged, last_ns, number)",
    "ALTER TABLE incident ADD COLUMN cause TEXT",
    "ALTER TABLE incident ADD COLUMN segment TEXT",
    "ALTER TABLE incident ADD COLUMN story TEXT",
    "CREATE INDEX incident_story ON incident (story) WHERE story IS NOT NULL",
    "CREATE INDEX incident_cause ON incident (cause, number) WHERE cause IS NOT NULL",
    suppressions.TABLE,
)
LOOKED_AT = 20_000
"""Alerts that are open work, of which the stories are found: nobody works through more than that."""
AT_ONCE = 500

Name = tuple[str, str]


def write(db: sqlite3.Connection, number: int, child: str, body: Story) -> None:
    db.execute(
        "INSERT OR REPLACE INTO story VALUES (?, ?, ?, ?, ?)",
        (number, child, body.severity.number, body.merged_into is not None, body.last_ns),
    )


_COLUMNS = "r.origin, r.id, r.revision, r.child, r.tenant, r.segment, r.whole, r.received_ns"


def _read(row: Sequence[Any]) -> StoryRow:
    origin, record_id, revision, child, tenant, segment, whole, received_ns = row
    story = Record.from_bytes(whole).story()
    return StoryRow(origin, record_id, revision, child, tenant, segment, story, received_ns)


def find(db: sqlite3.Connection, origin: str, record_id: str) -> StoryRow | None:
    row = db.execute(
        f"SELECT {_COLUMNS} FROM story JOIN record r USING (number) WHERE r.origin = ? AND r.id = ?",
        (origin, record_id),
    ).fetchone()
    return None if row is None else _read(row)


def page(db: sqlite3.Connection, child: str | None, limit: int, cursor: str | None) -> Page[StoryRow]:
    limit = max(1, min(limit, MAX_LIMIT))
    clause, values = "s.merged = 0", list[Any]()
    if child is not None:
        clause, values = f"{clause} AND s.child = ?", [child]
    if (place := read_cursor(cursor)) is not None:
        clause, values = f"{clause} AND (s.last_ns, s.number) < (?, ?)", [*values, *place]
    rows = db.execute(
        f"SELECT {_COLUMNS}, s.last_ns, s.number FROM story s JOIN record r USING (number) WHERE {clause}"
        " ORDER BY s.last_ns DESC, s.number DESC LIMIT ?",
        (*values, limit + 1),
    ).fetchall()
    following = write_cursor(rows[limit - 1][8], rows[limit - 1][9]) if len(rows) > limit else None
    return Page(tuple(_read(row[:8]) for row in rows[:limit]), following)


def open_work(db: sqlite3.Connection, these: tuple[Suppression, ...], limit: int) -> OpenStories:
    """From the alerts that are open work, found by their tokens in the full text."""
    hidden, values = suppressions.clause(these)
    states = fulltext.in_workflow(OPEN_WORK)
    rows = db.execute(
        "SELECT i.origin, i.story, count(*) FROM (SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC"
        f" LIMIT {LOOKED_AT + 1}) s JOIN incident i ON i.number = s.rowid WHERE NOT {hidden} GROUP BY 1, 2",
        (states, *values),
    ).fetchall()
    looked_at = db.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM search WHERE search MATCH ? LIMIT {LOOKED_AT + 1})", (states,)
    ).fetchone()[0]

    def fetch(names: Collection[Name]) -> list[StoryRow]:
        return [row for name in names if (row := find(db, *name)) is not None]

    waiting = {(origin, story): number for origin, story, number in rows if story is not None}
    alone = sum(number for _, story, number in rows if story is None)
    return ranked(waiting, alone, fetch, limit, exact=looked_at <= LOOKED_AT)


def ranked(
    waiting: Mapping[Name, int],
    alone: int,
    fetch: Callable[[Collection[Name]], list[StoryRow]],
    limit: int,
    *,
    exact: bool,
) -> OpenStories:
    """`waiting`: how many alerts wait in each story that an alert names. Those of a story that became part of another
    count there; those of one that has not arrived yet stand alone."""
    rows: dict[Name, StoryRow] = {}

    def load(names: Collection[Name]) -> None:
        todo = [name for name in names if name not in rows]
        for start in range(0, len(todo), AT_ONCE):
            rows.update({(row.origin, row.id): row for row in fetch(todo[start : start + AT_ONCE])})

    load(waiting)
    counts: dict[Name, int] = {}
    for name, number in waiting.items():
        at, seen = name, {name}
        while (row := rows.get(at)) is not None and row.story.merged_into is not None:
            at = (at[0], row.story.merged_into)
            if at in seen:
                break  # a sender that made a ring of them
            seen.add(at)
            load([at])
        if at in rows:
            counts[at] = counts.get(at, 0) + number
        else:
            alone += number
    order = sorted(counts, key=lambda name: (-rows[name].story.severity.number, -rows[name].story.last_ns, name))
    found = tuple(OpenStory(rows[name], counts[name]) for name in order[: max(1, min(limit, MAX_LIMIT))])
    return OpenStories(found, len(order), alone, exact)
