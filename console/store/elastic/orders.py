"""Orders and receipts beside a cluster: orders in the registry, what thousands say about them on the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from elasticsearch import Elasticsearch
from sqlalchemy import Connection

from console.registry import Registry, queue_tables
from console.store import EnrolledNodes, order_lists, orders
from console.store.admission import HERE
from console.store.elastic import documents, indices, queries, standing
from console.store.elastic.connection import asking
from console.store.elastic.lists import Listed, Lists
from console.store.elastic.order_tables import alone, run_on
from console.store.elastic.settings import ElasticSettings
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
from console.store.sql import asked
from sensor.schema import Record


class ElasticOrders:
    """Implements `console.store.OrderStore`."""

    client: Elasticsearch
    _settings: ElasticSettings
    _lists: Lists
    _clock_ns: Callable[[], int]
    _registry: Registry
    _nodes: EnrolledNodes
    _refusing: Callable[[], AbstractContextManager[None]]
    _transaction: Callable[[], AbstractContextManager[Connection]]

    @contextmanager
    def _ordering(self) -> Iterator[Connection]:
        with self._transaction() as connection:
            alone(connection)
            yield connection

    @contextmanager
    def _looking(self) -> Iterator[Connection]:
        with self._refusing(), self._registry.reading() as connection:
            yield connection

    def issue(self, record: Record) -> None:
        with self._ordering() as connection:
            orders.issue(run_on(connection), record, self._clock_ns())

    def respond(self, record: Record) -> None:
        whole = record.to_bytes()
        with self._ordering() as connection:
            parent = orders.respond(run_on(connection), record, whole, self._clock_ns())
            queue_tables.append(connection, [(record, whole)], parent)

    def receive(self, records: Sequence[Record], parent: str, name: str, after: int) -> list[Answer]:
        with self._ordering() as connection:
            now_ns = self._clock_ns()
            standing.bind(connection, name, HERE)
            answers = orders.receive(run_on(connection), records, parent, name, after, now_ns)
            refused = [
                ((answer.origin, answer.id, answer.revision), answer.reason)
                for answer in answers
                if answer.status is Status.REJECTED
            ]
            standing.note_rejected(connection, parent, refused, now_ns)
            return answers

    def heard_from(self, parent: str) -> int:
        with self._looking() as connection:
            return orders.heard_from(run_on(connection), parent)

    def orders_below(
        self, child: str, after: int, limit: int = 50, max_bytes: int = 2**20, packs: bool = False
    ) -> Below:
        with self._refusing():
            kind = self._nodes.kind_of(child)
        with self._looking() as connection:
            return orders.below(run_on(connection), child, kind, after, limit, max_bytes, packs)

    def orders(self, where: OrderFilter = ALL_ORDERS, limit: int = 50, cursor: str | None = None) -> Page[OrderRow]:
        with self._looking() as connection:
            return order_lists.page(run_on(connection), where, limit, cursor)

    def order(self, origin: str, record_id: str) -> OrderItem | None:
        with self._looking() as connection:
            return orders.find(run_on(connection), origin, record_id)

    def order_totals(self, now_ns: int) -> OrderTotals:
        with self._looking() as connection:
            return orders.totals(run_on(connection), now_ns)

    def receipts(
        self, origin: str, record_id: str, state: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[ReceiptRow]:
        query = _about(origin, record_id)
        if state is not None:
            query["bool"]["filter"].append({"term": {"receipt.state": asked(state)}})
        index = indices.alias(self._settings, "receipt")
        rows, following = self._lists.page(Listed(index, query, "receipt.at_ns"), limit, cursor)
        return Page(tuple(documents.receipt_row(row) for row in rows), following)

    def receipt_counts(self, orders: Sequence[Name]) -> Mapping[Name, ReceiptCounts]:
        if not orders:
            return {}
        filters = {str(number): _about(*name) for number, name in enumerate(orders)}
        inner = {
            "states": {"terms": {"field": "receipt.state", "size": 100}},
            "settled": {"filter": {"term": {"receipt.settled": "true"}}},
        }
        with asking():
            answer = self.client.search(
                index=indices.alias(self._settings, "receipt"),
                size=0,
                track_total_hits=False,
                ignore_unavailable=True,
                aggregations={"orders": {"filters": {"filters": filters}, "aggregations": inner}},
            )
        found = answer.body.get("aggregations", {}).get("orders", {}).get("buckets", {})
        return {name: _counts(found.get(str(number))) for number, name in enumerate(orders)}


def _about(origin: str, record_id: str) -> queries.Question:
    terms = {"receipt.about.origin": origin, "receipt.about.id": record_id}
    return {"bool": {"filter": [{"term": {field: asked(value)}} for field, value in terms.items()]}}


def _counts(bucket: Mapping[str, Mapping[str, object]] | None) -> ReceiptCounts:
    if bucket is None:
        return ReceiptCounts()
    states: list[dict[str, object]] = bucket["states"]["buckets"]  # type: ignore[assignment]
    return ReceiptCounts(
        {str(item["key"]): int(str(item["doc_count"])) for item in sorted(states, key=lambda item: str(item["key"]))},
        int(str(bucket["settled"]["doc_count"])),
    )
