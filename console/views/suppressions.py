"""告警抑制: which alerts are no work for now, why, until when, and who answers for it."""

from __future__ import annotations

import ipaddress
import logging
import secrets
from dataclasses import asdict
from datetime import datetime, timedelta

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from console.answers import Answer, page
from console.clock import NS
from console.plain import clean
from console.state import state
from console.store import CountBy, IncidentFilter, Suppression, TooManySuppressions
from federation.pseudonyms import is_pseudonym

log = logging.getLogger(__name__)
bp = Blueprint("suppressions", __name__)
SHOWN = 200
MAX_REASON, MAX_CAUSE, MAX_SEGMENT, MAX_TITLE, MAX_HOSTS = 500, 200, 128, 200, 2
"""A conversation has two ends: more hosts than two fit none."""
FIELDS = ("cause", "hosts", "segment", "title", "until", "reason")
MOST_DAYS, USUAL_DAYS = 366, 30
"""Nothing is out of sight for ever: after a year at the latest somebody decides again."""


class FormError(ValueError):
    """A field is wrong; the code names it, in `translations/suppressions.yml`."""


@page(bp, "/suppressions", "suppressions")
def suppressions() -> Answer:
    here = state()
    found, now_ns = here.store.suppressions(SHOWN), here.clock.now_ns()
    hidden = sum(count.incidents for count in here.store.counts(CountBy.LEVEL, IncidentFilter(suppressed=True)))
    holding = [item for item in found if item.holds(now_ns)]
    return Answer(
        "suppressions.html",
        figures={
            "holding": len(holding),
            "suppressed": hidden,
            "suppressions": [{**asdict(item), "holds": item.holds(now_ns)} for item in found],
        },
        context={
            "holding": holding,
            "over": [item for item in found if not item.holds(now_ns)],
            "hidden": hidden,
            "may_decide": current_user.user.may_decide,
        },
    )


@bp.get("/suppressions/new")
def new() -> ResponseReturnValue:
    """The form, filled in from the alert it was asked for."""
    if not current_user.user.may_decide:
        abort(403)
    until = state().clock.local(state().clock.now_ns() + USUAL_DAYS * 86_400 * NS)
    given = {
        "cause": request.args.get("cause", "")[:MAX_CAUSE],
        "hosts": " ".join(request.args.getlist("host"))[:200],
        "segment": request.args.get("segment", "")[:MAX_SEGMENT],
        "title": request.args.get("title", "")[:MAX_TITLE],
        "until": "" if until is None else until.strftime("%Y-%m-%d"),
        "reason": "",
    }
    return _form(given, "")


def _form(given: dict[str, str], problem: str) -> ResponseReturnValue:
    now = state().clock.local(state().clock.now_ns())
    days = {} if now is None else {"first": now + timedelta(days=1), "last": now + timedelta(days=MOST_DAYS)}
    told = {name: moment.strftime("%Y-%m-%d") for name, moment in days.items()}
    return render_template("suppression_new.html", given=given, problem=problem, days=told), 400 if problem else 200


@bp.post("/suppressions")
def add() -> ResponseReturnValue:
    if not current_user.user.may_decide:
        abort(403)
    given = {name: request.form.get(name, "").strip() for name in FIELDS}
    try:
        wanted = _read(given)
        state().store.suppress(wanted)
    except FormError as error:
        return _form(given, str(error))
    except TooManySuppressions:
        return _form(given, "too_many")
    log.warning(
        "%s suppressed %s of %s in %s until %s: %s",
        wanted.by, wanted.cause, ", ".join(wanted.hosts) or "anybody", wanted.segment or "all segments",
        given["until"], wanted.reason,
    )  # fmt: skip
    return redirect(url_for("suppressions.suppressions"), code=303)


@bp.post("/suppressions/<suppression_id>/end")
def end(suppression_id: str) -> ResponseReturnValue:
    """Back to work: from now on what it was about is open again."""
    if not current_user.user.may_decide:
        abort(403)
    if state().store.end_suppression(suppression_id, current_user.user.name):
        log.warning("%s ended suppression %s", current_user.user.name, suppression_id)
    return redirect(url_for("suppressions.suppressions"), code=303)


def _read(given: dict[str, str]) -> Suppression:
    """Raises FormError."""
    here = state()
    now_ns = here.clock.now_ns()
    hosts = tuple(dict.fromkeys(given["hosts"].replace(",", " ").replace("，", " ").split()))
    if not given["cause"] or len(given["cause"]) > MAX_CAUSE:
        raise FormError("cause")
    if len(hosts) > MAX_HOSTS or not all(map(_is_host, hosts)):
        raise FormError("hosts")
    if not given["reason"] or len(given["reason"]) > MAX_REASON:
        raise FormError("reason")
    if len(given["segment"]) > MAX_SEGMENT:
        raise FormError("segment")
    until_ns = _until(given["until"])
    if until_ns is None or not now_ns < until_ns <= now_ns + (MOST_DAYS + 1) * 86_400 * NS:
        raise FormError("until")
    return Suppression(
        id=secrets.token_hex(16),
        cause=clean(given["cause"]),
        hosts=hosts,
        segment=clean(given["segment"]) or None,
        reason=clean(given["reason"]),
        by=current_user.user.name,
        since_ns=now_ns,
        until_ns=until_ns,
        about=clean(given["title"])[:MAX_TITLE],
    )


def _until(day: str) -> int | None:
    """The end of that day in the node's zone."""
    try:
        moment = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=state().clock.zone) + timedelta(days=1)
        return int(moment.timestamp()) * NS
    except (ValueError, OverflowError):
        return None


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return is_pseudonym(text) or (len(text) == 17 and text.count(":") == 5)
    return True
