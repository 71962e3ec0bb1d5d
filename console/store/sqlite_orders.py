"""Orders and receipts of the embedded store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from console.store import EnrolledNodes, order_lists, orders, receipts
from console.store.admission import HERE
from console.store.file import StoreFile
from console.store.merge import note_rejected
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
from console.store.order_store import ALL_ORDERS
from console.store.rows import Answer, Page, Status
from console.store.sql import run_on
from federation import spool_tables
from sensor.schema import Record


class SqliteOrders(StoreFile):
    """Implements `console.store.OrderStore`."""

    _clock_ns: Callable[[], int]
    _nodes: EnrolledNodes

    def issue(self, record: Record) -> None:
        with self._write() as db:
            orders.issue(run_on(db), record, self._clock_ns())

    def respond(self, record: Record) -> None:
        whole = record.to_bytes()
        with self._write() as db:
            parent = orders.respond(run_on(db), record, whole, self._clock_ns())
            spool_tables.append_written(db, [(record, whole)], parent)

    def receive(self, records: Sequence[Record], parent: str, name: str, after: int) -> list[Answer]:
        with self._write() as db:
            now_ns = self._clock_ns()
            db.execute("INSERT OR IGNORE INTO origin VALUES (?, ?)", (name, HERE))
            answers = orders.receive(run_on(db), records, parent, name, after, now_ns)
            for answer in answers:
                if answer.status is Status.REJECTED:
                    note_rejected(db, parent, (answer.origin, answer.id, answer.revision), answer.reason, now_ns)
            return answers

    def heard_from(self, parent: str) -> int:
        with self._read() as db:
            return orders.heard_from(run_on(db), parent)

    def orders_below(
        self, child: str, after: int, limit: int = 50, max_bytes: int = 2**20, packs: bool = False
    ) -> Below:
        kind = self._nodes.kind_of(child)
        with self._read() as db:
            return orders.below(run_on(db), child, kind, after, limit, max_bytes, packs)

    def orders(self, where: OrderFilter = ALL_ORDERS, limit: int = 50, cursor: str | None = None) -> Page[OrderRow]:
        with self._read() as db:
            return order_lists.page(run_on(db), where, limit, cursor)

    def order(self, origin: str, record_id: str) -> OrderItem | None:
        with self._read() as db:
            return orders.find(run_on(db), origin, record_id)

    def order_totals(self, now_ns: int) -> OrderTotals:
        with self._read() as db:
            return orders.totals(run_on(db), now_ns)

    def receipts(
        self, origin: str, record_id: str, state: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[ReceiptRow]:
        with self._read() as db:
            return receipts.page(db, origin, record_id, state, limit, cursor)

    def receipt_counts(self, orders: Sequence[Name]) -> Mapping[Name, ReceiptCounts]:
        with self._read() as db:
            return receipts.counts(db, orders)
