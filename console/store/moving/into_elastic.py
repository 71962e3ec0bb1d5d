"""Writing a store on Elasticsearch from what another one holds. Until it was compared, no console opens it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from console.store import StoreError
from console.store.elastic import indices
from console.store.elastic.connection import asking, explain
from console.store.elastic.documents import Arrival, Source, columns
from console.store.moving import guard
from console.store.moving.elastic import Cluster, numbers_go_on, set_last_run, tables
from console.store.moving.from_elastic import ElasticSource
from console.store.moving.rows import HEARD, RECORD, Row
from console.store.moving.sides import RETENTION, State
from console.store.moving.tables import ORDERS, QUEUE, STANDING
from sensor.schema import Alert, Asset, Record

REQUEST_BYTES = 8 * 2**20


class ElasticTarget:
    """Implements `sides.Target`."""

    keeps = frozenset({RETENTION, *(table.part for table in (*STANDING, *ORDERS, *QUEUE))})

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.name = cluster.name

    def state(self) -> State | None:
        self._cluster.refresh()
        with self._cluster.registry.reading() as connection:
            found = guard.read(connection)
            if found is not None:
                return State.from_json(found)
            taken = not tables(connection).empty()
        number = self._cluster.number()
        if number or taken:
            what = (
                f"{number:,} documents" if number else "who stands under whom, or a queue to a parent, in its registry"
            )
            raise StoreError(
                f"{self.name}: holds something already ({what}); take another prefix and registry, or empty it"
            )
        return None

    def clear(self) -> None:
        client = self._cluster.client
        with asking():
            there = sorted(client.indices.get_alias(index=f"{self._cluster.settings.prefix}-*").body)
            if there:
                client.indices.delete(index=",".join(there))
        with self._cluster.registry.transaction() as connection:
            tables(connection).clear()
            guard.write(connection, None)

    def put(self, rows: Sequence[Row], state: State) -> None:
        self._cluster.hold.check()
        self._index([row for row in rows if row.part.startswith(RECORD) or row.part == HEARD])
        with self._cluster.registry.transaction() as connection:
            for row in rows:
                if row.part == RETENTION:
                    set_last_run(connection, row.said[0])
                elif not row.part.startswith(RECORD) and row.part != HEARD:
                    tables(connection).write(row)
            guard.write(connection, state.to_json())

    def _index(self, rows: Sequence[Row]) -> None:
        lines: list[Any] = []
        size = 0
        for row in rows:
            index, name, source = self._document(row)
            # Named whole, so that what a killed move wrote already is written over with the same.
            lines += [{"index": {"_index": index, "_id": name}}, source]
            size += 2 * len(source["otus.record"])
            if size > REQUEST_BYTES:
                self._send(lines)
                lines, size = [], 0
        if lines:
            self._send(lines)

    def _send(self, lines: list[Any]) -> None:
        with asking():
            answer = self._cluster.client.bulk(operations=lines)
        for item in answer["items"]:
            (result,) = item.values()
            if result["status"] >= 300:
                said = explain(result["status"], result)
                raise type(said)(f"{result['_id']} cannot be written: {said}")

    def _document(self, row: Row) -> tuple[str, str, Source]:
        settings = self._cluster.settings
        if row.part == HEARD:
            origin, _, child, received_ns = row.said
            arrival = Arrival(Record.from_bytes(row.whole.encode()), child, received_ns)
            return indices.name(settings, "sensor", None, indices.VERSION), origin, columns(arrival)
        whole, child, received_ns, touched_ns, workflow, revisions, steps = row.said
        arrival = Arrival(Record.from_bytes(whole.encode()), child, received_ns)
        source = columns(arrival)
        if isinstance(arrival.body, Alert):
            source |= {
                "otus.workflow": workflow,
                "otus.steps": json.dumps(steps, ensure_ascii=False),
            }
        if isinstance(arrival.body, Alert | Asset):
            source["otus.revisions"] = json.dumps(revisions, ensure_ascii=False)
        if touched_ns is not None:
            source["otus.touched_ns"] = touched_ns
        home = indices.homes(settings, arrival.record, received_ns)[0]
        return home, indices.document_id(arrival.record.origin, arrival.record.id), source

    def source(self) -> ElasticSource:
        self._cluster.refresh()
        return ElasticSource(self._cluster)

    def settle(self) -> None:
        with self._cluster.registry.transaction() as connection:
            tables(connection).settle()
            numbers_go_on(connection)
            guard.write(connection, None)
