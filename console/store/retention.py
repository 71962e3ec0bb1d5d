"""What the embedded store lets go: by age, and under disk pressure; in batches that hold the writer only briefly."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict

from console.store import facts, kept, orders
from console.store.index import Index
from console.store.rows import Expired
from console.store.sql import run_on
from sensor.schema import Kind

DAY_NS = 86_400 * 1_000_000_000
LEAST_DAYS = 180
"""六个月: what the law asks for; no setting goes below"""
BATCH = 500
"""records deleted in one transaction: some 50 ms"""
MAX_BATCHES = 1000
"""of one run; a run after a long pause goes on the next time"""
PAUSE_S = 0.005
"""between two batches, so that ingest that waits for the writer gets it"""
EXPIRED = "expired"
"""the fact: the last run, as `Expired` has it"""

Write = Callable[[], AbstractContextManager[sqlite3.Connection]]


def expire(write: Write, now_ns: int, keep_days: int, pressed: Callable[[], bool]) -> Expired:
    """One run. `pressed` says whether the disk is short of room now; then evidence of any age goes too.

    DESIGN's order under pressure is captures, evidence, values, and never an alert that is younger than `keep_days`.
    A console's store has no captures and no values of its own; what it has of evidence is where a sensor keeps it.
    """
    before_ns = now_ns - keep_days * DAY_NS
    with write() as db:
        oldest_before = oldest(db)
    incidents = others = batches = 0
    done = False
    while not done and batches < MAX_BATCHES:
        with write() as db:
            gone = _batch(db, "incident = 1 AND at_ns < ?", before_ns, incident=True)
            gone_others = 0
            if not gone:
                gone_others = _batch(db, "incident = 0 AND at_ns < ?", before_ns, incident=False)
                gone_others = gone_others or orders.expire(run_on(db), before_ns, BATCH)
            if not gone and not gone_others and pressed():
                clause = "incident = 0 AND number IN (SELECT number FROM record WHERE kind = ?)"
                gone_others = _batch(db, clause, str(Kind.EVIDENCE), incident=False)
        incidents, others, batches = incidents + gone, others + gone_others, batches + 1
        done = not gone and not gone_others
        time.sleep(PAUSE_S)
    with write() as db:
        expired = Expired(now_ns, before_ns, oldest_before, oldest(db), incidents, others, done)
        facts.set_fact(db, EXPIRED, asdict(expired))
    return expired


def last_run(db: sqlite3.Connection) -> Expired | None:
    found = facts.fact(db, EXPIRED)
    return None if found is None else Expired(**found)


def oldest(db: sqlite3.Connection) -> int | None:
    """When the incident that was stored or decided upon longest ago was."""
    found = db.execute("SELECT min(at_ns) FROM age WHERE incident = 1").fetchone()[0]
    return None if found is None else int(found)


def _batch(db: sqlite3.Connection, clause: str, value: int | str, *, incident: bool) -> int:
    numbers = [row[0] for row in db.execute(f"SELECT number FROM age WHERE {clause} LIMIT ?", (value, BATCH))]
    index = Index(db)
    states = kept.read_all(db, numbers) if incident else {}
    for number in sorted(numbers):
        kind = db.execute("SELECT kind FROM record WHERE number = ?", (number,)).fetchone()[0]
        index.record(str(kind), -1)
        if number in states:
            index.changed(number, states[number], None)
    index.write()
    # What refers to a record goes before it.
    for table in ("revision", "decision", "step", "incident") if incident else ("receipt", "story"):
        db.executemany(f"DELETE FROM {table} WHERE number = ?", [(number,) for number in numbers])
    for table in ("age", "record"):
        db.executemany(f"DELETE FROM {table} WHERE number = ?", [(number,) for number in numbers])
    return len(numbers)
