"""One story: who did what to whom, in which order, why these alerts are one; and a verdict about all of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from console.answers import Answer, page
from console.language import reader_language
from console.plain import clean
from console.present import chain
from console.present.steps import NEXT
from console.state import state
from console.store import OPEN_WORK, IncidentFilter, IncidentRow, StoryRow, Workflow
from console.views.stories import figures_of, headline
from console.words import Words
from sensor.schema import Alert

log = logging.getLogger(__name__)
bp = Blueprint("story", __name__)
PAGE = 50
MAX_NOTE = 500
AT_ONCE = 500
"""Alerts that one verdict decides about; of a story with more, the rest waits and is said."""
VERDICTS = (Workflow.CONFIRMED, Workflow.TRIAGE, Workflow.FALSE_ALARM, Workflow.IGNORED)
"""What one may say of a whole story: what may follow on an alert that nobody has judged."""


def _find(origin: str, record_id: str) -> StoryRow:
    found = state().store.story(origin, record_id)
    if found is None:
        abort(404)
    return found


def _part_of(row: StoryRow) -> IncidentFilter:
    return IncidentFilter(origin=row.origin, stories=(row.id, *row.story.merged))


@page(bp, "/stories/<origin>/<record_id>", "story")
def story(origin: str, record_id: str) -> Answer:
    here, language = state(), reader_language()
    row = _find(origin, record_id)
    where = _part_of(row)
    alerts = here.store.incidents(where, PAGE, request.args.get("cursor"))
    waiting = sum(1 for _ in _undecided(row))
    gravest, words = _gravest(row), Words(language)
    return Answer(
        "story.html",
        figures={
            **figures_of(row),
            "waiting": waiting,
            "incidents": [
                {"origin": item.origin, "id": item.id, "workflow": str(item.workflow)} for item in alerts.rows
            ],
        },
        context={
            "row": row,
            "story": row.story,
            "heading": headline(row, language),
            "lines": chain.lines(row.story, language),
            "timeline": chain.timeline(row.story, language),
            "graph": chain.graph(row.story, language),
            "consequence": "" if gravest is None else words.text(gravest.consequence),
            "advice": [] if gravest is None else [item.strip() for item in words.lines(gravest.advice) if item.strip()],
            "alerts": alerts.rows,
            "next_cursor": alerts.next_cursor,
            "first_page": not request.args.get("cursor"),
            "waiting": waiting,
            "verdicts": VERDICTS,
            "may_decide": current_user.user.may_decide,
        },
    )


def _gravest(row: StoryRow) -> Alert | None:
    """The first alert of the gravest step, of equals the last: it says what to do. None where it is not kept here."""
    steps = row.story.steps
    if not steps:
        return None
    gravest = max(steps, key=lambda step: (step.level.rank, step.first_ns))
    found = state().store.incident(row.origin, gravest.alert)
    return None if found is None else found.record.alert()


def _undecided(row: StoryRow, most: int = AT_ONCE) -> Iterator[IncidentRow]:
    """Its alerts that are open work, at most so many."""
    for workflow in OPEN_WORK:
        where = IncidentFilter(origin=row.origin, stories=(row.id, *row.story.merged), workflow=workflow)
        yield from state().store.incidents(where, most).rows


@bp.post("/stories/<origin>/<record_id>/workflow")
def decide(origin: str, record_id: str) -> ResponseReturnValue:
    """The same verdict about each of its alerts for which it may follow. Each keeps a step of its own."""
    if not current_user.user.may_decide:
        abort(403)
    row, after = _find(origin, record_id), request.form.get("after", "")
    if after not in {str(verdict) for verdict in VERDICTS}:
        abort(400)
    note = clean(request.form.get("note", "").strip()[:MAX_NOTE])
    decided = 0
    for item in list(_undecided(row)):
        if Workflow(after) in NEXT[item.workflow] and decided < AT_ONCE:
            state().store.set_workflow(item.origin, item.id, Workflow(after), current_user.user.name, note)
            decided += 1
    log.info("%s set %d alerts of story %s/%s to %s", current_user.user.name, decided, origin, record_id, after)
    return redirect(url_for("story.story", origin=origin, record_id=record_id), code=303)
