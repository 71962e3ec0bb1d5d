"""下级单位: the nodes that report here, with what we cannot see of them, a page at a time."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from console.answers import Answer, page
from console.language import reader_language
from console.present import account
from console.roll import asked
from console.state import state
from console.store import ChildRow, CountBy
from console.words import Words
from sensor.schema import LEVELS, Ledger, Level

bp = Blueprint("children", __name__)


def _ledger(row: ChildRow) -> Ledger:
    held = max(0, row.received - row.parsed - row.skipped - row.lost)
    return Ledger(row.received, row.parsed, {"all": row.skipped}, {"all": row.lost}, held)


def _figures(row: ChildRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "revoked": row.revoked,
        "last_seen_ns": row.last_seen_ns,
        "incidents_by_level": dict(row.incidents_by_level),
        "sensors": row.sensors,
        "received": row.received,
        "parsed": row.parsed,
        "skipped": row.skipped,
        "lost": row.lost,
    }


@page(bp, "/children", "children")
def children() -> Answer:
    here, language = state(), reader_language()
    request = asked(here)
    found = here.store.children(request.where, request.limit, request.cursor)
    # Sums over all of them: the same few figures for three children and for 30,000.
    sums = here.store.coverage(request.where.silent_before_ns)
    levels = {count.key: count.incidents for count in here.store.counts(CountBy.LEVEL)}
    words = Words(language)
    blind = {
        row.name
        for row in found.rows
        if not row.revoked and (row.last_seen_ns is None or row.last_seen_ns < request.where.silent_before_ns)
    }
    return Answer(
        "children.html",
        figures={
            "total": sums.children,
            "silent_total": sums.silent_children,
            "children": [_figures(row) for row in found.rows],
            "silent": sorted(blind),
            "levels": [{"level": str(level), "name": words.level(level)} for level in LEVELS],
            "next_cursor": found.next_cursor,
        },
        context={
            "rows": found.rows,
            "request": request,
            "next_cursor": found.next_cursor,
            "sums": sums,
            "blind": blind,
            "grave": levels.get(Level.CRITICAL, 0) + levels.get(Level.HIGH, 0),
            "lost": 0 if sums.ledger is None else sum(sums.ledger.lost.values()),
            "levels": [str(level) for level in LEVELS],
            "accounts": {row.name: account.account(_ledger(row), language) for row in found.rows if row.received},
        },
    )
