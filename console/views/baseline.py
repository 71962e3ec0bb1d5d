"""通信基线: how complete what was learned is, what waits for a person, every entry, the trial, the versions."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from console import reviewing
from console.answers import Answer, page
from console.catalogue import known, say
from console.language import reader_language
from console.plain import clean
from console.present import baseline_trial, completeness, entries, versions
from console.reviewing import WrongForm
from console.state import ConsoleState, state
from console.store import BaselineRow, CountBy, EntryFilter, IncidentFilter, OrderItem, Workflow
from console.store.orders import OrdersFull
from sensor.schema import Review

log = logging.getLogger(__name__)
bp = Blueprint("baseline", __name__)
PAGE, HISTORY, DEVIATIONS = 50, 20, 20
TABS = ("review", "entries", "trial", "versions")
STATES = ("suspicious", "withheld", "rejected", "widened", "approved", "learned")
KINDS = ("station", "link", "operation", "object", "poll", "value")
PROBLEMS = (
    "reason", "action", "nothing_chosen", "too_many_chosen", "gone", "range", "network", "not_here", "busy", "version",
    "cannot_add",
)  # fmt: skip


def chosen() -> dict[str, str]:
    """The filters of this request; what is no known word stays out."""
    found = {name: request.args.get(name, "")[:1000].strip() for name in ("state", "kind", "link", "text")}
    known = {"state": STATES, "kind": KINDS}
    return {name: value for name, value in found.items() if value and value in known.get(name, (value,))}


def _chosen_row(here: ConsoleState) -> tuple[list[BaselineRow], BaselineRow | None]:
    rows = here.store.baselines()
    wanted = request.values.get("sensor", "")
    if wanted:
        return rows, next((row for row in rows if row.origin == wanted), None) or abort(404)
    # Where somebody has to look at something, that sensor comes first.
    return rows, max(rows, key=lambda row: row.state.states.get("suspicious", 0), default=None)


def _deviations(here: ConsoleState, sensor: str) -> tuple[int, list[Any]]:
    """What left the baseline and nobody judged: seen, and not learned."""
    where = IncidentFilter(detector="baseline", workflow=Workflow.NEW, suppressed=False, child=sensor)
    total = sum(count.incidents for count in here.store.counts(CountBy.LEVEL, where))
    return total, list(here.store.incidents(where, DEVIATIONS).rows)


@page(bp, "/baseline", "baseline")
def baseline() -> Answer:
    here, language = state(), reader_language()
    rows, row = _chosen_row(here)
    if row is None:
        return Answer("baseline_empty.html", {"sensors": []}, {})
    sensor, told = row.origin, row.state
    waiting = here.store.baseline_count(sensor, EntryFilter(state="suspicious"))
    asked = reviewing.under_way(here.store, sensor)
    tab = request.args.get("view", "")
    tab = tab if tab in TABS else "review" if waiting or not told.parts else "entries"
    filters = chosen() if tab == "entries" else {"state": "suspicious"} if tab == "review" else {}
    where, cursor = EntryFilter(**filters), request.args.get("cursor")
    found = here.store.baseline_entries(sensor, where, PAGE, cursor) if tab in ("review", "entries") else None
    listed = () if found is None else found.rows
    total = here.store.baseline_count(sensor, where) if found is not None else 0
    history = reviewing.latest(here.store, sensor, HISTORY) if tab == "versions" else []
    deviations, deviating = _deviations(here, sensor) if tab == "review" else (0, [])
    trial = baseline_trial.of(told.trial, language) if tab == "trial" else None
    return Answer(
        "baseline.html",
        figures={
            "sensor": sensor,
            "sensors": [one.origin for one in rows],
            "view": tab,
            "baseline": told.to_json(),
            "received_ns": row.received_ns,
            "waiting": waiting,
            "under_way": len(asked),
            "filters": filters,
            "total": total,
            "entries": [one.to_json() for one in listed],
            "next_cursor": None if found is None else found.next_cursor,
            "decisions": [_figures(item) for item in history],
        },
        context={
            "row": row,
            "rows": rows,
            "told": told,
            "tab": tab,
            "tabs": TABS,
            "verdict": completeness.verdict(told, waiting, language, _version_line(row, language)),
            "gauge": completeness.gauge(told.meter, language),
            "kind_lines": list(completeness.kind_lines(told.meter, language)),
            "days_left": completeness.days_left(told.meter),
            "waiting": waiting,
            "asked": asked,
            "lines": entries.lines(listed, language, reviewing.asked_of(asked)),
            "filters": filters,
            "kept": {"sensor": sensor, **(filters if tab == "entries" else {})},
            "states": STATES,
            "kinds": KINDS,
            "total": total,
            "next_cursor": None if found is None else found.next_cursor,
            "first_page": not cursor,
            "trial": trial,
            "history": history,
            "deviations": deviations,
            "deviating": deviating,
            "may_decide": current_user.user.may_decide,
            "problem": _problem(),
        },
    )


@page(bp, "/baseline/entry", "entry")
def entry() -> Answer:
    """One entry: what is known of it, what hit it, and what may be decided."""
    here, language = state(), reader_language()
    _, row = _chosen_row(here)
    found = None if row is None else here.store.baseline_entry(row.origin, request.args.get("name", ""))
    if row is None or found is None:
        abort(404)
    asked = reviewing.asked_of(reviewing.under_way(here.store, row.origin))
    of_link = here.store.baseline_entry(row.origin, found.link) if found.link else None
    meter = None if of_link is None else of_link.about.get("meter")
    meter = meter if isinstance(meter, dict) else None
    line = entries.lines([found], language, asked)[0]
    return Answer(
        "baseline_entry.html",
        figures={"sensor": row.origin, "entry": found.to_json(), "under_way": asked.get(found.name)},
        context={
            "row": row,
            "entry": found,
            "line": line,
            "ends": entries.ends_of(found),
            "kind_lines": list(completeness.kind_lines(meter, language)),
            "widens": reviewing.can_be_widened(found),
            "siblings": here.store.baseline_count(row.origin, EntryFilter(link=found.link)) if found.link else 0,
            "decided": found.kind in entries.DECIDED,
            "may_decide": current_user.user.may_decide,
            "problem": _problem(),
        },
    )


def _version_line(row: BaselineRow, language: str) -> str:
    """`现为第 3 版（王工，11-20 14:00:00）。` Empty where none was written."""
    latest = next((one for one in row.state.versions if one.get("number") == row.state.version), None)
    if latest is None or not isinstance(latest.get("time_ns"), int):
        return ""
    author, time = versions.author_of(latest.get("author"), language), state().clock.short(latest["time_ns"])
    return say("baseline.version_now", language, n=row.state.version, author=author, time=time)


def _problem() -> str | None:
    return request.args.get("problem") if request.args.get("problem") in PROBLEMS else None


def _figures(item: OrderItem) -> dict[str, Any]:
    receipt = None if item.answer is None else item.answer.receipt()
    return {
        "id": item.row.id,
        "order": item.record.order().to_json(),
        "state": item.row.answer_state or "under_way",
        "version": None if receipt is None else receipt.version,
    }


@bp.post("/baseline/decide")
def decide() -> ResponseReturnValue:
    """Approve, reject or widen what was chosen."""
    return _ask(_decisions)


@bp.post("/baseline/add")
def add() -> ResponseReturnValue:
    """Take in what alerts were about: seen in operation, never while learning. The alerts are false ones then."""
    return _ask(_additions, _no_alarms)


def _no_alarms(here: ConsoleState, row: BaselineRow, wanted: reviewing.Wanted) -> None:
    note = say("baseline.taken_in", reader_language(), reason=wanted.reason)
    for record_id in dict.fromkeys(request.form.getlist("incident")):
        here.store.set_workflow(row.origin, record_id, Workflow.FALSE_ALARM, current_user.user.name, note)


@bp.post("/baseline/rollback")
def rollback() -> ResponseReturnValue:
    """Have an earlier version count again."""
    return _ask(_rollback)


@bp.post("/baseline/enforce")
def enforce() -> ResponseReturnValue:
    """Have the baseline that is tried count from now on."""
    return _ask(_enforce)


def _decisions(here: ConsoleState, row: BaselineRow) -> reviewing.Wanted:
    names, action = request.form.getlist("entry"), request.form.get("action", "")
    return reviewing.decisions_of(here.store, row.origin, action, names, request.form)


def _additions(here: ConsoleState, row: BaselineRow) -> reviewing.Wanted:
    return reviewing.additions_of(here.store, row.origin, request.form.getlist("incident"), request.form)


def _rollback(here: ConsoleState, row: BaselineRow) -> reviewing.Wanted:
    number = request.form.get("number", "")
    known = {str(one.get("number")) for one in row.state.versions} - {str(row.state.version)}
    if number not in known:
        raise WrongForm("version")
    return reviewing.Wanted(reviewing.reason_of(request.form), rollback=int(number))


def _enforce(here: ConsoleState, row: BaselineRow) -> reviewing.Wanted:
    if row.state.trial is None or not row.state.trial.get("candidate", True) or row.state.role != "enforced":
        raise WrongForm("version")
    return reviewing.Wanted(reviewing.reason_of(request.form), enforce=True)


def _ask(read: Any, then: Any = None) -> ResponseReturnValue:
    """One order, written down with who asked for it; it is done when the sensor says so. `then`: what goes with it."""
    if not current_user.user.may_decide:
        abort(403)
    here = state()
    _, row = _chosen_row(here)
    if row is None:
        abort(404)
    by, now_ns = current_user.user.name, here.clock.now_ns()
    try:
        wanted = read(here, row)
        if len(reviewing.under_way(here.store, row.origin)) >= reviewing.UNDER_WAY:
            raise WrongForm("busy")
        title = title_of(Review(**_shape(wanted)), "zh")
        record = reviewing.order(wanted, row, title, here.settings.node_name, by, now_ns)
        here.store.issue(record)
        if then is not None:
            then(here, row, wanted)
    except WrongForm as error:
        return _back(row, error.code)
    except OrdersFull:
        return _back(row, "busy")
    log.warning("%s asked sensor %s about its baseline: %s: %s", by, row.origin, title, wanted.reason)
    return _back(row)


def _shape(wanted: reviewing.Wanted) -> dict[str, Any]:
    asked = {"decisions": wanted.decisions, "rollback": wanted.rollback, "enforce": wanted.enforce}
    return {"title": "", "text": wanted.reason, "issued_ns": 0, **asked}


def title_of(order: Review, language: str) -> str:
    """`确认 3 项`: what was asked, in a few words."""
    if order.rollback is not None:
        return say("baseline.asked_rollback", language, n=order.rollback)
    if order.enforce:
        return say("baseline.asked_enforce", language)
    action = str(order.decisions[0].action)
    return say(f"baseline.asked_{action}", language, n=len(order.decisions))


def _back(row: BaselineRow, problem: str | None = None) -> ResponseReturnValue:
    """Where it was asked, with the same filters."""
    name = request.form.get("back_entry", "")
    if name:
        target = url_for("baseline.entry", sensor=row.origin, name=name[:1000], problem=problem)
    else:
        kept = {
            key: value[:1000]
            for key in ("view", "state", "kind", "link", "text", "cursor")
            if (value := request.form.get(f"back_{key}", ""))
        }
        target = url_for("baseline.baseline", **{"sensor": row.origin, "problem": problem, **kept})  # type: ignore[arg-type]
    return redirect(target, code=303)


@bp.app_context_processor
def _context() -> dict[str, Any]:
    def asked_title(item: OrderItem) -> str:
        order = item.record.order()
        return title_of(order, reader_language()) if isinstance(order, Review) else ""

    def version_note(note: object) -> str:
        return versions.note_of(note, reader_language())

    def version_author(author: object) -> str:
        return versions.author_of(author, reader_language())

    return {
        "asked_title": asked_title,
        "refused_why": refused_why,
        "version_note": version_note,
        "version_author": version_author,
    }


def refused_why(note: str) -> str:
    """The sensor's reason (`code: detail`): our words for a known code, else what it wrote."""
    code, _, detail = note.partition(":")
    key = f"baseline.refused_{code}"
    return say(key, reader_language(), detail=detail.strip()) if known(key) else clean(note)
