"""Stories and suppressions, on every store: what is open work, in which order, and what is out of sight until when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from console.store import (
    MAX_SUPPRESSIONS,
    CountBy,
    IncidentFilter,
    Status,
    Store,
    Suppression,
    TooManySuppressions,
    Workflow,
)
from sensor.schema import Endpoint, Level, Record, Severity
from tests.console.store.conftest import Open
from tests.federation.line_records import FIRST_NS, SECOND, alert, record_id, story

FAR_NS = 2**62
HIDDEN, SHOWN = IncidentFilter(suppressed=True), IncidentFilter(suppressed=False)


def part(number: int, of: Record, **changes: Any) -> Record:
    return alert(number, story=of.id, **changes)


def rule(name: str = "1", **changes: Any) -> Suppression:
    cause = changes.pop("cause", "baseline:new_link")
    parts = {"hosts": (), "segment": None, "reason": "检修", "by": "wang", "since_ns": FIRST_NS, "until_ns": FAR_NS}
    return Suppression(name, cause, **{**parts, **changes})


def shown(store: Store) -> list[tuple[str, int]]:
    return [(item.row.id, item.waiting) for item in store.open_stories().rows]


def test_stories_are_kept_revised_and_listed(store: Store) -> None:
    answers = store.merge([story(1), story(2), story(1, revision=2), story(1)], "plant")
    assert [answer.status for answer in answers] == [Status.STORED, Status.STORED, Status.STORED, Status.DUPLICATE]
    assert [row.id for row in store.stories().rows] == [story(2).id, story(1).id]
    found = store.story("sensor-1", story(1).id)
    assert found is not None and found.story == story(1, revision=2).story()
    assert (found.child, found.revision, found.segment) == ("plant", 2, "default")
    assert store.story("sensor-1", record_id(99)) is None and store.story("sensor-2", story(1).id) is None
    assert [row.id for row in store.stories(child="plant", limit=1).rows] == [story(2).id]
    assert store.stories(child="other").rows == ()
    first = store.stories(limit=1)
    assert [row.id for row in store.stories(limit=1, cursor=first.next_cursor).rows] == [story(1).id]
    refused = store.merge([Record("story", record_id(5), 1, "sensor-1", {"level": "high"})], "plant")[0]
    assert refused.status is Status.REJECTED and store.totals().pending_up == {"up": 2}


def test_open_work_is_told_by_stories_the_most_urgent_first(store: Store) -> None:
    one = story(1, severity=Severity(2, 1, 1, "office"))
    two = story(2, severity=Severity(5, 3, 3, "controller"))
    store.merge([one, two, part(1, one), part(2, two), part(3, two), alert(4)], "plant")
    work = store.open_stories()
    assert shown(store) == [(two.id, 2), (one.id, 1)]
    assert (work.stories, work.alone, work.exact) == (2, 1, True)
    assert [item.row.id for item in store.open_stories(limit=1).rows] == [two.id]
    store.set_workflow("sensor-1", record_id(2), Workflow.FALSE_ALARM, "wang")
    store.set_workflow("sensor-1", record_id(3), Workflow.HANDLING, "wang")
    assert shown(store) == [(two.id, 1), (one.id, 1)], "somebody still works on the second"
    store.set_workflow("sensor-1", record_id(3), Workflow.CLOSED, "wang")
    assert shown(store) == [(one.id, 1)]
    assert {row.id for row in store.incidents(IncidentFilter(stories=(two.id,))).rows} == {record_id(2), record_id(3)}
    assert store.incident_count(IncidentFilter(stories=(one.id, two.id))).number == 3
    assert store.incident_count(IncidentFilter(stories=())).number == 0


def test_alerts_of_a_story_that_became_part_of_another_count_there(store: Store) -> None:
    one, other = story(1), story(2)
    store.merge([one, other, part(1, one), part(2, other)], "plant")
    into = story(2, revision=2, merged_into=one.id)
    store.merge([into, story(1, revision=2, merged=(other.id,))], "plant")
    assert shown(store) == [(one.id, 2)]
    assert [row.id for row in store.stories().rows] == [one.id]
    merged = store.story("sensor-1", other.id)
    assert merged is not None and merged.story.merged_into == one.id


def test_stories_that_name_each_other_or_are_not_there_yet_hold_nobody_up(store: Store) -> None:
    one, other = story(1), story(2)
    ring = [story(1, merged_into=other.id), story(2, merged_into=one.id)]
    store.merge([*ring, part(1, one), part(2, story(3))], "plant")
    work = store.open_stories()
    assert sum(item.waiting for item in work.rows) == 1 and work.alone == 1


def test_what_is_suppressed_stays_and_is_counted_and_is_no_open_work(store: Store) -> None:
    one, two = story(1), story(2)
    link = {"cause": "baseline:new_link", "level": Level.HIGH}
    store.merge([one, two, part(1, one, **link), part(2, two, **link, client=Endpoint("10.9.9.9")), alert(3)], "plant")
    store.suppress(rule(hosts=("192.168.1.66",)))
    assert [row.id for row in store.incidents(HIDDEN).rows] == [record_id(1)]
    assert {row.id for row in store.incidents(SHOWN).rows} == {record_id(2), record_id(3)}
    assert (store.incident_count(HIDDEN).number, store.incident_count(SHOWN).number) == (1, 2)
    assert store.incident_count().number == 3
    assert shown(store) == [(two.id, 1)]
    new = IncidentFilter(workflow=Workflow.NEW)
    everything = {count.key: count.incidents for count in store.counts(CountBy.LEVEL, new)}
    left = {count.key: count.incidents for count in store.counts(CountBy.LEVEL, replace(new, suppressed=False))}
    hidden = {count.key: count.incidents for count in store.counts(CountBy.LEVEL, replace(new, suppressed=True))}
    assert hidden == {"high": 1} and everything["high"] - left.get("high", 0) == 1
    assert sum(left.values()) + 1 == sum(everything.values())


def test_a_suppression_is_about_all_it_names(store: Store) -> None:
    store.merge([alert(1, cause="rule:a"), replace(alert(2, cause="rule:a"), segment="cell-2")], "plant")
    store.suppress(rule(cause="rule:a", segment="cell-2", hosts=("192.168.1.11", "192.168.1.66")))
    assert [row.id for row in store.incidents(HIDDEN).rows] == [record_id(2)], "either end, and that segment"
    assert store.end_suppression("1", "li") and not store.end_suppression("1", "li")
    store.suppress(rule("2", cause="rule:a", hosts=("192.168.1.66", "10.0.0.1")))
    assert store.incidents(HIDDEN).rows == (), "only one of the two hosts"
    store.suppress(rule("3", cause="rule:b"))
    assert store.incidents(HIDDEN).rows == ()
    store.suppress(rule("4", cause="rule:a"))
    assert {row.id for row in store.incidents(HIDDEN).rows} == {record_id(1), record_id(2)}


def test_it_comes_back_when_the_date_is_over_and_outlives_a_restart(reopen: Open) -> None:
    clock = [FIRST_NS]
    store = reopen()
    store._clock_ns = lambda: clock[0]  # type: ignore[attr-defined]
    one = story(1)
    store.merge([one, part(1, one, cause="rule:a")], "plant")
    store.suppress(rule(cause="rule:a", until_ns=FIRST_NS + 60 * SECOND))
    assert shown(store) == [] and store.open_stories().alone == 0
    store.close()
    store = reopen()
    store._clock_ns = lambda: clock[0]  # type: ignore[attr-defined]
    assert shown(store) == []
    clock[0] += 60 * SECOND
    assert shown(store) == [(one.id, 1)] and store.incidents(HIDDEN).rows == ()
    (kept,) = store.suppressions()
    assert (kept.reason, kept.by, kept.ended_ns) == ("检修", "wang", None), "who took what out of sight stays"
    assert not store.end_suppression("1", "li"), "it is over"
    store.close()


def test_who_ended_it_early_is_kept(store: Store) -> None:
    store.suppress(rule())
    assert store.end_suppression("1", "li") and not store.end_suppression("2", "li")
    (kept,) = store.suppressions()
    assert kept.ended_by == "li" and kept.ended_ns is not None and not kept.holds(FIRST_NS)


def test_so_many_hold_at_a_time(store: Store) -> None:
    for number in range(MAX_SUPPRESSIONS):
        store.suppress(rule(str(number)))
    with pytest.raises(TooManySuppressions):
        store.suppress(rule("more"))
    assert len(store.suppressions(1000)) == MAX_SUPPRESSIONS
    store.end_suppression("0", "li")
    store.suppress(rule("more"))


def test_stories_go_with_their_age(store: Store) -> None:
    store.merge([story(1), alert(1)], "plant")
    run = store.expire(4 * 10**18)
    assert (run.incidents, run.others) == (1, 1)
    assert store.stories().rows == () and store.totals().records == 0
