"""下级单位: the nodes that report here, side by side, with what we cannot see of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from console.answers import Answer, page
from console.language import reader_language
from console.present import account
from console.state import state
from console.store import ChildRow
from console.words import Words
from sensor.schema import LEVELS, Ledger, Level

bp = Blueprint("children", __name__)


def _ledger(row: ChildRow) -> Ledger:
    held = max(0, row.received - row.parsed - row.skipped - row.lost)
    return Ledger(row.received, row.parsed, {"all": row.skipped}, {"all": row.lost}, held)


def _grave(row: ChildRow) -> int:
    return row.incidents_by_level.get(Level.CRITICAL, 0) + row.incidents_by_level.get(Level.HIGH, 0)


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
    rows = sorted(here.store.children(), key=lambda row: (-_grave(row), row.name))
    words = Words(language)
    silent_after_s = here.settings.silent_after_s
    blind = {
        row.name
        for row in rows
        if not row.revoked and (row.last_seen_ns is None or here.clock.age_s(row.last_seen_ns) > silent_after_s)
    }
    return Answer(
        "children.html",
        figures={
            "children": [_figures(row) for row in rows],
            "silent": sorted(blind),
            "levels": [{"level": str(level), "name": words.level(level)} for level in LEVELS],
        },
        context={
            "rows": rows,
            "blind": blind,
            "grave": sum(map(_grave, rows)),
            "levels": [str(level) for level in LEVELS],
            "accounts": {row.name: account.account(_ledger(row), language) for row in rows if row.received},
            "lossy": [row for row in rows if row.lost],
        },
    )
