"""How far an order is, drawn: the receiver's line of steps, and how many of the receivers answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.desk import course_of
from console.store import EnrolledNode, OrderItem, OrderRow, ReceiptCounts
from sensor.schema.course import COURSES
from sensor.schema.order import Step
from sensor.schema.pack_order import RULE_PACK
from sensor.schema.words import Colour, Form, OrderState, ReceiptState

# Colour means level, and a warning's colours are four of the five.
COLOURS = {Colour.RED: "critical", Colour.ORANGE: "high", Colour.YELLOW: "medium", Colour.BLUE: "low"}
DAY_NS = 86_400 * 10**9
_LINES = {
    Form.BULLETIN: (ReceiptState.SIGNED, ReceiptState.VERIFIED, ReceiptState.RECTIFIED, ReceiptState.REPORTED),
    Form.WARNING: (ReceiptState.ACKNOWLEDGED, ReceiptState.CHECKED, ReceiptState.HARDENED),
}
_SHORT = (ReceiptState.SIGNED, ReceiptState.REPORTED)


@dataclass(frozen=True)
class Stage:
    """One part of the line of steps."""

    code: str
    status: str
    """`done`, `now` or `ahead`"""
    last: Step | None


@dataclass(frozen=True)
class Progress:
    """Of the receivers of one order."""

    receivers: int | None
    """None: of those below the units below here nobody has the number"""
    answered: int
    settled: int

    @property
    def silent(self) -> int | None:
        return None if self.receivers is None else max(0, self.receivers - self.answered)

    def share(self, number: int) -> float:
        return round(100 * number / max(1, self.receivers or 0, self.answered), 2)


def colour_class(row: OrderRow) -> str:
    return COLOURS.get(row.colour, "notice")  # type: ignore[call-overload,no-any-return]


def consoles(nodes: Iterable[EnrolledNode]) -> list[str]:
    """Children that orders may go to."""
    return sorted(node.name for node in nodes if node.kind == "console" and node.revoked_ns is None)


def progress(row: OrderRow, counts: ReceiptCounts, children: int, tier: str) -> Progress:
    """`children`: how many consoles stand below here now. Below a province these are the plants themselves; below a
    ministry's provinces stand thousands, and all of them answer."""
    receivers = row.addressees if not row.all_below else children if tier != "ministry" else None
    return Progress(receivers, counts.all, counts.settled)


def stages(item: OrderItem) -> tuple[Stage, ...]:
    """Issued, then our own steps where it came from a parent, then its end."""
    order = item.record.order()
    first = next(iter(order.steps), None)
    found = [Stage(OrderState.ISSUED, "done", first)]
    receipt = None if item.answer is None else item.answer.receipt()
    if item.row.parent:
        taken = {step.state: step for step in (() if receipt is None else receipt.steps)}
        line = _LINES.get(item.row.course, _SHORT)  # type: ignore[call-overload]
        place = line.index(receipt.state) if receipt is not None and receipt.state in line else -1
        for number, state in enumerate(line):
            # What was passed over was not needed: no rectification where there is nothing to rectify.
            if number < place and state not in taken:
                continue
            status = "done" if number <= place else "ahead"
            if number == place + 1 and item.row.open and not item.row.settled:
                status = "now"
            found.append(Stage(state, status, taken.get(state)))
    course = course_of(item)
    end = item.row.state if not item.row.open else course.ends[0] if course else OrderState.CLOSED
    waits = item.row.open and (not item.row.parent or item.row.settled)
    last = next((step for step in reversed(order.steps) if step.state == item.row.state), None)
    status = "done" if not item.row.open else "now" if waits else "ahead"
    found.append(Stage(str(end), status, None if item.row.open else last))
    return tuple(found)


def days_left(row: OrderRow, now_ns: int) -> int | None:
    """Whole days to the deadline, of what is open and has one."""
    if not row.open or row.deadline_ns is None:
        return None
    return (row.deadline_ns - now_ns) // DAY_NS


def waiting_for(addressees: Sequence[str], answered: Iterable[str]) -> list[str]:
    """Who of those that are named said nothing yet."""
    there = set(answered)
    return [name for name in addressees if name not in there]


def courses() -> list[str]:
    return [str(name) for name in COURSES]


def written() -> list[str]:
    """Those that a desk writes by the form; a rule pack is a file, and is sent by a command."""
    return [name for name in courses() if name != RULE_PACK]
