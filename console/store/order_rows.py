"""What the store gives back about orders (notices and tasks) and receipts, whatever stands behind the interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sensor.schema import Receipt, Record

Name = tuple[str, str]
"""(origin, id)"""


@dataclass(frozen=True)
class OrderFilter:
    """Which orders; every field narrows, None leaves open."""

    kind: str | None = None
    """`notice`, `task` or `review`; None: notices and tasks, which are what desks work at"""
    course: str | None = None
    """`bulletin`, `warning`, `spot_check`, `review`"""
    state: str | None = None
    """the issuer's word"""
    open: bool | None = None
    parent: str | None = None
    """the parent it came from; "": issued here"""
    received: bool | None = None
    """from any parent"""
    addressee: str | None = None
    """a child that it is for"""
    overdue_at_ns: int | None = None
    """what is open past its deadline at that moment: issued here, or received and not settled by us"""


@dataclass(frozen=True)
class OrderRow:
    """One line of the list."""

    origin: str
    id: str
    kind: str
    course: str
    revision: int
    state: str
    open: bool
    parent: str
    """the parent it came from; "": issued here"""
    name: str
    """what that parent calls us"""
    title: str
    colour: str
    deadline_ns: int | None
    all_below: bool
    addressees: int
    """how many are named"""
    issued_ns: int
    answer_state: str
    """ours, where it came from a parent; "": nobody here has done anything yet"""
    settled: bool
    """nothing more is expected of us"""

    def overdue(self, now_ns: int) -> bool:
        late = self.open and self.deadline_ns is not None and self.deadline_ns <= now_ns
        return late and (self.parent == "" or not self.settled)


@dataclass(frozen=True)
class OrderItem:
    """One order in full. `record.order()` is its body."""

    row: OrderRow
    record: Record
    answer: Record | None
    """our receipt, newest revision"""


@dataclass(frozen=True)
class OrderTotals:
    """Of open ones."""

    issued: int = 0
    """by this node"""
    issued_overdue: int = 0
    waiting: int = 0
    """received, and not settled by us"""
    waiting_overdue: int = 0


@dataclass(frozen=True)
class Below:
    """What goes down to one child next."""

    records: tuple[bytes, ...]
    after: int
    """what the child says next time, once it has kept these: the acknowledgement"""


@dataclass(frozen=True)
class ReceiptRow:
    """What one receiver below says about one order."""

    origin: str
    id: str
    child: str
    """through which it came"""
    revision: int
    receipt: Receipt
    received_ns: int


@dataclass(frozen=True)
class ReceiptCounts:
    """How far the receivers of one order are; who sent no receipt is in none of these."""

    states: Mapping[str, int] = field(default_factory=dict)
    settled: int = 0

    @property
    def all(self) -> int:
        return sum(self.states.values())
