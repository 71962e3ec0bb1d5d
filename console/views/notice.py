"""One order: what is asked until when, who said what about it, and the steps that may be taken now."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from console import desk, packs
from console.answers import Answer, page
from console.plain import clean
from console.present.orders import colour_class, consoles, days_left, progress, stages, waiting_for
from console.present.steps import journey
from console.state import state
from console.store import OrderItem, ReceiptRow
from console.store.orders import OrderChanged, OrdersFull
from sensor.schema.pack_order import RULE_PACK, PackOrder
from sensor.schema.words import Finding, Verdict

log = logging.getLogger(__name__)
bp = Blueprint("notice", __name__)
PAGE = 50
MOST_NAMED = 500
"""answers that are read to say who is missing: as many as can be named"""


def _find(origin: str, record_id: str) -> OrderItem:
    found = state().store.order(origin, record_id)
    if found is None:
        abort(404)
    return found


def _silent(item: OrderItem) -> list[str]:
    """Who of the named said nothing."""
    named = item.record.order().addressees
    if item.row.parent or not named:
        return []
    rows = state().store.receipts(item.row.origin, item.row.id, limit=MOST_NAMED).rows
    return waiting_for(named, (row.origin for row in rows))


def _figures(row: ReceiptRow) -> dict[str, Any]:
    return {
        "origin": row.origin,
        "child": row.child,
        "revision": row.revision,
        "received_ns": row.received_ns,
        **row.receipt.to_json(),
    }


@page(bp, "/notices/<origin>/<record_id>", "notice")
def notice(origin: str, record_id: str) -> Answer:
    here, item = state(), _find(origin, record_id)
    now_ns = here.clock.now_ns()
    answers = here.store.receipts(origin, record_id, limit=PAGE, cursor=request.args.get("cursor"))
    counts = here.store.receipt_counts([(origin, record_id)])[origin, record_id]
    own = None if item.answer is None else item.answer.receipt()
    order = item.record.order()
    return Answer(
        "notice.html",
        figures={
            "record": item.record.to_json(),
            "answer": None if item.answer is None else item.answer.to_json(),
            "overdue": item.row.overdue(now_ns),
            "choices": [str(choice) for choice in desk.choices(item)],
            "ends": [str(choice) for choice in desk.ends(item)],
            "counts": dict(counts.states),
            "settled": counts.settled,
            "receipts": [_figures(row) for row in answers.rows],
            "next_cursor": answers.next_cursor,
        },
        context={
            "row": item.row,
            "order": order,
            "own": own,
            "late": item.row.overdue(now_ns),
            "left": days_left(item.row, now_ns),
            "stages": stages(item),
            "choices": desk.choices(item),
            "looked": _looked(item),
            "may_pass_on": item.row.course == RULE_PACK and bool(item.row.parent) and item.row.open,
            "ends": desk.ends(item),
            "needs_note": () if (course := desk.course_of(item)) is None else course.needs_note,
            "findings": [str(finding) for finding in Finding],
            "verdicts": [str(verdict) for verdict in Verdict],
            "results": {} if own is None else {result.line: result for result in own.results},
            "answers": answers.rows,
            "counts": counts,
            "progress": progress(item.row, counts, len(consoles(here.nodes.list())), here.settings.tier),
            "silent": _silent(item),
            "next_cursor": answers.next_cursor,
            "colour_class": colour_class,
            "journey": journey(item.record, here.settings.node_name),
            "may_decide": current_user.user.may_decide,
            "problem": request.args.get("problem") if request.args.get("problem") in PROBLEMS else None,
        },
    )


@bp.post("/notices/<origin>/<record_id>/pass-on")
def pass_on(origin: str, record_id: str) -> ResponseReturnValue:
    """A rule pack from above goes on to the sensors here, by a person's word."""
    if not current_user.user.may_decide:
        abort(403)
    item, here = _find(origin, record_id), state()
    by, now_ns, consent = current_user.user.name, here.clock.now_ns(), request.form.get("consent") == "yes"
    try:
        looked = _looked(item)
        if looked is not None and looked.verified is False:
            raise desk.NotAllowed("not_trusted")
        names = packs.sensors(here.nodes.list())
        here.store.issue(packs.pass_on(item, names, here.settings.node_name, by, _note(), consent, now_ns))
    except desk.NotAllowed as error:
        return _back(item, error.code)
    except OrdersFull:
        return _back(item, "too_many")
    log.warning("%s passed rule pack %s/%s on to %d sensors", by, origin, record_id, len(names))
    return redirect(url_for("notices.notices", course="rule_pack"), code=303)


def _looked(item: OrderItem) -> packs.Looked | None:
    """What is in a pack; None where the order carries none."""
    order = item.record.order()
    if not isinstance(order, PackOrder) or order.rollback:
        return None
    return packs.look(order, state().settings.pack_keys)


PROBLEMS = (
    "needs_note", "needs_finding", "needs_results", "not_now", "changed", "not_trusted", "no_sensors", "too_many",
)  # fmt: skip


def _note() -> str:
    return clean(request.form.get("note", "").strip()[: desk.MAX_NOTE])


def _back(item: OrderItem, problem: str | None = None) -> ResponseReturnValue:
    target = url_for("notice.notice", origin=item.row.origin, record_id=item.row.id, problem=problem)
    return redirect(target, code=303)


@bp.post("/notices/<origin>/<record_id>/end")
def end(origin: str, record_id: str) -> ResponseReturnValue:
    """The issuer ends it; the receivers are told."""
    if not current_user.user.may_decide:
        abort(403)
    item, here = _find(origin, record_id), state()
    try:
        after = request.form.get("after", "")
        here.store.issue(desk.end(item, after, current_user.user.name, _note(), here.clock.now_ns()))
    except desk.NotAllowed as error:
        return _back(item, error.code)
    except OrderChanged:
        return _back(item, "changed")
    log.info("%s set order %s/%s to %s", current_user.user.name, origin, record_id, after)
    return _back(item)


@bp.post("/notices/<origin>/<record_id>/answer")
def answer(origin: str, record_id: str) -> ResponseReturnValue:
    """A receiver's next step; it goes up to the parent that asked."""
    if not current_user.user.may_decide:
        abort(403)
    item, here = _find(origin, record_id), state()
    after, finding = request.form.get("after", ""), request.form.get("finding", "")
    try:
        record = desk.answer(
            item,
            after,
            current_user.user.name,
            here.clock.now_ns(),
            _note(),
            Finding(finding) if after == "checked" and finding in tuple(Finding) else None,
            desk.results_of(request.form, getattr(item.record.order(), "checklist", ())),
        )
        here.store.respond(record)
    except desk.NotAllowed as error:
        return _back(item, error.code)
    except OrderChanged:
        return _back(item, "changed")
    log.info("%s answered order %s/%s: %s", current_user.user.name, origin, record_id, after)
    return _back(item)
