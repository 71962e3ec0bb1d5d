"""How a store of an earlier version becomes one of this version.

Each version has a step that changes the tables, quick whatever stands in them and within one transaction with the new
version number; what must be worked out for every record follows in batches, each its own transaction with the place it
came to. A crash or a full disk in the middle costs the batch under way: the next start goes on from there. Until it is
through, the store does not open; another process that opens it meanwhile takes part in the work.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping

from console.store import baselines, bulk, facts, fulltext, index, kept, orders, receipts, rollups, stations, stories
from console.store.text import more_words
from sensor.schema import Kind, Record, RecordError

VERSION = 8
BATCH = 1000
UPGRADING = "upgrading"
"""the fact `{"next": number, "last": number, "told": number}` as long as there is something to work out. Of the records
before `told` only the full text is to be made anew."""

STAYING = frozenset(map(str, (Kind.ASSET, Kind.HEARTBEAT, Kind.LINK)))
"""kinds that have no age: an inventory is not old because nothing changed"""


def _to_2(db: sqlite3.Connection) -> None:
    """Counts and ages. The indices that counting needed before go. The full text, new here too, has the form of
    version 6."""
    db.execute("ALTER TABLE incident ADD COLUMN words TEXT NOT NULL DEFAULT ''")
    for statement in (facts.TABLE, *index.TABLES):
        db.execute(statement)
    for name in ("figures", "detector", "protocol", "origin"):
        db.execute(f"DROP INDEX incident_{name}")
    db.execute("CREATE INDEX heartbeat_number ON heartbeat (number)")
    db.execute("CREATE TABLE growth (day INTEGER PRIMARY KEY, used_bytes INTEGER NOT NULL)")
    last = db.execute("SELECT max(number) FROM record").fetchone()[0]
    if last is not None:
        facts.set_fact(db, UPGRADING, {"next": 1, "last": last, "told": 1})


def _to_3(db: sqlite3.Connection) -> None:
    """Links, and the last revisions of stations, of which the one that is there is the first; and in columns what the
    overview sums up over all sensors, of which there is one row each.

    A record of kind `link` that came before this version knew that kind is listed when its next revision comes; it has
    no age any more.
    """
    for statement in stations.TABLES:
        db.execute(statement)
    db.execute(
        "INSERT INTO asset_revision SELECT number, revision, received_ns, json_extract(CAST(whole AS TEXT), '$.body')"
        " FROM asset JOIN record USING (number)"
    )
    if rollups.total(db, rollups.KIND, Kind.LINK):
        db.execute("DELETE FROM age WHERE number IN (SELECT number FROM record WHERE kind = ?)", (Kind.LINK,))
    db.execute("ALTER TABLE heartbeat ADD COLUMN held INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE heartbeat ADD COLUMN baseline INTEGER NOT NULL DEFAULT 0")
    rows = db.execute("SELECT h.origin, r.whole FROM heartbeat h JOIN record r USING (number)").fetchall()
    for origin, whole in rows:
        with contextlib.suppress(RecordError):
            beat = Record.from_bytes(whole).heartbeat()
            told = (beat.ledger.held, beat.baseline is not None, origin)
            db.execute("UPDATE heartbeat SET held = ?, baseline = ? WHERE origin = ?", told)


def _to_4(db: sqlite3.Connection) -> None:
    """What comes down the line from the parents, and what the nodes below say about it."""
    for statement in (*orders.TABLES, *receipts.TABLES):
        db.execute(statement)


def _to_5(db: sqlite3.Connection) -> None:
    """Stories, suppressions, and what of an alert these go by. An alert that came before has neither cause nor story
    in its columns: no suppression is about it until its next revision comes."""
    for statement in stories.TABLES:
        db.execute(statement)


def _to_6(db: sqlite3.Connection) -> None:
    """Other tokens in the full text (causes among them), its own vocabulary in place of a table of words; no counts by
    hour, tables, indices and columns of indices that no page asks for. The full text must be made anew: it does not
    know what stands in it. This step is not as quick as the others: two indices are sorted, some seconds a million.
    """
    for name in ("technique", "word", "search"):
        db.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in fulltext.TABLES:
        db.execute(statement)
    for name in ("story", "cause", "level", "hour"):
        db.execute(f"DROP INDEX incident_{name}")
    db.execute("CREATE INDEX incident_level ON incident (rank, last_ns, number)")
    db.execute("CREATE INDEX incident_hour ON incident (hour)")
    db.execute("DELETE FROM rollup WHERE dimension NOT IN (?, ?)", (rollups.ALL, rollups.CHILD))
    last = db.execute("SELECT max(number) FROM record").fetchone()[0]
    if last is not None:
        before = facts.fact(db, UPGRADING)  # of an upgrade that was not finished
        facts.set_fact(db, UPGRADING, {"next": 1, "last": last, "told": last + 1 if before is None else before["next"]})


def _to_7(db: sqlite3.Connection) -> None:
    """What sensors tell of their baselines."""
    for statement in baselines.TABLES:
        db.execute(statement)


def _to_8(db: sqlite3.Connection) -> None:
    """No hits in the counts: no page showed them, and each revision that only counted on had them written."""
    for table in ("tally", "rollup"):
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        if "hits" in columns:  # not where version 2 was only reached on the way here
            db.execute(f"ALTER TABLE {table} DROP COLUMN hits")


MIGRATIONS: Mapping[int, Callable[[sqlite3.Connection], None]] = {
    1: _to_2, 2: _to_3, 3: _to_4, 4: _to_5, 5: _to_6, 6: _to_7, 7: _to_8,
}  # fmt: skip
"""version → what makes it the next one"""


def pending(db: sqlite3.Connection) -> bool:
    return facts.fact(db, UPGRADING) is not None


def finish(db: sqlite3.Connection) -> int:
    """Work out the next batch within the caller's transaction; returns the percentage done, 100 at the end."""
    place = facts.fact(db, UPGRADING)
    if place is None:
        return 100
    batch = index.Index(db)
    rows = db.execute(
        "SELECT number, kind, received_ns, whole FROM record WHERE number >= ? ORDER BY number LIMIT ?",
        (place["next"], BATCH),
    ).fetchall()
    alerts = [(number, whole) for number, kind, _, whole in rows if kind == Kind.ALERT]
    untold = [(number, _more_words(whole)) for number, whole in alerts if number >= place["told"]]
    bulk.update(db, "incident", ("words",), untold)
    states = kept.read_all(db, [number for number, _ in alerts])
    for number, kind, received_ns, _ in rows:
        state = states.get(number)
        if number < place["told"]:
            if state is not None:
                batch.said(number, state)
            continue
        batch.record(kind, +1)
        if state is not None:
            batch.changed(number, None, state)
            decided = db.execute("SELECT max(at_ns) FROM step WHERE number = ?", (number,)).fetchone()[0]
            batch.aged(number, max(received_ns, decided or 0), incident=True)
        elif kind not in STAYING:
            batch.aged(number, received_ns, incident=False)
    batch.write()
    following = rows[-1][0] + 1 if rows else place["last"] + 1
    if following > place["last"]:
        facts.set_fact(db, UPGRADING, None)
        return 100
    facts.set_fact(db, UPGRADING, {**place, "next": following})
    return int(following * 100 / (place["last"] + 1))


def _more_words(whole: bytes) -> str:
    try:
        return more_words(Record.from_bytes(whole).alert())
    except RecordError:
        return ""
