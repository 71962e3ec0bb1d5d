"""总览 / 态势: is all well, what is to be done, how well do we see, what changed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from console.answers import Answer, page
from console.clock import NS
from console.context import waiting_levels
from console.language import reader_language
from console.present import account, storage, waiting
from console.present.reason import explain
from console.present.series import by_time
from console.present.verdict import Sight, judge
from console.state import ConsoleState, state
from console.store import NO_FILTER, CountBy, IncidentRow
from console.words import Words
from sensor.schema import Alert

log = logging.getLogger(__name__)

bp = Blueprint("overview", __name__)
TO_DO, CHANGES, TECHNIQUES = 5, 8, 6


def _briefs(here: ConsoleState, rows: Sequence[IncidentRow], language: str) -> list[dict[str, Any]]:
    found = here.store.incidents_named({(row.origin, row.id) for row in rows})
    incidents = [found.get((row.origin, row.id)) for row in rows]
    alerts = [None if incident is None else incident.record.alert() for incident in incidents]
    return [_brief(row, alert, language) for row, alert in zip(rows, alerts, strict=True)]


def _brief(row: IncidentRow, alert: Alert | None, language: str) -> dict[str, Any]:
    """One incident as the overview says it: its line, why, and what to do first."""
    words = Words(language)
    return {
        "row": row,
        "why": "" if alert is None else explain(alert, language).sentence,
        "advice": "" if alert is None else next(iter(words.lines(alert.advice)), ""),
        "consequence": "" if alert is None else words.text(alert.consequence),
        "frames": 0 if alert is None else len(alert.evidence),
    }


@page(bp, "/", "overview")
def overview() -> Answer:
    here, language = state(), reader_language()
    coverage = here.store.coverage(here.clock.now_ns() - here.settings.silent_after_s * NS)
    totals, levels = here.store.totals(), waiting_levels()
    ledger = None if coverage.ledger is None else account.account(coverage.ledger, language)
    sight = Sight(here.settings.tier, levels, coverage, ledger, totals.incidents)
    verdict = judge(sight, language)
    to_do = waiting.first(here.store, levels, TO_DO)
    health = here.store.health()
    (recent,) = here.store.newest([NO_FILTER], CHANGES)
    techniques, detectors = here.store.counts_of([(CountBy.TECHNIQUE, NO_FILTER), (CountBy.DETECTOR, NO_FILTER)])
    briefs = _briefs(here, [*to_do, *recent], language)
    series = by_time(here.store, here.clock, None)
    return Answer(
        "overview.html",
        figures={
            "tier": here.settings.tier,
            "verdict": verdict.code,
            "headline": verdict.headline,
            "waiting": levels,
            "ledger": None if ledger is None else ledger.figures(),
            "records": totals.records,
            "incidents": totals.incidents,
            "assets": totals.assets,
            "sensors": coverage.sensors,
            "silent_sensors": coverage.silent_sensors,
            "silent_sensor_names": list(coverage.silent_names),
            "children": coverage.children,
            "silent_children": coverage.silent_children,
            "silent_child_names": list(coverage.silent_child_names),
            "pending_up": dict(totals.pending_up),
            "to_do": [{"origin": row.origin, "id": row.id, "level": row.level} for row in to_do],
            "techniques": {count.key: count.incidents for count in techniques},
            # What changes by the second, like the room left, is for `otus store health`.
            "store": {
                "keep_days": health.keep_days,
                "oldest_ns": health.oldest_ns,
                "expired": None if health.expired is None else asdict(health.expired),
                "remarks": [{"code": item.code, **item.parameters} for item in health.remarks],
            },
            "detectors": {count.key: count.incidents for count in detectors},
        },
        context={
            "verdict": verdict,
            "account": ledger,
            "sight": sight,
            "totals": totals,
            "to_do": briefs[: len(to_do)],
            "recent": briefs[len(to_do) :],
            "techniques": techniques[:TECHNIQUES],
            "series": series,
            "remarks": storage.remarks(health, language),
            "may_decide": current_user.user.may_decide,
            # Above the enterprise so much may wait that looking at it every few seconds costs too much.
            "stories": here.store.open_stories(1).stories if here.settings.tier == "enterprise" else 0,
        },
    )


@bp.get("/series/incidents.json")
def series() -> ResponseReturnValue:
    """Incidents by level over time, for the chart: `unit` is `hour` (24 of them) or `day` (7)."""
    here = state()
    unit = request.args.get("unit")
    return jsonify(by_time(here.store, here.clock, unit).figures(Words(reader_language())))


@bp.post("/store/acknowledge")
def acknowledge() -> ResponseReturnValue:
    """Somebody has read what the store had to say, and it says it no more."""
    if not current_user.user.may_decide:
        abort(403)
    code = request.form.get("code", "")
    if state().store.acknowledge(code):
        log.warning("%s acknowledged what the store said: %s", current_user.user.name, code)
    return redirect(url_for("overview.overview"), code=303)
