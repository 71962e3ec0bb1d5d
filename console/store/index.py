"""Full text, counts and ages beside the incidents: gathered over a batch, written before its commit.

Written once for each incident that changed, in the order of their numbers: FTS5 writes what comes in order at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain

from console.store import bulk, fulltext, rollups
from console.store.kept import State
from console.store.rollups import Place

TABLES = (
    *rollups.TABLES,
    # When a record was last stored or decided upon, by this node's clock: what retention goes by. Not for assets and
    # heartbeats, which stay.
    "CREATE TABLE age (number INTEGER PRIMARY KEY REFERENCES record, incident INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL)",
    "CREATE INDEX age_at ON age (incident, at_ns)",
)


class Index:
    """One batch."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._changes: dict[int, tuple[State | None, State | None, str, Sequence[Place]]] = {}
        self._said: list[tuple[int, str]] = []
        self._ages: dict[int, tuple[int, int]] = {}
        self._kinds: dict[str, int] = {}

    def changed(
        self,
        number: int,
        before: State | None,
        after: State | None,
        tokens: str = "",
        places: Sequence[Place] = (),
    ) -> None:
        """An incident came (no `before`), changed, or goes (no `after`). `tokens` and `places`: what the full text has
        of `after`, and the sums it is part of, if they are at hand.

        `before` is as it was when the batch began, also where it changes more than once.
        """
        self._changes[number] = (before, after, tokens, places)

    def said(self, number: int, state: State) -> None:
        """Only the full text lacks an incident. Its number is lower than those of all that `changed`."""
        self._said.append((number, fulltext.document(*state)))

    def aged(self, number: int, at_ns: int, *, incident: bool) -> None:
        self._ages[number] = (int(incident), at_ns)

    def record(self, kind: str, by: int) -> None:
        """A record of a kind came, or went."""
        self._kinds[kind] = self._kinds.get(kind, 0) + by

    def write(self) -> None:
        sums = rollups.Sums()
        for kind, by in self._kinds.items():
            sums[rollups.KIND, kind, rollups.EVER, 0] = by
        told, came = self._said, list[Sequence[Place]]()
        for number in sorted(self._changes):
            before, after, tokens, places = self._changes[number]
            if before is None and after is not None:
                told.append((number, tokens or fulltext.document(*after)))
                came.append(places or rollups.places(*after))
                continue
            rollups.change(sums, before, after)
            if before is not None:
                self._replace(number, before, after)
        sums.update(chain.from_iterable(came))
        bulk.insert(self._db, "INTO search (rowid, tokens)", told)  # numbered above all others
        rollups.write(self._db, sums)
        bulk.insert(
            self._db,
            "INTO age",
            [(number, *age) for number, age in self._ages.items()],
            "ON CONFLICT (number) DO UPDATE SET at_ns = excluded.at_ns",
        )

    def _replace(self, number: int, before: State, after: State | None) -> None:
        if after is not None and before[1] == after[1] and fulltext.same_document(before[0], after[0]):
            return
        old = fulltext.document(*before)
        self._db.execute("INSERT INTO search (search, rowid, tokens) VALUES ('delete', ?, ?)", (number, old))
        if after is not None:
            self._db.execute("INSERT INTO search (rowid, tokens) VALUES (?, ?)", (number, fulltext.document(*after)))
