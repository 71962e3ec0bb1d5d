"""One station: what it is, what changed about it, whom it speaks to."""

from __future__ import annotations

from flask import Blueprint, abort

from console.answers import Answer, page
from console.language import reader_language
from console.present.station import changes
from console.state import state
from console.store import LinkFilter
from console.views.links import figures_of

bp = Blueprint("asset", __name__)
MOST_LINKS = 100


@page(bp, "/assets/<origin>/<record_id>", "asset")
def asset(origin: str, record_id: str) -> Answer:
    here = state()
    found = here.store.asset(origin, record_id)
    if found is None:
        abort(404)
    address = found.row.asset.ip
    spoken = (
        here.store.links(LinkFilter(address=address, origin=origin, segment=found.segment), limit=MOST_LINKS).rows
        if address
        else ()
    )
    return Answer(
        "asset.html",
        figures={
            "origin": origin,
            "id": record_id,
            "child": found.row.child,
            "asset": found.row.asset.to_json(),
            "revisions": [
                {"revision": past.revision, "received_ns": past.received_ns, "asset": past.asset.to_json()}
                for past in found.revisions
            ],
            "links": [figures_of(row) for row in spoken],
        },
        context={
            "row": found.row,
            "asset": found.row.asset,
            "changes": changes(found.revisions, reader_language()),
            "links": spoken,
            "more_links": len(spoken) == MOST_LINKS,
            "counted": any(row.link.messages for row in spoken),
        },
    )
