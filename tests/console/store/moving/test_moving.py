"""What one store holds, another one holds after the move: asked through the interface, in every direction."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.store import Status, StoreError, Workflow
from console.store.check import check
from federation.queue import Verdict
from tests.console.store.moving.sides import (
    DAY_NS,
    DIRECTIONS,
    Clock,
    Make,
    answer_some,
    fill,
    moved,
    picture,
    queue_of,
)
from tests.federation.line_records import alert, record_id


@pytest.mark.parametrize(("origin", "to"), DIRECTIONS)
def test_everything_is_there_afterwards(make: Make, clock: Clock, origin: str, to: str) -> None:
    source, target = make(origin), make(to)
    store = source.open()
    fill(store, clock)
    if origin == "elasticsearch":
        store.refresh()  # type: ignore[attr-defined]
    before = picture(store)
    store.close()
    result = moved(source, target)
    numbers = result.tally.numbers
    assert (
        numbers["record:alert"] == 45
        and numbers["record:story"] == 2
        and numbers["record:heartbeat"] == 3
        and numbers["heard"] == 2
    )
    assert (
        numbers["record:tomorrow"] == 1
        and numbers["record:link"] == 3
        and numbers["rejected"] == 2
        and numbers["origin"] == 8
        and numbers["order"] == 6
        and numbers["order_addressee"] == 3
        and numbers["order_cursor"] == 1
        and numbers["record:receipt"] == 4
        and numbers["baseline"] == 1
        and numbers["baseline_entry"] == 3
    )
    store = target.open()
    assert picture(store) == before
    # It goes on living as the source would have: older revisions are duplicates, decisions and revisions go on.
    answers = store.merge([alert(0, revision=2), alert(0, revision=4), alert(99)], "plant")
    assert [answer.status for answer in answers] == [Status.DUPLICATE, Status.STORED, Status.STORED]
    assert store.merge([alert(5, origin="promised")], "thief")[0].status is Status.REJECTED
    store.set_workflow("sensor-1", record_id(1), Workflow.CLOSED, "li")
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and [step.after for step in found.steps] == ["triage", "confirmed", "closed"]
    # Ages did not start anew: what was stored on the first day and never touched goes after 180 days, no other.
    run = store.expire(clock.now_ns + 85 * DAY_NS)
    assert (run.incidents, run.done) == (40 - 14 - 2, True)
    store.close()
    if to == "sqlite":
        assert check(Path(target.places[0]) / "store.sqlite") == []


def test_there_and_back_is_the_same(make: Make, clock: Clock) -> None:
    first, second, third = make("sqlite"), make("elasticsearch"), make("sqlite")
    store = first.open()
    fill(store, clock)
    store.close()
    there = moved(first, second)
    back = moved(second, third)
    assert there.tally.digest == back.tally.digest and there.tally == back.tally


@pytest.mark.parametrize(("origin", "to"), DIRECTIONS)
def test_the_queue_to_the_parents_is_moved_as_it_stands(make: Make, clock: Clock, origin: str, to: str) -> None:
    source, target = make(origin), make(to)
    store = source.open()
    store.merge([alert(n) for n in range(5)], "plant")
    store.close()
    answer_some(source)
    moved(source, target)
    store = target.open()
    assert store.totals().pending_up == {"other": 5, "up": 3}
    assert [(letter.direction, letter.reason) for letter in store.dead_letters()] == [("outgoing", "refused: 不收")]
    store.merge([alert(9)], "plant")
    store.close()
    with queue_of(target) as (tables, db):
        waiting = tables.take(db, "up", 10, 2**20)
        assert [queued.key[1] for queued in waiting] == [record_id(n) for n in (3, 4, 2, 9)]
        # What is answered now counts on where the other stopped, and what is appended gets a place behind all others.
        tables.answer(db, "up", [Verdict(waiting[0]), Verdict(waiting[1], "again")], 8)
    store = target.open()
    assert store.totals().pending_up == {"other": 6, "up": 2} and len(store.dead_letters()) == 2
    store.close()


@pytest.mark.parametrize(("origin", "to"), DIRECTIONS)
def test_a_queue_that_was_emptied_goes_on(make: Make, clock: Clock, origin: str, to: str) -> None:
    """What every parent answered is remembered, and its numbers are not given again."""
    source, target = make(origin), make(to)
    store = source.open()
    store.merge([alert(n) for n in range(4)], "plant")
    store.close()
    with queue_of(source) as (tables, db):
        for parent in ("up", "other"):
            tables.answer(db, parent, [Verdict(queued) for queued in tables.take(db, parent, 10, 2**20)], 7)
    moved(source, target)
    store = target.open()
    assert store.totals().pending_up == {"other": 0, "up": 0}
    store.merge([alert(9), alert(2, revision=2)], "plant")
    assert store.totals().pending_up == {"other": 2, "up": 2}
    store.close()


def test_a_target_that_holds_something_is_left_alone(make: Make, clock: Clock) -> None:
    source, cluster, other = make("sqlite"), make("elasticsearch"), make("sqlite")
    for side in (source, cluster, other):
        store = side.open()
        store.merge([alert(1)], "plant")
        store.close()
    with pytest.raises(StoreError, match="holds something already"):
        moved(source, cluster)
    with pytest.raises(StoreError, match="there is a store already"):
        moved(source, other)
    store = cluster.open()
    assert store.latest() == {("sensor-1", record_id(1), 1)}
    store.close()
