"""通报预警与抽查: what came from above, what was issued here, and the form that issues it."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from console import desk, draft
from console.answers import Answer, page
from console.present.orders import colour_class, consoles, courses, days_left, progress, written
from console.state import ConsoleState, state
from console.store import OrderFilter, OrderRow
from console.store.orders import OrdersFull
from sensor.schema import LEVELS
from sensor.schema.words import Colour

log = logging.getLogger(__name__)
bp = Blueprint("notices", __name__)
PAGE = 20
MOST_BOXES = 60
"""children that are shown as boxes to tick; more are named in a text"""


def chosen() -> dict[str, str]:
    """The filters of this request; what is no known word stays out."""
    found = {name: request.args.get(name, "")[:64] for name in ("course", "side", "now", "addressee")}
    known = {"course": courses(), "side": ["issued", "received"], "now": ["open", "ended", "overdue"]}
    return {name: value for name, value in found.items() if value and value in known.get(name, (value,))}


def _where(filters: dict[str, str], now_ns: int) -> OrderFilter:
    now, side = filters.get("now"), filters.get("side")
    return OrderFilter(
        course=filters.get("course"),
        addressee=filters.get("addressee"),
        open=None if now is None else now != "ended",
        received=None if side is None else side == "received",
        overdue_at_ns=now_ns if now == "overdue" else None,
    )


def figures_of(row: OrderRow, now_ns: int) -> dict[str, Any]:
    return {**asdict(row), "overdue": row.overdue(now_ns)}


def may_issue(here: ConsoleState) -> bool:
    return bool(current_user.user.may_decide) and here.settings.tier != "enterprise"


@page(bp, "/notices", "notices")
def notices() -> Answer:
    here, filters = state(), chosen()
    now_ns = here.clock.now_ns()
    found = here.store.orders(_where(filters, now_ns), PAGE, request.args.get("cursor"))
    counts = here.store.receipt_counts([(row.origin, row.id) for row in found.rows])
    children = len(consoles(here.nodes.list()))
    totals = here.store.order_totals(now_ns)
    return Answer(
        "notices.html",
        figures={
            "filters": filters,
            "totals": asdict(totals),
            "orders": [
                {**figures_of(row, now_ns), "receipts": dict(counts[row.origin, row.id].states)} for row in found.rows
            ],
            "next_cursor": found.next_cursor,
        },
        context={
            "rows": found.rows,
            "filters": filters,
            "totals": totals,
            "progress": {
                row.id: progress(row, counts[row.origin, row.id], children, here.settings.tier) for row in found.rows
            },
            "left": {row.id: days_left(row, now_ns) for row in found.rows},
            "late": {row.id for row in found.rows if row.overdue(now_ns)},
            "colour_class": colour_class,
            "courses": courses(),
            "may_issue": may_issue(here),
            "next_cursor": found.next_cursor,
            "first_page": not request.args.get("cursor"),
        },
    )


def _form(course: str, values: dict[str, Any], problem: str | None = None) -> dict[str, Any]:
    here = state()
    names = consoles(here.nodes.list())
    return {
        "course": course,
        "courses": written(),
        "values": values,
        "problem": problem,
        "children": names if len(names) <= MOST_BOXES else [],
        "number": len(names),
        "colours": [str(colour) for colour in Colour],
        "levels": [str(level) for level in LEVELS],
        "colour_class": colour_class,
        "may_issue": may_issue(here),
        "ticked": set(values.get("ticked", ())),
    }


@page(bp, "/notices/new", "new")
def new() -> Answer:
    """The form, one for each course. From an incident's page it comes with that incident and its unit."""
    course = request.args.get("course", "")
    course = course if course in written() else written()[0]
    values = {
        "incidents": request.args.get("incident", "")[:128],
        "ticked": [request.args.get("child", "")[:64]],
        "names": request.args.get("child", "")[:64],
    }
    context = _form(course, values)
    return Answer("notice_new.html", {"course": course, "children": context["number"]}, context)


@bp.post("/notices")
def issue() -> ResponseReturnValue:
    """Write an order. One row, however many it goes to; each of them fetches it itself."""
    here = state()
    if not may_issue(here):
        abort(403)
    now_ns = here.clock.now_ns()
    try:
        written = draft.read(request.form, consoles(here.nodes.list()), here.clock.zone, now_ns)
        record = desk.issue(written, here.settings.node_name, current_user.user.name, now_ns)
        here.store.issue(record)
    except desk.NotAllowed as error:
        return _again(error.code)
    except OrdersFull:
        return _again("too_many")
    log.info("%s issued %s %s", current_user.user.name, record.kind, record.id)
    return redirect(url_for("notice.notice", origin=record.origin, record_id=record.id), code=303)


def _again(problem: str) -> ResponseReturnValue:
    """The form as it was filled in, with what is wrong: nothing that was written is lost."""
    values: dict[str, Any] = {**request.form.to_dict(), "ticked": request.form.getlist("child")}
    course = values.get("course") if values.get("course") in written() else written()[0]
    return render_template("notice_new.html", figures={}, **_form(str(course), values, problem)), 400
