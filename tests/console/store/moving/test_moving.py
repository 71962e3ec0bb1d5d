"""What one store holds, another one holds after the move: asked through the interface, in every direction."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from console.store import Status, StoreError, Workflow
from console.store.check import check
from federation import spool_tables
from federation.database import open_reader, open_writer, transaction
from tests.console.store.moving.sides import DAY_NS, DIRECTIONS, Clock, Make, fill, moved, picture
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
    assert numbers["record:alert"] == 43 and numbers["record:heartbeat"] == 3 and numbers["heard"] == 2
    assert (
        numbers["record:tomorrow"] == 1
        and numbers["record:link"] == 3
        and numbers["rejected"] == 2
        and numbers["origin"] == 3
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
    path: Path = store.path  # type: ignore[attr-defined]
    with closing(open_writer(path)) as writer, transaction(writer, path) as db:
        taken = spool_tables.take(db, "up", 2, 2**20)
        verdicts = [spool_tables.Verdict(taken[0]), spool_tables.Verdict(taken[1], "refused: 不收")]
        spool_tables.answer(db, "up", verdicts, 7)
        spool_tables.defer(db, "up", [3])
    store.close()
    moved(source, target)
    store = target.open()
    assert store.totals().pending_up == {"other": 5, "up": 3}
    assert [(letter.direction, letter.reason) for letter in store.dead_letters()] == [("outgoing", "refused: 不收")]
    store.merge([alert(9)], "plant")
    with closing(open_reader(store.path)) as reader:  # type: ignore[attr-defined]
        waiting = [queued.key[1] for queued in spool_tables.take(reader, "up", 10, 2**20)]
    assert waiting == [record_id(n) for n in (3, 4, 2, 9)]
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
