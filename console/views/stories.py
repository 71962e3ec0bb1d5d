"""归并告警: what is to be done, the most urgent first; and all there were."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from console.answers import Answer, page
from console.catalogue import say
from console.language import reader_language
from console.plain import clean
from console.present.chain import targets_of
from console.state import state
from console.store import OpenStory, StoryRow
from console.words import Words

bp = Blueprint("stories", __name__)
PAGE = 50


def figures_of(row: StoryRow) -> dict[str, Any]:
    return {"origin": row.origin, "id": row.id, "child": row.child, "segment": row.segment, **row.story.to_json()}


def headline(row: StoryRow, language: str) -> str:
    """Who did what, in one line."""
    story, words = row.story, Words(language)
    title = words.text(story.title) or clean(row.id)
    steps = len(story.steps)
    key = "stories.headline_many" if steps > 1 else "stories.headline"
    return title if story.actor is None else say(key, language, actor=story.actor, title=title, steps=steps)


def to_whom(row: StoryRow, language: str) -> str:
    """Those the gravest step was done to."""
    steps = row.story.steps
    if not steps:
        return ""
    return targets_of(max(steps, key=lambda step: step.level.rank), language)


@page(bp, "/stories", "stories")
def stories() -> Answer:
    here, language = state(), reader_language()
    every = request.args.get("all") == "1"
    child = request.args.get("child", "")[:128] or None
    work = here.store.open_stories(PAGE)
    waiting = {(item.row.origin, item.row.id): item.waiting for item in work.rows}
    if every:
        found = here.store.stories(child, PAGE, request.args.get("cursor"))
        items = [OpenStory(row, waiting.get((row.origin, row.id), 0)) for row in found.rows]
        following = found.next_cursor
    else:
        items, following = list(work.rows), None
    return Answer(
        "stories.html",
        figures={
            "open": work.stories,
            "alone": work.alone,
            "exact": work.exact,
            "stories": [{**figures_of(item.row), "waiting": item.waiting} for item in items],
            "next_cursor": following,
        },
        context={
            "work": work,
            "items": items,
            "every": every,
            "child": child,
            "headline": lambda row: headline(row, language),
            "to_whom": lambda row: to_whom(row, language),
            "next_cursor": following,
            "first_page": not request.args.get("cursor"),
        },
    )
