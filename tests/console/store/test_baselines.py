"""Sensors' baselines and what people decide about them, on every store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from console.store import EntryFilter, OrderFilter, OrderTotals, Status, Store
from console.store.rows import Answer
from sensor.schema import BaselineEntry, Record, RecordError
from tests.console.store.conftest import Open
from tests.console.store.test_orders import Enrolled, say, told
from tests.federation.baseline_records import LINK, carried_out, entry, pack, part, review, suspicious_link, whole
from tests.federation.order_records import notice, order_id


@pytest.fixture
def store(reopen: Open) -> Iterator[Store]:
    opened = reopen(nodes=Enrolled())
    yield opened
    opened.close()


def names(store: Store, limit: int = 50, **where: str) -> list[str]:
    found: list[BaselineEntry] = []
    cursor = None
    while True:
        page = store.baseline_entries("sensor-1", EntryFilter(**where), limit, cursor)
        found += page.rows
        cursor = page.next_cursor
        if cursor is None:
            assert store.baseline_count("sensor-1", EntryFilter(**where)) == len(found)
            return [one.name for one in found]


def numbered(*numbers: int) -> list[str]:
    return [entry(number).name for number in numbers]


def answers(given: list[Answer]) -> list[str]:
    return [str(answer.status) for answer in given]


def test_a_baseline_is_kept_part_by_part(store: Store, reopen: Open) -> None:
    parts = [part(1, entry(0), entry(20)), part(2, entry(40), suspicious_link()), whole()]
    assert answers(store.merge(parts, "sensor-1")) == ["stored"] * 3
    row = store.baseline("sensor-1")
    assert row is not None and row.state == parts[2].baseline() and row.child == "sensor-1"
    assert [found.origin for found in store.baselines()] == ["sensor-1"] and store.baseline("sensor-2") is None
    expected = [*numbered(0, 20, 40), suspicious_link().name]
    assert names(store) == expected == names(store, limit=1)
    assert store.baseline_entry("sensor-1", suspicious_link().name) == suspicious_link()
    assert store.baseline_entry("sensor-1", "link:none") is None and store.baseline_entry("other", LINK) is None
    other = reopen(nodes=Enrolled())
    assert other.baseline_entries("sensor-1").rows == store.baseline_entries("sensor-1").rows
    other.close()


def test_a_newer_part_stands_in_the_place_of_the_one_before(store: Store) -> None:
    before = [part(1, entry(0), entry(20), revision=5), part(2, entry(40), revision=5), whole(revision=5)]
    store.merge(before, "sensor-1")
    approved = replace(entry(20), state="approved")
    news = [part(1, approved, revision=6), part(1, entry(0), revision=5), whole(revision=5)]
    assert answers(store.merge(news, "sensor-1")) == ["stored", "duplicate", "duplicate"]
    assert names(store) == numbered(20, 40) and names(store, state="approved") == numbered(20)
    # An entry that moved to another part in the middle of it is shown, and then stands once.
    store.merge([part(1, entry(0), entry(40), revision=7)], "sensor-1")
    store.merge([part(2, entry(60), revision=7)], "sensor-1")
    assert names(store) == numbered(0, 40, 60)
    # What is behind the last part is gone.
    assert answers(store.merge([whole(revision=8, parts=1, version=4)], "sensor-1")) == ["stored"]
    assert names(store) == numbered(0, 40)
    row = store.baseline("sensor-1")
    assert row is not None and row.state.version == 4
    # …and may come again with the same revision, as after a crash of the sensor between the two.
    assert answers(store.merge([part(2, entry(60), revision=7)], "sensor-1")) == ["stored"]


def test_entries_are_found(store: Store) -> None:
    odd = entry(5, name='object:default/a>b/opcua#read.node.2="50%_Füllung~"', about={"object": "50%_Füllung~"})
    poll = entry(80, name="poll:x", kind="poll", link="link:other")
    store.merge([part(1, entry(0), odd), part(2, poll, suspicious_link()), whole()], "sensor-1")
    assert names(store, state="suspicious") == [suspicious_link().name]
    assert names(store, kind="poll") == ["poll:x"] and names(store, link=LINK) == [entry(0).name, odd.name]
    assert names(store, text="50%_füllung~") == [odd.name], "every sign is a letter, large or small"
    assert names(store, text="%") == [odd.name] and names(store, text="_n") == []
    assert names(store, text="192.168.10.66") == [suspicious_link().name] == names(store, text="停止命令")
    assert names(store, kind="link", text="S7COMM", state="suspicious") == [suspicious_link().name]
    assert names(store, text="no\0body\ud800") == []
    for cursor in ("", "x", "1", "1.x", "²." + "1", f"{10**12}.1"):
        assert len(store.baseline_entries("sensor-1", limit=2, cursor=cursor).rows) == 2, cursor


def test_who_may_tell_of_a_baseline(store: Store) -> None:
    assert say(store, whole(origin="sensor-2"), "sensor-1") == "rejected origin_not_under_child"
    assert say(store, whole(origin="a"), "a") == "rejected baseline_of_sensor", "a console passes none on"
    stranger = replace(whole(), id=order_id(3))
    assert say(store, stranger, "sensor-1") == "rejected id"
    assert say(store, part(1, entry(0)), "sensor-1") == "stored"
    assert say(store, Record("baseline_part", part(2).id, 1, "sensor-1", {"part": 1, "entries": []}), "sensor-1") == (
        "rejected id"
    )
    assert store.totals().pending_up == {"up": 0}, "what is normal in a plant stays there"
    assert store.baselines() == [] and names(store) == numbered(0)


def test_a_decision_goes_to_its_sensor_and_to_nobody_else(store: Store) -> None:
    store.issue(review(1))
    store.issue(notice(2, origin="shili"))
    assert told(store, "sensor-1")[0] == [(1, 1)] and told(store, "sensor-2")[0] == []
    assert told(store, "a")[0] == [(2, 1)], "a console has nothing to do with it"
    assert [row.id for row in store.orders().rows] == [order_id(2)], "nor has a desk"
    assert [row.id for row in store.orders(OrderFilter(kind="review", addressee="sensor-1")).rows] == [order_id(1)]
    assert store.order_totals(0) == OrderTotals(1, 0, 0, 0)


def test_a_decision_is_done_when_its_sensor_says_so(store: Store) -> None:
    order = review(1)
    store.issue(order)
    store.issue(notice(2, origin="shili"))
    for stranger in ("sensor-2", "a"):
        assert say(store, carried_out(order, sensor=stranger), stranger) == "rejected not_addressed"
    assert say(store, carried_out(order, settled=False, state="received"), "sensor-1") == "stored"
    item = store.order("shili", order_id(1))
    assert item is not None and item.row.open and item.answer is None
    done = carried_out(order, revision=2)
    assert say(store, done, "sensor-1") == "stored" and say(store, done, "sensor-1") == "duplicate"
    item = store.order("shili", order_id(1))
    assert item is not None and not item.row.open and item.row.settled and item.row.answer_state == "applied"
    assert item.answer is not None and item.answer.receipt().version == 4
    # A sensor answers what it was asked, and no notice.
    assert say(store, carried_out(notice(2, origin="shili")), "sensor-1") == "rejected not_addressed"
    assert say(store, review(7, origin="sensor-1"), "sensor-1") == "rejected order_from_below"
    assert store.totals().pending_up == {"up": 0}


def test_open_decisions_do_not_hold_up_more_than_their_own(store: Store) -> None:
    """An order that was carried out is not open: the bound on open ones is about those that nobody answered."""
    store.issue(review(1))
    assert answers(store.merge([carried_out(review(1))], "sensor-1")) == [Status.STORED]
    assert store.orders(OrderFilter(kind="review", open=True)).rows == ()


def test_rule_packs_go_to_sensors_by_somebodys_word(store: Store) -> None:
    """What is for all comes from a parent and is passed on to a sensor by a person, or where the site says so."""
    store.receive([pack(1, origin="up", all_below=True)], "up", "here", 5)
    store.issue(pack(2, addressees=("sensor-1",)))
    assert told(store, "sensor-1")[0] == [(2, 1)] and told(store, "sensor-2")[0] == []
    assert told(store, "a")[0] == [(1, 1)], "through all tiers it goes as it is"
    passed_on = store.orders_below("sensor-2", 0, packs=True).records
    assert [Record.from_bytes(one).id for one in passed_on] == [order_id(1)]
    # One that many were asked is not over with the word of one; the answer goes to who asked.
    assert say(store, carried_out(pack(2), version=None), "sensor-1") == "stored"
    assert say(store, carried_out(pack(2), sensor="sensor-2"), "sensor-2") == "rejected not_addressed"
    item = store.order("shili", order_id(2))
    assert item is not None and item.row.open and store.totals().pending_up == {"up": 0}
    assert say(store, carried_out(pack(1, origin="up"), sensor="sensor-2"), "sensor-2") == "stored"
    assert store.totals().pending_up == {"up": 1}
    # It may be larger than what people write, and not beyond all measure.
    store.issue(pack(3, addressees=("sensor-1",), content="A" * 600_000))
    with pytest.raises(RecordError, match="content"):
        store.issue(pack(4, addressees=("sensor-1",), content="A" * 700_000))
