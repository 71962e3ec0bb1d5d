"""Sensors' baselines in tables, in SQL that the embedded store and the registry share.

A sensor tells its entries in parts; a part stands in the place of the one before, whole. Parts behind the last one that
the state of the whole names are gone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from console.catalogue import LANGUAGES
from console.present.entries import words_of
from console.store.admission import Refusal, check_size
from console.store.baseline_rows import BaselineRow, EntryFilter
from console.store.queries import MAX_LIMIT
from console.store.rows import Page, Status
from console.store.sql import Run, asked
from sensor.schema import Baseline, BaselineEntry, Kind, Record

KINDS = (Kind.BASELINE, Kind.BASELINE_PART)
TABLES = (
    "CREATE TABLE baseline (origin TEXT NOT NULL PRIMARY KEY, child TEXT NOT NULL, revision INTEGER NOT NULL,"
    " received_ns INTEGER NOT NULL, whole TEXT NOT NULL)",
    "CREATE TABLE baseline_entry (origin TEXT NOT NULL, part INTEGER NOT NULL, number INTEGER NOT NULL,"
    " revision INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, link TEXT NOT NULL,"
    " words TEXT NOT NULL, whole TEXT NOT NULL, PRIMARY KEY (origin, part, number))",
    "CREATE INDEX baseline_entry_state ON baseline_entry (origin, state, part, number)",
    "CREATE INDEX baseline_entry_link ON baseline_entry (origin, link, part, number)",
    "CREATE INDEX baseline_entry_name ON baseline_entry (origin, name)",
)
_COLUMNS = ("origin", "part", "number", "revision", "name", "kind", "state", "link", "words", "whole")
_ORDER = "ORDER BY part, number"
_SAID = ("client", "server", "ip", "protocol", "operation", "space", "object", "macs", "class")
"""facts that are searched beside the name"""
MAX_WORDS = 2000


def keep(run: Run, record: Record, child: str, child_kind: str | None, now_ns: int) -> Status:
    """Keep what a sensor told, as this transaction's own.

    Raises:
        Refusal, RecordError: it is none, or does not come from the sensor itself.
    """
    if child_kind == "console":
        raise Refusal("baseline_of_sensor: a baseline is told by its sensor, to its own console")
    check_size(record, record.to_bytes())
    if record.kind == Kind.BASELINE_PART:
        return _keep_part(run, record)
    body = record.baseline()
    values = {"origin": record.origin, "parts": body.parts}
    found = run("SELECT revision FROM baseline WHERE origin = :origin", values)
    if found and found[0][0] >= record.revision:
        return Status.DUPLICATE
    run("DELETE FROM baseline_entry WHERE origin = :origin AND part > :parts", values)
    run(
        "INSERT INTO baseline (origin, child, revision, received_ns, whole)"
        " VALUES (:origin, :child, :revision, :now, :whole) ON CONFLICT (origin) DO UPDATE SET child = excluded.child,"
        " revision = excluded.revision, received_ns = excluded.received_ns, whole = excluded.whole",
        {
            "origin": record.origin, "child": child, "revision": record.revision, "now": now_ns,
            "whole": _text(body.to_json()),
        },
    )  # fmt: skip
    return Status.STORED


def _keep_part(run: Run, record: Record) -> Status:
    body = record.baseline_part()
    of_part = {"origin": record.origin, "part": body.part}
    here = "WHERE origin = :origin AND part = :part"
    found = run(f"SELECT max(revision) FROM baseline_entry {here}", of_part)[0][0]
    if found is not None and found >= record.revision:
        return Status.DUPLICATE
    run(f"DELETE FROM baseline_entry {here}", of_part)
    values: dict[str, Any] = {**of_part, "revision": record.revision}
    rows = []
    for number, entry in enumerate(body.entries):
        own = (number, entry.name, entry.kind, entry.state, entry.link, words(entry), _text(entry.to_json()))
        values |= {f"v{number}_{place}": value for place, value in enumerate(own)}
        named = ", ".join(f":v{number}_{place}" for place in range(1, len(own)))
        rows.append(f"(:origin, :part, :v{number}_0, :revision, {named})")
    if rows:
        run(f"INSERT INTO baseline_entry ({', '.join(_COLUMNS)}) VALUES {', '.join(rows)}", values)
    return Status.STORED


def words(entry: BaselineEntry) -> str:
    """What is searched, in small letters: the facts, and what the page makes of them in either language."""
    shown = [text for language in LANGUAGES for text in words_of(entry, language)]
    said = [entry.name, *shown, *(_said(entry.about.get(name)) for name in _SAID), _said(entry.place)]
    said += [_said(hit.get("title")) for hit in entry.suspicions]
    if entry.decision is not None:
        said += [_said(entry.decision.get(name)) for name in ("person", "reason")]
    return asked(" ".join(said).lower()[:MAX_WORDS])


def _said(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(map(str, value.values()))
    return " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _text(body: Any) -> str:
    return asked(json.dumps(body, ensure_ascii=False, separators=(",", ":")))


def listed(run: Run, limit: int) -> list[BaselineRow]:
    rows = run(
        "SELECT origin, child, received_ns, whole FROM baseline ORDER BY origin LIMIT :limit",
        {"limit": max(1, min(limit, MAX_LIMIT))},
    )
    return [_row(row) for row in rows]


def find(run: Run, origin: str) -> BaselineRow | None:
    rows = run(
        "SELECT origin, child, received_ns, whole FROM baseline WHERE origin = :origin", {"origin": asked(origin)}
    )
    return _row(rows[0]) if rows else None


def _row(row: Sequence[Any]) -> BaselineRow:
    return BaselineRow(row[0], row[1], row[2], Baseline.from_json(json.loads(row[3])))


def page(run: Run, origin: str, where: EntryFilter, limit: int, cursor: str | None) -> Page[BaselineEntry]:
    limit = max(1, min(limit, MAX_LIMIT))
    clause, values = _clause(origin, where)
    place = _read_cursor(cursor)
    if place is not None:
        clause += " AND (part, number) > (:after_part, :after_number)"
        values |= {"after_part": place[0], "after_number": place[1]}
    rows = run(
        f"SELECT part, number, whole FROM baseline_entry WHERE {clause} {_ORDER} LIMIT :limit",
        {**values, "limit": limit + 1},
    )
    found = tuple(BaselineEntry.from_json(json.loads(whole)) for _, _, whole in rows[:limit])
    return Page(found, f"{rows[limit - 1][0]}.{rows[limit - 1][1]}" if len(rows) > limit else None)


def count(run: Run, origin: str, where: EntryFilter) -> int:
    clause, values = _clause(origin, where)
    return int(run(f"SELECT count(*) FROM baseline_entry WHERE {clause}", values)[0][0])


def entry(run: Run, origin: str, name: str) -> BaselineEntry | None:
    rows = run(
        f"SELECT whole FROM baseline_entry WHERE origin = :origin AND name = :name {_ORDER} LIMIT 1",
        {"origin": asked(origin), "name": asked(name)},
    )
    return BaselineEntry.from_json(json.loads(rows[0][0])) if rows else None


def _clause(origin: str, where: EntryFilter) -> tuple[str, dict[str, Any]]:
    parts, values = ["origin = :origin"], {"origin": asked(origin)}
    for name in ("state", "kind", "link"):
        if (value := getattr(where, name)) is not None:
            parts.append(f"{name} = :{name}")
            values[name] = asked(value)
    if where.text:
        parts.append("words LIKE :text ESCAPE '~'")
        values["text"] = f"%{_literal(asked(where.text).lower())}%"
    return " AND ".join(parts), values


def _literal(text: str) -> str:
    """`%` and `_` are letters like others."""
    for sign in "~%_":
        text = text.replace(sign, f"~{sign}")
    return text


def _read_cursor(cursor: str | None) -> tuple[int, int] | None:
    """None for none, and for one that a stranger made up."""
    part, _, number = (cursor or "").partition(".")
    if not all(text.isascii() and text.isdigit() and len(text) <= 9 for text in (part, number)):
        return None
    return int(part), int(number)
