"""One incident as the embedded store's table has it: what full text and counts are made from, and unmade."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import NamedTuple

from console.store import bulk
from console.store.admission import address_of
from console.store.text import more_words
from sensor.schema import Alert, Record

HOUR_NS = 3_600_000_000_000


def techniques_of(joined: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, joined.split(","))))


class Kept(NamedTuple):
    """The columns of table `incident` behind its number, in their order."""

    origin: str
    child: str
    tenant: str
    rank: int
    level: str
    detector: str
    protocol: str
    title_zh: str
    title_en: str
    rule_id: str | None
    technique: str
    """codes, joined by commas"""
    client: str | None
    server: str | None
    first_ns: int
    last_ns: int
    hits: int
    """column `count`: a tuple has a method of that name"""
    outcome: str
    state: str
    hour: int
    """UTC hours since 1970 of the first time"""
    words: str
    """what is searched beside the other columns"""
    cause: str | None
    """None in a row that an earlier version wrote; so are the next two"""
    segment: str | None
    story: str | None

    @property
    def techniques(self) -> tuple[str, ...]:
        return techniques_of(self.technique)


State = tuple[Kept, str]
"""an incident and where a person is with it"""

COLUMNS = ", ".join(f"i.{'count' if name == 'hits' else name}" for name in Kept._fields)


def of_alert(child: str, record: Record, alert: Alert) -> Kept:
    return Kept(
        record.origin, child, record.tenant, alert.level.rank, str(alert.level), alert.detector,
        alert.protocol, alert.title.zh, alert.title.en, alert.rule_id, ",".join(alert.technique),
        address_of(alert.client), address_of(alert.server), alert.first_ns, alert.last_ns, alert.count,
        str(alert.outcome), str(alert.state), alert.first_ns // HOUR_NS, more_words(alert), alert.cause, record.segment,
        alert.story,
    )  # fmt: skip


def read(db: sqlite3.Connection, number: int) -> State | None:
    return read_all(db, (number,)).get(number)


def read_all(db: sqlite3.Connection, numbers: Collection[int]) -> dict[int, State]:
    """Those of them that are incidents."""
    rows = bulk.look_up(
        db,
        f"{COLUMNS}, coalesce(d.workflow, 'new'), i.number",
        "asked CROSS JOIN incident i ON i.number = asked.column1 LEFT JOIN decision d USING (number)",
        [(number,) for number in numbers],
    )
    return {row[-1]: (Kept(*row[:-2]), row[-2]) for row in rows}
