"""上报预览: field by field, what of a record leaves this node, and what has gone."""

from __future__ import annotations

from flask import Blueprint, request

from console.answers import Answer, page
from console.language import reader_language
from console.opening import outlet_of
from console.present.outgoing import preview_of
from console.state import state
from console.store import IncidentRow

bp = Blueprint("preview", __name__)
CHOICES = 20


def _chosen(rows: tuple[IncidentRow, ...]) -> tuple[str, str] | None:
    wanted = request.args.get("record", "").partition("/")
    if wanted[1]:
        return wanted[0], wanted[2]
    return (rows[0].origin, rows[0].id) if rows else None


@page(bp, "/preview", "preview")
def preview() -> Answer:
    here = state()
    rows = here.store.incidents(limit=CHOICES).rows
    key = _chosen(rows)
    found = None if key is None else here.store.incident(*key)
    shown = None
    if found is not None and here.settings.tier == "enterprise":  # above, records are passed on as they came
        key_of_names = outlet_of(here.registry, here.settings).pseudonym_key()
        shown = preview_of(found.record, key_of_names, reader_language())
    totals = here.store.totals()
    return Answer(
        "preview.html",
        figures={
            "parents": list(here.settings.parents),
            "pending_up": dict(totals.pending_up),
            "record": None if found is None else {"origin": found.row.origin, "id": found.row.id},
            "fields": [] if shown is None else [line.figures() for line in shown.lines],
        },
        context={
            "rows": rows,
            "chosen": None if found is None else found.row,
            "preview": shown,
            "totals": totals,
        },
    )
