"""The part of `console.store.Store` that is about orders: what goes down the line, and the receipts that come up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from console.store.order_rows import (
    Below,
    Name,
    OrderFilter,
    OrderItem,
    OrderRow,
    OrderTotals,
    ReceiptCounts,
    ReceiptRow,
)
from console.store.rows import Answer, Page
from sensor.schema import Record

ALL_ORDERS = OrderFilter()
MAX_OPEN = 1000
"""Open orders issued here, and as many from one parent: more is nobody's list any more."""


class OrderStore(Protocol):
    """Every writing call is one transaction, durable on return."""

    def issue(self, record: Record) -> None:
        """Keep an order of this node's own, or its next revision. From then on its receivers get it. It is one row,
        however many they are, and one more for each that is named.

        Raises:
            OrderChanged: another revision was written meanwhile, or it is no order of ours.
            OrdersFull: `MAX_OPEN` are open already.
        """
        ...

    def respond(self, record: Record) -> None:
        """Keep the next revision of this node's own receipt and queue it for the parent whose order it answers, and
        for no other.

        Raises:
            KeyError: that order is not here.
            OrderChanged: somebody was quicker, or the order is closed.
        """
        ...

    def receive(self, records: Sequence[Record], parent: str, name: str, after: int) -> list[Answer]:
        """Keep what a parent sent down, and how far that parent was heard (`after`), in one transaction. `name` is
        what the parent calls us. One answer a record: stored, duplicate, or rejected with a reason (it would be
        rejected again: it holds up nothing, and is among the dead letters).

        Raises:
            OrdersFull: nothing was kept; the parent has to be asked again later.
        """
        ...

    def heard_from(self, parent: str) -> int:
        """The last `after` of `receive`; 0: never."""
        ...

    def orders_below(
        self, child: str, after: int, limit: int = 50, max_bytes: int = 2**20, packs: bool = False
    ) -> Below:
        """What is for this child and came, or changed, after what it has kept: at least one record if there is any.

        Named children get what was issued here for them. What is for all below goes on to every child, also where it
        came from a parent. A sensor gets what it carries out itself (reviews, and rule packs; `packs`: also those that
        came from a parent, without anybody's word), all others notices, tasks and packs. A call without news costs a
        look at the end of an index.
        """
        ...

    def orders(self, where: OrderFilter = ALL_ORDERS, limit: int = 50, cursor: str | None = None) -> Page[OrderRow]:
        """The one issued last first. The order of the list never changes."""
        ...

    def order(self, origin: str, record_id: str) -> OrderItem | None: ...

    def order_totals(self, now_ns: int) -> OrderTotals: ...

    def receipts(
        self, origin: str, record_id: str, state: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[ReceiptRow]:
        """What the nodes below said about an order, the last step first."""
        ...

    def receipt_counts(self, orders: Sequence[Name]) -> Mapping[Name, ReceiptCounts]:
        """How far the receivers of each of these are. Costs an entry of an index for each of their receipts."""
        ...
