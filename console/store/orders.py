"""Orders in tables: one piece of SQL for the embedded store's file and for the registry beside a cluster.

They are few, and two people who press a button at once must not overwrite each other: so also where records live on
Elasticsearch they stand in the relational database. What thousands of receivers say about them are records.

A row has a *place*, given anew with each revision: the order in which children are told. Places grow with this node's
clock, so that a node that was restored from a backup gives none twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from console.store import StoreError, StoreFull
from console.store.admission import Refusal, check_size, compare
from console.store.order_rows import Below, OrderItem, OrderRow, OrderTotals
from console.store.order_store import MAX_OPEN
from console.store.rows import Answer, Status
from console.store.sql import Run, asked
from sensor.schema import Kind, Receipt, Record, RecordError
from sensor.schema.batch import check_record

DAY_NS = 86_400 * 10**9
MAX_BYTES = 128 * 1024
"""of one order as it travels"""
MAX_PACK_BYTES = 768 * 1024
"""of one that carries a rule pack"""
LONGEST_NS = 400 * DAY_NS
"""A deadline further ahead than this does not keep an order from ageing."""

TABLES = (
    "CREATE TABLE orders (origin TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, course TEXT NOT NULL,"
    " revision INTEGER NOT NULL, state TEXT NOT NULL, open INTEGER NOT NULL, parent TEXT NOT NULL, name TEXT NOT NULL,"
    " title TEXT NOT NULL, colour TEXT NOT NULL, deadline_ns INTEGER, all_below INTEGER NOT NULL,"
    " addressees INTEGER NOT NULL, issued_ns INTEGER NOT NULL, place INTEGER NOT NULL, keep_ns INTEGER NOT NULL,"
    " answer_revision INTEGER NOT NULL, answer_state TEXT NOT NULL, settled INTEGER NOT NULL, whole BLOB NOT NULL,"
    " answer BLOB, PRIMARY KEY (origin, id))",
    "CREATE UNIQUE INDEX orders_place ON orders (place)",
    "CREATE INDEX orders_issued ON orders (issued_ns, id, origin)",
    "CREATE INDEX orders_keep ON orders (keep_ns)",
    "CREATE INDEX orders_open ON orders (open, parent, settled, deadline_ns)",
    "CREATE TABLE order_addressee (name TEXT NOT NULL, origin TEXT NOT NULL, id TEXT NOT NULL,"
    " PRIMARY KEY (name, origin, id))",
    "CREATE INDEX order_addressee_of ON order_addressee (origin, id)",
    "CREATE TABLE order_cursor (parent TEXT PRIMARY KEY, after INTEGER NOT NULL)",
)
COLUMNS = (
    "o.origin, o.id, o.kind, o.course, o.revision, o.state, o.open, o.parent, o.name, o.title, o.colour,"
    " o.deadline_ns, o.all_below, o.addressees, o.issued_ns, o.answer_state, o.settled"
)
_THIS = "WHERE origin = :origin AND id = :id"
FOR_DESKS = f"o.kind <> '{Kind.REVIEW}'"
"""Notices and tasks: what a review decides is the sensor's to carry out, and no desk's work."""
_FOR_CHILD = (
    "(o.all_below = 1 OR (o.parent = '' AND EXISTS (SELECT 1 FROM order_addressee a"
    " WHERE a.name = :child AND a.origin = o.origin AND a.id = o.id)))"
)


class OrderChanged(StoreError):
    """Somebody else was quicker; what is there now has to be read first."""


class OrdersFull(StoreFull):
    """Too many orders are open. Nothing of this call was kept."""


def issue(run: Run, record: Record, now_ns: int) -> None:
    found = run(f"SELECT revision, parent FROM orders {_THIS}", _name(record))
    if (found[0][0] if found else 0) != record.revision - 1 or (found and found[0][1] != ""):
        raise OrderChanged(f"order {record.id}: another revision was written meanwhile; read it again")
    keep(run, record, "", "", now_ns)


def receive(run: Run, records: Sequence[Record], parent: str, name: str, after: int, now_ns: int) -> list[Answer]:
    answers = []
    for record in records:
        try:
            answers.append(Answer(*record.key, keep(run, record.via(parent), parent, name, now_ns)))
        except (Refusal, RecordError) as refusal:
            answers.append(Answer(*record.key, Status.REJECTED, str(refusal)))
    run(
        "INSERT INTO order_cursor (parent, after) VALUES (:parent, :after)"
        " ON CONFLICT (parent) DO UPDATE SET after = excluded.after",
        {"parent": parent, "after": after},
    )
    return answers


def keep(run: Run, record: Record, parent: str, name: str, now_ns: int) -> Status:
    """Keep an order that came from `parent` ("": written here), as this transaction's own.

    Raises:
        Refusal, RecordError: it is none, or the one of this name came another way.
        OrdersFull: there is no room.
    """
    check_record(record.to_json())
    order, whole = record.order(), record.to_bytes()
    check_size(record, whole)
    most = MAX_PACK_BYTES if record.kind == Kind.PACK else MAX_BYTES
    if len(whole) > most:
        raise Refusal(f"too_large: an order has at most {most} bytes")
    found = run(f"SELECT kind, revision, parent FROM orders {_THIS}", _name(record))
    if found:
        if found[0][2] != parent:
            raise Refusal("order_elsewhere: the order of this name did not come from this parent")
        if compare(record, found[0][0], found[0][1]) is Status.DUPLICATE:
            return Status.DUPLICATE
    elif run("SELECT count(*) FROM orders WHERE open = 1 AND parent = :parent", {"parent": parent})[0][0] >= MAX_OPEN:
        raise OrdersFull(f"{MAX_OPEN} orders {f'from {parent}' if parent else 'of our own'} are open; close some first")
    colour = getattr(order, "colour", None)
    values = {
        **_name(record), "kind": str(record.kind), "course": order.course, "revision": record.revision,
        "state": order.state, "open": int(order.open), "parent": parent, "name": name, "title": order.title,
        "colour": "" if colour is None else str(colour), "deadline_ns": order.deadline_ns,
        "all_below": int(order.all_below), "addressees": len(order.addressees), "issued_ns": order.issued_ns,
        "place": _next_place(run, now_ns), "keep_ns": _keep_ns(now_ns, order.deadline_ns), "answer_revision": 0,
        "answer_state": "", "settled": 0, "whole": whole,
    }  # fmt: skip
    # What stands for ever: its time in the list; and what is ours: the answer.
    changed = ", ".join(f"{name} = excluded.{name}" for name in values if name not in _STAYS)
    run(
        f"INSERT INTO orders ({', '.join(values)}) VALUES ({', '.join(f':{name}' for name in values)})"
        f" ON CONFLICT (origin, id) DO UPDATE SET {changed}",
        values,
    )
    run(f"DELETE FROM order_addressee {_THIS}", _name(record))
    for addressee in dict.fromkeys(order.addressees):
        run("INSERT INTO order_addressee VALUES (:name, :origin, :id)", {"name": addressee, **_name(record)})
    return Status.STORED


_STAYS = {"origin", "id", "kind", "parent", "issued_ns", "answer_revision", "answer_state", "settled"}


def _name(record: Record) -> dict[str, str]:
    return {"origin": record.origin, "id": record.id}


def _next_place(run: Run, now_ns: int) -> int:
    return max(now_ns, 1 + int(run("SELECT coalesce(max(place), 0) FROM orders", {})[0][0]))


def _keep_ns(now_ns: int, deadline_ns: int | None) -> int:
    """What retention goes by: the last change, or the deadline where that is later."""
    return max(now_ns, min(deadline_ns or 0, now_ns + LONGEST_NS))


def respond(run: Run, record: Record, whole: bytes, now_ns: int) -> str:
    """Write our receipt beside its order; returns the parent that it goes to."""
    receipt = record.receipt()
    about = {"origin": receipt.about.origin, "id": receipt.about.id}
    found = run(f"SELECT parent, name, open, answer_revision, deadline_ns FROM orders {_THIS}", about)
    if not found:
        raise KeyError((receipt.about.origin, receipt.about.id))
    parent, name, is_open, revision, deadline_ns = found[0]
    if not parent or name != record.origin or not is_open or revision != record.revision - 1:
        raise OrderChanged(f"order {receipt.about.id}: was answered, or closed, meanwhile; read it again")
    run(
        "UPDATE orders SET answer_revision = :revision, answer_state = :state, settled = :settled, answer = :answer,"
        f" keep_ns = :keep_ns {_THIS}",
        {
            **about, "revision": record.revision, "state": receipt.state, "settled": int(receipt.settled),
            "answer": whole, "keep_ns": _keep_ns(now_ns, deadline_ns),
        },
    )  # fmt: skip
    return str(parent)


_ORDERS = frozenset(map(str, (Kind.NOTICE, Kind.TASK, Kind.REVIEW, Kind.PACK)))
_RECEIPT = str(Kind.RECEIPT)  # these are asked of every record


def admit(run: Run, record: Record, child: str, child_kind: str | None) -> str | None:
    """What else is asked of a record from below that is about orders. Returns the parent that it goes on to, "" where
    it ends here, and None for all other records.

    Raises:
        Refusal: an order does not come from below; a receipt comes from one of those whom its order is for.
    """
    if record.kind in _ORDERS:
        raise Refusal("order_from_below: notices and tasks come from a parent")
    if record.kind != _RECEIPT:
        return None
    receipt = record.receipt()
    about = receipt.about
    values = {"origin": about.origin, "id": about.id, "child": child}
    found = run(f"SELECT parent, {_FOR_CHILD}, all_below, name, kind FROM orders o {_THIS}", values)
    of_sensor = bool(found) and found[0][4] in (Kind.REVIEW, Kind.PACK)
    if (child_kind == "sensor" and not of_sensor) or not found or not found[0][1] or found[0][3] == record.origin:
        raise Refusal("not_addressed: this child was asked nothing like that")
    parent, _, all_below, _, _ = found[0]
    if not all_below and record.origin != child:
        raise Refusal("not_addressed: this order was for the child itself")
    if found[0][4] == Kind.REVIEW and receipt.settled:
        _carried_out(run, record, receipt)
    return str(parent)


def _carried_out(run: Run, record: Record, receipt: Receipt) -> None:
    """What one sensor was asked is over with its word: nobody has to close it. The word that came last stands."""
    run(
        "UPDATE orders SET open = 0, settled = 1, answer_revision = :revision, answer_state = :state, answer = :whole"
        f" {_THIS} AND answer_revision < :revision",
        {
            "origin": receipt.about.origin, "id": receipt.about.id, "revision": record.revision,
            "state": receipt.state, "whole": record.to_bytes(),
        },
    )  # fmt: skip


def heard_from(run: Run, parent: str) -> int:
    found = run("SELECT after FROM order_cursor WHERE parent = :parent", {"parent": parent})
    return int(found[0][0]) if found else 0


def below(
    run: Run, child: str, child_kind: str | None, after: int, limit: int, max_bytes: int, packs: bool = False
) -> Below:
    top = int(run("SELECT coalesce(max(place), 0) FROM orders", {})[0][0])
    if top <= after:
        return Below((), after)
    # A sensor is no desk: of all that goes down only what it carries out itself is for it.
    # A pack that came from a parent is passed on to it by a person, or by the site's standing word (`packs`).
    passed_on = "1 = 1" if packs else "(o.parent = '' AND o.all_below = 0)"
    of_sensor = f"(o.kind = '{Kind.REVIEW}' OR (o.kind = '{Kind.PACK}' AND {passed_on}))"
    kinds = of_sensor if child_kind == "sensor" else FOR_DESKS
    rows = run(
        f"SELECT o.place, o.whole FROM orders o WHERE o.place > :after AND o.place <= :top AND {kinds} AND {_FOR_CHILD}"
        " ORDER BY o.place LIMIT :limit",
        {"child": child, "after": after, "top": top, "limit": limit},
    )
    taken: list[bytes] = []
    for place, whole in rows:
        max_bytes -= len(whole)
        if taken and max_bytes < 0:
            return Below(tuple(taken), after)
        taken.append(bytes(whole))
        after = int(place)
    return Below(tuple(taken), after if len(rows) == limit else top)


def find(run: Run, origin: str, record_id: str) -> OrderItem | None:
    rows = run(
        f"SELECT {COLUMNS}, o.whole, o.answer FROM orders o {_THIS}", {"origin": asked(origin), "id": asked(record_id)}
    )
    if not rows:
        return None
    *row, whole, answer = rows[0]
    return OrderItem(
        read_row(row),
        Record.from_bytes(bytes(whole)),
        None if answer is None else Record.from_bytes(bytes(answer)),
    )


def read_row(row: Sequence[Any]) -> OrderRow:
    values = list(row)
    for place in (6, 12, 16):
        values[place] = bool(values[place])
    return OrderRow(*values)


def totals(run: Run, now_ns: int) -> OrderTotals:
    late = "CASE WHEN deadline_ns <= :now THEN 1 ELSE 0 END"
    found = OrderTotals()
    rows = run(
        f"SELECT CASE WHEN parent = '' THEN 1 ELSE 0 END AS ours, count(*), sum({late}) FROM orders o"
        f" WHERE open = 1 AND (parent = '' OR settled = 0) AND {FOR_DESKS} GROUP BY 1",
        {"now": now_ns},
    )
    for ours, number, overdue in rows:
        found = (
            OrderTotals(number, int(overdue), found.waiting, found.waiting_overdue)
            if ours
            else OrderTotals(found.issued, found.issued_overdue, number, int(overdue))
        )
    return found


def expire(run: Run, before_ns: int, limit: int) -> int:
    """Let go of what nobody touched since and whose deadline is past. Returns how many."""
    values = {"before": before_ns, "limit": limit}
    rows = run("SELECT origin, id FROM orders WHERE keep_ns < :before ORDER BY keep_ns LIMIT :limit", values)
    for origin, record_id in rows:
        for table in ("order_addressee", "orders"):
            run(f"DELETE FROM {table} {_THIS}", {"origin": origin, "id": record_id})
    return len(rows)
