"""告警: the list, filtered and paged by the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from flask import Blueprint, request

from console.answers import Answer, page
from console.language import reader_language
from console.present import waiting
from console.state import state
from console.store import NO_FILTER, OPEN_WORK, CountBy, IncidentFilter, Workflow
from console.store.text import MAX_CHARACTERS
from console.words import Words
from sensor.schema import LEVELS

bp = Blueprint("incidents", __name__)
PAGE = 50
# Query parameter → column of the store's filter, and what its choices are counted by.
FILTERS = {
    "level": CountBy.LEVEL,
    "detector": CountBy.DETECTOR,
    "protocol": CountBy.PROTOCOL,
    "workflow": CountBy.WORKFLOW,
    "technique": CountBy.TECHNIQUE,
    "child": CountBy.CHILD,
}


def chosen() -> dict[str, str]:
    """The filters of this request, the words searched among them; whatever is no known level or state stays out."""
    found = {name: request.args.get(name, "")[:128] for name in FILTERS}
    text = request.args.get("text", "")[:MAX_CHARACTERS]
    found["text"] = "".join(letter if letter.isprintable() else " " for letter in text).strip()
    if found["level"] not in LEVELS:
        found["level"] = ""
    if found["workflow"] not in tuple(Workflow):
        found["workflow"] = ""
    return {name: value for name, value in found.items() if value}


def _choices(words: Words, name: str, by: CountBy) -> list[tuple[str, str, int]]:
    """(code, word, how many) of everything there is to choose."""
    say: Mapping[str, Callable[[object], str]] = {
        "level": words.level,
        "detector": words.detector,
        "protocol": words.protocol,
        "workflow": words.workflow,
        "technique": lambda code: words.technique(str(code)),
        "child": str,
    }
    return [(count.key, say[name](count.key), count.incidents) for count in state().store.counts(by) if count.incidents]


def _levels(where: IncidentFilter) -> dict[str, int]:
    return {count.key: count.incidents for count in state().store.counts(CountBy.LEVEL, where)}


def _figures(row: Any) -> dict[str, Any]:
    return {**asdict(row), "technique": list(row.technique), "workflow": str(row.workflow)}


@page(bp, "/incidents", "incidents")
def incidents() -> Answer:
    here, words, filters = state(), Words(reader_language()), chosen()
    hidden = request.args.get("suppressed") == "yes"
    # Without a word about them all are listed: out of sight are they only where open work is asked for.
    asked = True if hidden else False if filters.get("workflow") in OPEN_WORK else None
    where = replace(NO_FILTER, suppressed=asked, **filters)  # type: ignore[arg-type]  # names columns of text only
    found = here.store.incidents(where, limit=PAGE, cursor=request.args.get("cursor"))
    number = here.store.incident_count(where)
    # Counting out more than a thousand would cost as it grows, but for one filter, of which the counts are kept.
    counted = number.exact or ("text" not in filters and len(filters) <= 1)
    levels = _levels(where) if counted else {}
    new = replace(where, workflow=Workflow.NEW, suppressed=hidden)
    undecided = _levels(new) if counted and filters.get("workflow") in (None, Workflow.NEW) else {}
    return Answer(
        "incidents.html",
        figures={
            "filters": filters,
            "total": sum(levels.values()) if counted else number.number,
            "exact": counted,
            "levels": levels,
            "incidents": [_figures(row) for row in found.rows],
            "next_cursor": found.next_cursor,
        },
        context={
            "rows": found.rows,
            "next_cursor": found.next_cursor,
            "filters": filters,
            "hidden": hidden,
            "levels": levels,
            "more_than": None if counted else number.number,
            "level_order": [str(level) for level in LEVELS],
            "undecided": sum(undecided.values()),
            "pressing": waiting.pressing(undecided),
            "choices": {name: _choices(words, name, by) for name, by in FILTERS.items()},
            "first_page": not request.args.get("cursor"),
        },
    )
