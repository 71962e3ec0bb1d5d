"""Orders and receipts, on every store: kept once, told to those they are for, answered by nobody else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from console.store import OrderFilter, OrderRow, OrderTotals, ReceiptCounts, Store, order_store, orders
from console.store.order_rows import Name
from console.store.orders import OrderChanged, OrdersFull
from sensor.schema import Record
from sensor.schema.words import Finding, OrderState
from tests.console.store.conftest import Open
from tests.federation.line_records import alert
from tests.federation.order_records import DAY_NS, ISSUED_NS, notice, order_id, receipt, results, task, warning

SOON_NS, LATER_NS = ISSUED_NS + 4 * DAY_NS, ISSUED_NS + 8 * DAY_NS


@dataclass(frozen=True)
class Node:
    name: str
    kind: str = "console"
    revoked_ns: int | None = None


class Enrolled:
    """`Nodes`, as the store asks it."""

    def kind_of(self, name: str) -> str | None:
        return "sensor" if name.startswith("sensor") else "console"

    def list(self) -> list[Node]:
        return [Node("a"), Node("b")]


@pytest.fixture
def store(reopen: Open) -> Iterator[Store]:
    opened = reopen(nodes=Enrolled())
    yield opened
    opened.close()


def listed(store: Store, where: OrderFilter, limit: int = 50) -> list[OrderRow]:
    found: list[OrderRow] = []
    cursor = None
    while True:
        page = store.orders(where, limit, cursor)
        found += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return found


def numbers(rows: list[OrderRow]) -> list[int]:
    return [int(row.id, 16) for row in rows]


def told(store: Store, child: str, after: int = 0, limit: int = 50) -> tuple[list[tuple[int, int]], int]:
    """(number, revision) of what goes to a child next, and where it goes on."""
    below = store.orders_below(child, after, limit)
    return [(int(record.id, 16), record.revision) for record in map(Record.from_bytes, below.records)], below.after


def say(store: Store, record: Record, child: str) -> str:
    (answer,) = store.merge([record], child)
    return f"{answer.status} {answer.reason.partition(':')[0]}".strip()


def test_an_order_is_for_those_it_names(store: Store) -> None:
    store.issue(notice(1, addressees=("a",)))
    store.issue(task(2))
    assert told(store, "a")[0] == [(1, 1), (2, 1)] and told(store, "b")[0] == [(2, 1)]
    # What was kept is not told again, and a new revision is.
    _, after = told(store, "a")
    assert told(store, "a", after) == ([], after)
    store.issue(notice(1, addressees=("a",), revision=2, state=OrderState.CLOSED, open=False))
    assert told(store, "a", after)[0] == [(1, 2)] and told(store, "a")[0] == [(2, 1), (1, 2)]
    assert told(store, "b", told(store, "b")[1])[0] == []
    item = store.order("gd", order_id(1))
    assert item is not None and item.record.revision == 2 and not item.row.open and item.answer is None
    assert store.order("gd", order_id(7)) is None and store.order("tg", order_id(1)) is None


def test_a_child_is_told_bit_by_bit(store: Store) -> None:
    for number in range(1, 8):
        store.issue(notice(number, addressees=("a",) if number % 2 else ("b",), text="长" * 8000))
    seen, after = list[tuple[int, int]](), 0
    for _ in range(4):
        part, after = told(store, "a", after, limit=2)
        seen += part
    assert seen == [(1, 1), (3, 1), (5, 1), (7, 1)] and told(store, "a", after) == ([], after)
    # By bytes too, and at least one however large it is.
    assert len(store.orders_below("a", 0, 50, 1).records) == 1
    assert len(store.orders_below("a", 0, 50, 60_000).records) == 2


def test_two_who_change_one_order_at_once(store: Store) -> None:
    store.issue(notice(1))
    closed = notice(1, revision=2, state=OrderState.CLOSED, open=False)
    store.issue(closed)
    for late in (notice(1), notice(1, revision=2, state=OrderState.WITHDRAWN), notice(1, revision=4)):
        with pytest.raises(OrderChanged):
            store.issue(late)
    store.receive([notice(2, origin="up")], "up", "here", 5)
    with pytest.raises(OrderChanged):
        store.issue(notice(2, origin="up", revision=2))  # it is its issuer's
    assert [row.state for row in listed(store, OrderFilter(parent=""))] == [OrderState.CLOSED]


def test_what_a_parent_sends_is_kept_once(store: Store, reopen: Open) -> None:
    first = [notice(1, origin="up"), task(2, origin="up", addressees=("here",)), alert(1), notice(3, origin="up")]
    answers = store.receive(first, "up", "here", 77)
    assert [answer.status for answer in answers] == ["stored", "stored", "rejected", "stored"]
    assert store.heard_from("up") == 77 and store.heard_from("other") == 0
    assert [letter.peer for letter in store.dead_letters()] == ["up"]
    again = store.receive([first[0], notice(3, origin="up", revision=3), notice(3, origin="up")], "up", "here", 78)
    assert [answer.status for answer in again] == ["duplicate", "stored", "duplicate"]
    assert sorted(numbers(listed(store, OrderFilter(parent="up")))) == [1, 2, 3]
    # Another parent overwrites nothing of it.
    (stolen,) = store.receive([notice(1, origin="up", revision=9, title="假")], "other", "x", 5)
    assert stolen.reason.startswith("order_elsewhere")
    item = store.order("up", order_id(1))
    assert item is not None and item.row.title == "工程师站口令过弱" and item.record.path == ("up",)
    # What is for all below goes on to the children, what was for us does not.
    assert [number for number, _ in told(store, "a")[0]] == [1, 3]
    other = reopen(nodes=Enrolled())
    assert other.heard_from("up") == 78 and other.heard_from("other") == 5
    assert sorted(numbers(listed(other, OrderFilter()))) == [1, 2, 3]
    other.close()


def test_our_answer_goes_to_the_parent_that_asked(store: Store) -> None:
    order = notice(1, origin="up")
    store.receive([order], "up", "here", 1)
    store.receive([notice(2, origin="tg")], "tg", "we", 1)  # no line to this parent in this store
    signed = receipt(order, "here")
    store.respond(signed)
    assert store.totals().pending_up == {"up": 1}
    store.respond(receipt(notice(2, origin="tg"), "we"))
    assert store.totals().pending_up == {"up": 1}, "what tg asked is not told to up"
    for late in (signed, receipt(order, "here", revision=3), receipt(order, "we", revision=2)):
        with pytest.raises(OrderChanged):
            store.respond(late)
    with pytest.raises(KeyError):
        store.respond(receipt(notice(8, origin="up"), "here"))
    store.respond(results(order, "here"))
    item = store.order("up", order_id(1))
    assert item is not None and item.answer == results(order, "here")
    assert item.row.answer_state == "reported" and item.row.settled
    # A revision of the order leaves our answer where it is; and a closed one takes no more.
    store.receive([notice(1, origin="up", revision=2, state=OrderState.CLOSED, open=False)], "up", "here", 2)
    item = store.order("up", order_id(1))
    assert item is not None and item.answer == results(order, "here") and not item.row.open
    with pytest.raises(OrderChanged):
        store.respond(results(order, "here", revision=3))


def test_receipts_come_from_those_who_were_asked(store: Store) -> None:
    one, everyone = notice(1, addressees=("a",)), task(2)
    store.issue(one)
    store.issue(everyone)
    assert say(store, receipt(one, "a"), "a") == "stored"
    assert say(store, receipt(one, "b"), "b") == "rejected not_addressed", "a sibling"
    assert say(store, receipt(one, "a"), "b") == "rejected origin_not_under_child"
    assert say(store, receipt(one, "a-below"), "a") == "rejected not_addressed", "it was for a itself"
    assert say(store, receipt(notice(9), "a"), "a") == "rejected not_addressed", "nobody asked that"
    assert say(store, receipt(everyone, "sensor-1"), "sensor-1") == "rejected not_addressed"
    assert say(store, receipt(everyone, "a-below"), "a") == "stored"
    assert say(store, results(everyone, "b"), "b") == "stored"
    assert say(store, results(everyone, "b"), "b") == "duplicate"
    assert say(store, receipt(everyone, "b"), "b") == "duplicate", "an older revision"
    # Orders go down, never up: a child cannot put one into its parent's list.
    assert say(store, notice(5, origin="a"), "a") == "rejected order_from_below"
    assert numbers(listed(store, OrderFilter())) == [2, 1]
    counts = store.receipt_counts([("gd", order_id(1)), ("gd", order_id(2)), ("gd", order_id(3))])
    assert counts[("gd", order_id(1))] == ReceiptCounts({"signed": 1}, 0)
    assert counts[("gd", order_id(2))] == ReceiptCounts({"reported": 1, "signed": 1}, 1)
    assert counts[("gd", order_id(3))] == ReceiptCounts({}, 0)
    # What answers our own orders ends here.
    assert store.totals().pending_up == {"up": 0}


def test_receipts_go_on_to_the_parent_whose_order_it_is(store: Store) -> None:
    order = notice(1, origin="up")
    store.receive([order, notice(2, origin="up", addressees=("here",))], "up", "here", 1)
    assert say(store, receipt(order, "a"), "a") == "stored"
    assert store.totals().pending_up == {"up": 1}
    assert say(store, receipt(notice(2, origin="up"), "a"), "a") == "rejected not_addressed"
    # Nobody below may say what we say: our own name is taken.
    assert say(store, receipt(order, "here"), "a") == "rejected origin_not_under_child"


def test_receipts_page_by_page(store: Store) -> None:
    order = task(1)
    store.issue(order)
    everyone = [receipt(order, f"e{number}", revision=number + 1) for number in range(7)]
    for record in everyone:
        store.merge([record], "a")
    store.merge([results(order, "e2", revision=40)], "a")
    seen: list[str] = []
    cursor = None
    while True:
        page = store.receipts("gd", order_id(1), None, 3, cursor)
        seen += [row.origin for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
        # Who answers meanwhile moves to the front, and nobody is shown twice.
        store.merge([receipt(order, "e0", revision=50)], "a") if len(seen) == 3 else None
    assert seen[:3] == ["e2", "e6", "e5"] and len(seen) == len(set(seen))
    (done,) = store.receipts("gd", order_id(1), "reported").rows
    assert done.origin == "e2" and done.child == "a" and done.revision == 40
    assert done.receipt.finding is Finding.INVOLVED and len(done.receipt.results) == 2
    assert store.receipts("gd", order_id(2)).rows == () and store.receipts("gd", order_id(1), "\ud800").rows == ()


def test_filters_and_totals(store: Store) -> None:
    store.issue(notice(1, addressees=("a",)))
    store.issue(warning(2))
    store.issue(task(3, revision=1, addressees=("b",)))
    store.issue(task(3, revision=2, addressees=("b",), state=OrderState.CLOSED, open=False))
    store.issue(notice(4, deadline_ns=None, addressees=("a", "b")))
    store.receive([notice(5, origin="up"), task(6, origin="up")], "up", "here", 1)
    store.respond(results(task(6, origin="up"), "here", revision=1))

    def found(**where: object) -> list[int]:
        return numbers(listed(store, OrderFilter(**where), limit=2))  # type: ignore[arg-type]

    assert found() == [6, 5, 4, 3, 2, 1]
    assert found(kind="task") == [6, 3] and found(course="warning") == [2] and found(parent="") == [4, 3, 2, 1]
    assert found(received=True) == [6, 5] and found(received=False) == [4, 3, 2, 1] and found(parent="up") == [6, 5]
    assert found(state="closed") == [3] and found(open=True, kind="task") == [6]
    assert found(addressee="a") == [6, 5, 4, 2, 1] and found(addressee="b", parent="") == [4, 3, 2]
    assert found(addressee="no\0body", parent="") == [2], "what is for all"
    # Late is what is open past its deadline, and of what came down only what we did not settle.
    assert found(overdue_at_ns=SOON_NS) == [] and found(overdue_at_ns=LATER_NS) == [5, 2, 1]
    assert found(overdue_at_ns=2**70) == [5, 2, 1]
    assert store.order_totals(SOON_NS) == OrderTotals(3, 0, 1, 0)
    assert store.order_totals(LATER_NS) == OrderTotals(3, 2, 1, 1)
    rows = {int(row.id, 16): row for row in listed(store, OrderFilter())}
    assert [number for number, row in rows.items() if row.overdue(LATER_NS)] == [5, 2, 1]
    assert rows[2].colour == "orange" and rows[4].addressees == 2 and rows[5].name == "here"


@pytest.mark.parametrize("cursor", ["", "x", "1.2.3", f"{2**64}.{order_id(1)}.gd", f"1.{order_id(1)}.1.2.3.4", "²."])
def test_a_strange_cursor_begins_anew(store: Store, cursor: str) -> None:
    store.issue(notice(1))
    assert numbers(list(store.orders(OrderFilter(), 5, cursor).rows)) == [1]


def test_lists_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MAX_OPEN", 3)
    for number in range(3):
        store.issue(notice(number))
    with pytest.raises(OrdersFull):
        store.issue(notice(9))
    store.issue(notice(1, revision=2, state=OrderState.CLOSED, open=False))
    store.issue(notice(9))
    # A parent that sends more than anybody reads waits; nothing of that answer was kept.
    with pytest.raises(OrdersFull):
        store.receive([notice(20 + number, origin="up") for number in range(4)], "up", "here", 9)
    assert store.heard_from("up") == 0 and listed(store, OrderFilter(parent="up")) == []
    assert order_store.MAX_OPEN == 1000


def test_retention_takes_what_is_over(store: Store) -> None:
    now_ns = time.time_ns()
    old, awaited = notice(1, addressees=("a",)), notice(2, deadline_ns=now_ns + 100 * DAY_NS)
    store.issue(old)
    store.issue(awaited)
    store.issue(notice(3, deadline_ns=2**63 - 1))
    store.merge([receipt(old, "a"), receipt(awaited, "a")], "a")
    assert store.expire(now_ns + 100 * DAY_NS).others == 0
    gone = store.expire(now_ns + 181 * DAY_NS)
    assert gone.others == 3 and gone.done, "the order, and the receipts"
    assert numbers(listed(store, OrderFilter())) == [3, 2] and told(store, "a")[0] == [(2, 1), (3, 1)]
    names: list[Name] = [("gd", order_id(1)), ("gd", order_id(2))]
    assert all(counts.all == 0 for counts in store.receipt_counts(names).values())
    assert store.expire(now_ns + 281 * DAY_NS).others == 1
    assert store.expire(now_ns + 600 * DAY_NS).others == 1 and store.orders().rows == ()
