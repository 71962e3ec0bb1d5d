"""资产: the stations traffic has shown, and what they do."""

from __future__ import annotations

from flask import Blueprint, request

from console.answers import Answer, page
from console.plain import clean
from console.state import state

bp = Blueprint("assets", __name__)
PAGE = 100
FRESH_NS = 86_400 * 1_000_000_000
"""A station first seen less than a day ago is marked as new."""


@page(bp, "/assets", "assets")
def assets() -> Answer:
    here = state()
    child = request.args.get("child", "")[:128] or None
    found = here.store.assets(child=child, limit=PAGE, cursor=request.args.get("cursor"))
    total = here.store.totals().assets
    now_ns = here.clock.now_ns()
    servers = sum("server" in row.asset.roles for row in found.rows)
    fresh = {row.id for row in found.rows if now_ns - row.asset.first_ns < FRESH_NS}
    identity = {
        row.id: " · ".join(clean(str(value)) for value in row.asset.identity.values() if value) for row in found.rows
    }
    return Answer(
        "assets.html",
        figures={
            "total": total,
            "assets": [
                {"origin": row.origin, "id": row.id, "child": row.child, **row.asset.to_json()} for row in found.rows
            ],
            "next_cursor": found.next_cursor,
        },
        context={
            "rows": found.rows,
            "total": total,
            "child": child,
            "servers": servers,
            "fresh": fresh,
            "whole": found.next_cursor is None and not request.args.get("cursor"),
            "next_cursor": found.next_cursor,
            "identity": identity,
            # Columns that no sensor fills yet would say "0" and "nothing" about every station.
            "stated": any(identity.values()),
            "counted": any(row.asset.operations for row in found.rows),
        },
    )
