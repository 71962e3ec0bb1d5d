"""Full text, counts and ages beside the incidents: gathered over a batch, written before its commit.

Written once for each incident that changed, in the order of their numbers: FTS5 writes what comes in order at once.
"""

from __future__ import annotations

import sqlite3

from console.store import bulk, fulltext, rollups
from console.store.kept import Kept

TABLES = (
    *fulltext.TABLES,
    *rollups.TABLES,
    # When a record was last stored or decided upon, by this node's clock: what retention goes by. Not for assets and
    # heartbeats, which stay.
    "CREATE TABLE age (number INTEGER PRIMARY KEY REFERENCES record, incident INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL)",
    "CREATE INDEX age_at ON age (incident, at_ns)",
)
KNOWN_TEXTS = 50_000
"""Texts whose words this process remembers to have written; forgetting them costs some looks, no more."""

State = tuple[Kept, str]
"""an incident and where a person is with it"""


class Index:
    """One batch. `known` is shared by all batches of a process: texts whose words stand in the table already."""

    def __init__(self, db: sqlite3.Connection, known: set[str]) -> None:
        self._db = db
        self._known = known
        self._changes: dict[int, tuple[State | None, State | None]] = {}
        self._words: dict[int, str] = {}
        self._ages: dict[int, tuple[int, int]] = {}
        self._kinds: dict[str, int] = {}

    def changed(self, number: int, before: State | None, after: State | None, words: str | None = None) -> None:
        """An incident came (no `before`), changed, or goes (no `after`). `words` are those of `after`, if at hand."""
        first = self._changes[number][0] if number in self._changes else before
        self._changes[number] = (first, after)
        if words is not None:
            self._words[number] = words

    def state(self, number: int) -> State | None:
        """The incident as an earlier record of this batch left it; None where none did."""
        return self._changes[number][1] if number in self._changes else None

    def aged(self, number: int, at_ns: int, *, incident: bool) -> None:
        self._ages[number] = (int(incident), at_ns)

    def record(self, kind: str, by: int) -> None:
        """A record of a kind came, or went."""
        self._kinds[kind] = self._kinds.get(kind, 0) + by

    def write(self) -> None:
        sums = rollups.new_sums()
        for kind, by in self._kinds.items():
            sums[rollups.KIND, kind, rollups.EVER, 0] = [by, 0]
        new_texts: set[str] = set()
        came: list[tuple[int, str]] = []
        for number, (before, after) in sorted(self._changes.items()):
            if before is not None:
                rollups.add(sums, *before, -1)
            if after is None:
                new = None
            else:
                rollups.add(sums, *after, +1)
                new = fulltext.with_filters(self._words.get(number) or fulltext.words(after[0]), *after)
            if before is None and new is not None:
                came.append((number, new))
            elif not self._replace(number, before, new):
                continue
            if after is not None:
                new_texts.update([text for text in fulltext.texts(after[0]) if text not in self._known])
        bulk.insert(self._db, "INTO search (rowid, tokens)", came)  # numbered above all others
        rollups.write(self._db, sums)
        self._write_words(new_texts)
        bulk.insert(
            self._db,
            "INTO age",
            [(number, *age) for number, age in self._ages.items()],
            "ON CONFLICT (number) DO UPDATE SET at_ns = excluded.at_ns",
        )

    def _replace(self, number: int, before: State | None, new: str | None) -> bool:
        """Whether something had to be changed."""
        old = None if before is None else fulltext.document(*before)
        if old == new:
            return False
        if old is not None:
            self._db.execute("INSERT INTO search (search, rowid, tokens) VALUES ('delete', ?, ?)", (number, old))
        if new is not None:
            self._db.execute("INSERT INTO search (rowid, tokens) VALUES (?, ?)", (number, new))
        return True

    def _write_words(self, texts: set[str]) -> None:
        words = {token for text in texts for token in fulltext.joined(text).split(" ")} - {""}
        bulk.insert(self._db, "OR IGNORE INTO word", [(word,) for word in sorted(words)])
        if len(self._known) + len(texts) > KNOWN_TEXTS:
            self._known.clear()
        self._known.update(text for text in texts if len(text) <= fulltext.MAX_REMEMBERED)
