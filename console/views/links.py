"""通信关系: who speaks to whom, in which protocol, as traffic has shown it."""

from __future__ import annotations

from flask import Blueprint, request

from console.answers import Answer, page
from console.state import state
from console.store import LinkFilter, LinkRow

bp = Blueprint("links", __name__)
PAGE = 100
FILTERS = ("address", "protocol", "child")
FRESH_NS = 86_400 * 1_000_000_000


def figures_of(row: LinkRow) -> dict[str, object]:
    return {"origin": row.origin, "id": row.id, "child": row.child, **row.link.to_json()}


@page(bp, "/links", "links")
def links() -> Answer:
    here = state()
    filters = {name: text for name in FILTERS if (text := request.args.get(name, "").strip()[:128])}
    found = here.store.links(LinkFilter(**filters), limit=PAGE, cursor=request.args.get("cursor"))
    now_ns, total = here.clock.now_ns(), here.store.totals().links
    first_page = not request.args.get("cursor")
    return Answer(
        "links.html",
        figures={
            "filters": filters,
            "total": total,
            "links": [figures_of(row) for row in found.rows],
            "next_cursor": found.next_cursor,
        },
        context={
            "rows": found.rows,
            "total": total,
            "filters": filters,
            "fresh": {row.id for row in found.rows if now_ns - row.link.first_ns < FRESH_NS},
            "whole": first_page and found.next_cursor is None and not filters,
            "first_page": first_page,
            "next_cursor": found.next_cursor,
            # A column that no sensor fills would say "0" about every link.
            "counted": any(row.link.messages for row in found.rows),
        },
    )
