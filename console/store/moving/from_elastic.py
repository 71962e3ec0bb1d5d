"""Reading a store on Elasticsearch from end to end, by when each record was stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from console.store.elastic import indices
from console.store.elastic.connection import asking
from console.store.migrations import STAYING
from console.store.moving.elastic import Cluster, last_run, tables
from console.store.moving.rows import HEARD, RECORD, Batch, Place, Row, heard_row, record_row
from console.store.moving.sides import RETENTION
from sensor.schema import Kind

MOST, LEAST, SENSORS = 2000, 10, 100
WANTED_BYTES = 4 * 2**20
"""of records in one answer; how many are asked for follows the size of the last ones"""
ORPHAN = "outlived"
"""the stage: last heartbeats whose own month went with retention; they are records like the others"""


class ElasticSource:
    """Implements `sides.Source`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.name = cluster.name
        self.identity = cluster.identity()

    def mark(self) -> str:
        """Every write to an index counts its shard's sequence on, whatever it writes."""
        with asking():
            stats = self._cluster.client.indices.stats(
                index=f"{self._cluster.settings.prefix}-*", metric="docs", level="shards"
            ).body["indices"]
        sequences = sorted(
            (index, shard, copy["seq_no"]["max_seq_no"])
            for index, found in stats.items()
            for shard, copies in found["shards"].items()
            for copy in copies
            if copy["routing"]["primary"]
        )
        with self._cluster.registry.reading() as connection:
            return json.dumps([tables(connection).mark(), last_run(connection), sequences])

    def expected(self) -> int:
        self._cluster.refresh()  # what a console wrote in its last seconds is there too
        return self._cluster.number(*indices.RECORD_KINDS)

    def batches(self, place: Place) -> Iterator[Batch]:
        part = place[0] if place else RECORD
        if not place:
            self._cluster.refresh()
        if part == RECORD:
            yield from self._records(place[1:])
        if part in (RECORD, ORPHAN):
            yield from self._sensors(ORPHAN, place[1:] if part == ORPHAN else [])
        if part in (RECORD, ORPHAN, HEARD):
            yield from self._sensors(HEARD, place[1:] if part == HEARD else [])
        if part == RETENTION:
            return
        with self._cluster.registry.reading() as connection:
            yield from tables(connection).batches(place)
            report = last_run(connection)
        yield Batch([] if report is None else [Row(RETENTION, (report,))], [RETENTION])

    def _records(self, after: Place) -> Iterator[Batch]:
        kinds = self._cluster.pattern(*indices.RECORD_KINDS)
        order = [{"otus.received_ns": "asc"}, {"event.id": "asc"}, {"observer.name": "asc"}]
        size = LEAST
        while hits := self._search(kinds, order, after, size):
            after = hits[-1]["sort"]
            rows = [_record(hit["_source"]) for hit in self._without_doubles(kinds, hits)]
            yield Batch(rows, [RECORD, *after])
            taken = sum(len(hit["_source"]["otus.record"]) for hit in hits) // len(hits) + 1
            size = max(LEAST, min(MOST, 4 * size, WANTED_BYTES // taken))

    def _search(self, index: str, order: list[dict[str, str]], after: Place, size: int) -> list[Any]:
        with asking():
            answer = self._cluster.client.search(
                index=index,
                sort=order,
                size=size,
                search_after=after or None,
                source_includes=[
                    "otus.record", "otus.kind", "otus.child", "otus.received_ns", "otus.touched_ns", "otus.workflow",
                    "otus.revisions", "otus.steps", "event.id", "observer.name", "otus.revision",
                ],
                track_total_hits=False,
                ignore_unavailable=True,
            )  # fmt: skip
        return list(answer["hits"]["hits"])

    def _without_doubles(self, index: str, hits: Sequence[Any]) -> list[Any]:
        """A sender that changed an incident's first time may have made two documents of it: the higher revision is
        what the screens show, and what is moved."""
        with asking():
            found = self._cluster.client.search(
                index=index,
                query={"ids": {"values": [hit["_id"] for hit in hits]}},
                size=len(hits) * 4,
                source_includes=["otus.revision"],
                track_total_hits=False,
                ignore_unavailable=True,
            )["hits"]["hits"]
        best: dict[str, tuple[int, str]] = {}
        for hit in found:
            this = (int(hit["_source"]["otus.revision"]), hit["_index"])
            best[hit["_id"]] = max(this, best.get(hit["_id"], this))
        return [hit for hit in hits if best[hit["_id"]][1] == hit["_index"]]

    def _sensors(self, stage: str, after: Place) -> Iterator[Batch]:
        order = [{"observer.name": "asc"}]
        while hits := self._search(self._cluster.pattern("sensor"), order, after, SENSORS):
            after = hits[-1]["sort"]
            sources = [hit["_source"] for hit in hits]
            if stage == ORPHAN:
                there = self._there(sources)
                rows = [_record(source) for source in sources if _id(source) not in there]
            else:
                rows = [_heard(source) for source in sources]
            yield Batch(rows, [stage, *after])

    def _there(self, sources: Sequence[Any]) -> set[str]:
        with asking():
            found = self._cluster.client.search(
                index=self._cluster.pattern(*indices.RECORD_KINDS),
                query={"ids": {"values": [_id(source) for source in sources]}},
                size=len(sources) * 4,
                source=False,
                ignore_unavailable=True,
            )["hits"]["hits"]
        return {hit["_id"] for hit in found}


def _id(source: Any) -> str:
    return indices.document_id(source["observer.name"], source["event.id"])


def _record(source: Any) -> Row:
    kind = source["otus.kind"]
    is_alert = kind == Kind.ALERT
    return record_row(
        kind,
        source["otus.record"],
        source["otus.child"],
        source["otus.received_ns"],
        None if kind in STAYING else source["otus.touched_ns"],
        source["otus.workflow"] if is_alert else None,
        json.loads(source.get("otus.revisions", "[]")),
        json.loads(source["otus.steps"]) if is_alert else None,
    )


def _heard(source: Any) -> Row:
    return heard_row(
        source["observer.name"], source["event.id"], source["otus.child"], source["otus.received_ns"],
        source["otus.record"],
    )  # fmt: skip
