"""检测效果: how many incidents a day each analyst gets, what is suppressed and why, and whether detection is alive."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

from flask import Blueprint

from console.answers import Answer, page
from console.present import load
from console.roll import asked
from console.state import state
from console.store import CountBy

bp = Blueprint("detection", __name__)
CAUSES = 10


@page(bp, "/detection", "detection")
def detection() -> Answer:
    here = state()
    request = asked(here)
    found = here.store.sensors(request.where, request.limit, request.cursor)
    people = [user for name in here.users.names() if (user := here.users.get(name)) is not None]
    figures = load.load(here.store, here.clock, people)
    examined = load.examinations(found.rows)
    now_ns = here.clock.now_ns()
    holding = [item for item in here.store.suppressions() if item.holds(now_ns)]
    outcome = {count.key: count.incidents for count in here.store.counts(CountBy.WORKFLOW)}
    judged = sum(outcome.get(key, 0) for key in ("confirmed", "handling", "review", "closed"))
    false = outcome.get("false_alarm", 0)
    return Answer(
        "detection.html",
        figures={
            "days": load.DAYS,
            **asdict(figures),
            "a_day": figures.a_day,
            "a_day_each": figures.a_day_each,
            "judged_true": judged,
            "judged_false": false,
            "suppressions": len(holding),
            "sensors": [asdict(item) for item in examined],
            "next_cursor": found.next_cursor,
        },
        context={
            "load": figures,
            "days": load.DAYS,
            "judged": judged,
            "false_alarms": false,
            "reasons": Counter(item.reason for item in holding).most_common(CAUSES),
            "examined": examined,
            "dead": [item for item in examined if item.alive is False],
            "unknown": [item for item in examined if item.alive is None],
            "request": request,
            "next_cursor": found.next_cursor,
        },
    )
