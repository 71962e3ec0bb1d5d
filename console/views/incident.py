"""One alert: what happened, why it was raised, what it may lead to, what to do; and a person's verdict."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from console.answers import Answer, page
from console.language import reader_language
from console.plain import clean
from console.present.account import Account, account
from console.present.fields import table
from console.present.reason import explain
from console.present.steps import choices, journey, steps
from console.present.story import frames, story
from console.state import state
from console.store import Incident, Suppression, Workflow
from console.words import Words
from sensor.schema import Ledger, RecordError

log = logging.getLogger(__name__)
bp = Blueprint("incident", __name__)
MAX_NOTE = 500


def _find(origin: str, record_id: str) -> Incident:
    found = state().store.incident(origin, record_id)
    if found is None:
        abort(404)
    return found


def _is_about(item: Suppression, found: Incident) -> bool:
    row = found.row
    return (
        item.holds(state().clock.now_ns())
        and item.cause == found.record.body["cause"]
        and item.segment in (None, row.segment)
        and set(item.hosts) <= {row.client, row.server}
    )


def _account(raw: Mapping[str, Any], language: str) -> Account | None:
    """The ledger when the alert was made. `skipped` and `lost` are sums there; an older core sent them by reason."""
    counts = {name: raw.get(name, 0) for name in ("received", "parsed", "skipped", "lost", "held")}
    for name in ("skipped", "lost"):
        if not isinstance(counts[name], dict):
            counts[name] = {"all": counts[name]}
    try:
        ledger = Ledger.from_json(counts)
    except RecordError:
        return None
    if "held" not in raw and not ledger.balanced:
        # What was held when the alert was made is not in the record; it is the rest of the account.
        rest = ledger.received - ledger.parsed - sum(ledger.skipped.values()) - sum(ledger.lost.values())
        ledger = replace(ledger, held=max(0, rest))
    return account(ledger, language) if ledger.received else None


def _cut(raw: Any) -> dict[str, Any] | None:
    """What the enterprise's policy wrote into the record about its own cut."""
    if not isinstance(raw, Mapping):
        return None
    lists = {name: raw.get(name) for name in ("dropped", "pseudonym")}
    counts = {name: len(found) if isinstance(found, list) else 0 for name, found in lists.items()}
    return {"policy": clean(str(raw.get("policy", ""))), **counts}


@page(bp, "/incidents/<origin>/<record_id>", "incident")
def incident(origin: str, record_id: str) -> Answer:
    here, language = state(), reader_language()
    found = _find(origin, record_id)
    alert = found.record.alert()
    explanation = explain(alert, language)
    return Answer(
        "incident.html",
        figures={
            "record": found.record.to_json(),
            "workflow": str(found.row.workflow),
            "sentence": explanation.sentence,
            "revisions": [item.revision for item in found.revisions],
            "steps": [
                {
                    "at_ns": step.at_ns,
                    "by": step.by,
                    "before": str(step.before),
                    "after": str(step.after),
                    "note": step.note,
                }
                for step in found.steps
            ],
        },
        context={
            "incident": found,
            "row": found.row,
            "alert": alert,
            "explanation": explanation,
            "story": story(alert, here.clock, language),
            "frames": frames(alert, here.clock, language),
            "fields": table(alert.fields, language),
            "steps": steps(found),
            "choices": choices(found.row.workflow),
            "journey": journey(found.record, here.settings.node_name),
            "notes": [step for step in found.steps if step.note],
            "advice": [item.strip() for item in Words(language).lines(alert.advice) if item.strip()],
            "cut": _cut(alert.extra.get("cut")),
            "account": _account(alert.coverage, language),
            "pseudonym": any(
                end is not None and (end.ip or "").startswith("host-") for end in (alert.client, alert.server)
            ),
            "may_decide": current_user.user.may_decide,
            "suppressed": any(_is_about(item, found) for item in here.store.suppressions()),
        },
    )


@bp.post("/incidents/<origin>/<record_id>/workflow")
def decide(origin: str, record_id: str) -> ResponseReturnValue:
    """Write down a person's verdict. It is kept beside the record, so later revisions of it change nothing here."""
    if not current_user.user.may_decide:
        abort(403)
    found, after = _find(origin, record_id), request.form.get("after", "")
    if after not in {str(choice.after) for choice in choices(found.row.workflow)}:
        abort(400)
    note = clean(request.form.get("note", "").strip()[:MAX_NOTE])
    step = state().store.set_workflow(origin, record_id, Workflow(after), current_user.user.name, note)
    log.info("%s set %s/%s from %s to %s", step.by, origin, record_id, step.before, step.after)
    return redirect(url_for("incident.incident", origin=origin, record_id=record_id), code=303)
