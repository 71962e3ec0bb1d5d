"""Sensors, children, totals and keys: what is counted over the whole store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from console.store import EnrolledNode, silence
from console.store.elastic import documents, indices
from console.store.elastic.connection import asking, explain
from console.store.elastic.pictures import KEEP_ALIVE
from console.store.elastic.settings import ElasticSettings
from console.store.rows import NAMED, Coverage
from sensor.schema import Key

SCAN_AT_ONCE = 2000

Nodes = Sequence[EnrolledNode]


def coverage(
    client: Elasticsearch, settings: ElasticSettings, nodes: Nodes, seen: Mapping[str, int], silent_before_ns: int
) -> Coverage:
    """Whose last heartbeat was heard before that moment is silent."""
    names = ("received", "parsed", "skipped", "lost", "held")
    index = indices.alias(settings, "sensor")
    late = {"range": {"otus.received_ns": {"lt": silent_before_ns}}}
    unheard = silence.enrolled_sensors(nodes)
    if unheard:
        unheard -= {source["observer.name"] for source in scan(client, index, {"match_all": {}}, ["observer.name"])}
    with asking():
        answer = client.search(
            index=index,
            ignore_unavailable=True,
            query=late,
            size=NAMED,
            sort=[{"observer.name": "asc"}],
            source={"includes": ["observer.name"]},
            track_total_hits=True,
            aggs={"all": {"global": {}, "aggs": {
                "with": {"filter": {"term": {"otus.baseline": True}}},
                **{name: {"sum": {"field": f"heartbeat.ledger.{name}"}} for name in names},
            }}},
        )  # fmt: skip
    of_all = answer.get("aggregations", {}).get("all", {"doc_count": 0})
    reporting, silent = of_all["doc_count"], answer["hits"]["total"]["value"] + len(unheard)
    first = [hit["_source"]["observer.name"] for hit in answer["hits"]["hits"]]
    return Coverage(
        reporting + len(unheard),
        silent,
        silence.first([*first, *unheard]),
        reporting - of_all["with"]["doc_count"] if reporting else 0,
        silence.ledger([of_all[name]["value"] for name in names]) if reporting else None,
        *silence.children(nodes, seen, silent_before_ns),
    )


def numbers_of(client: Elasticsearch, settings: ElasticSettings) -> dict[str, int]:
    """How many documents there are of each kind of record, in one question."""
    searches: list[dict[str, Any]] = []
    for kind in indices.RECORD_KINDS:
        searches.append({"index": indices.alias(settings, kind), "ignore_unavailable": True})
        searches.append({"size": 0, "track_total_hits": True})
    with asking():
        answers = client.msearch(searches=searches, filter_path=["responses.hits.total.value", "responses.error"])
    found = {}
    for kind, answer in zip(indices.RECORD_KINDS, answers["responses"], strict=True):
        if "error" in answer:
            raise explain(503, answer)
        found[kind] = int(answer["hits"]["total"]["value"])
    return found


def latest(client: Elasticsearch, settings: ElasticSettings) -> set[Key]:
    """(origin, id, revision) of every document. `sensor` holds the last heartbeats, which outlive their month."""
    highest: dict[tuple[str, str], int] = {}
    index = ",".join(indices.alias(settings, kind) for kind in indices.KINDS)
    for source in scan(client, index, {"match_all": {}}, ["observer.name", "event.id", "otus.revision"]):
        name = (source["observer.name"], source["event.id"])
        highest[name] = max(source["otus.revision"], highest.get(name, 0))
    return {(origin, record_id, revision) for (origin, record_id), revision in highest.items()}


def scan(client: Elasticsearch, index: str, query: Any, source: list[str] | None) -> Iterator[documents.Source]:
    """Every matching document, from one picture, however many."""
    with asking():
        picture = client.open_point_in_time(index=index, keep_alive=KEEP_ALIVE, ignore_unavailable=True)["id"]
    after: list[Any] | None = None
    try:
        while True:
            with asking():
                answer = client.search(
                    pit={"id": picture, "keep_alive": KEEP_ALIVE},
                    query=query,
                    size=SCAN_AT_ONCE,
                    sort=[{"_shard_doc": "asc"}],
                    search_after=after,
                    source=True if source is None else {"includes": source},
                    track_total_hits=False,
                )
            hits = answer["hits"]["hits"]
            for hit in hits:
                yield hit["_source"]
            if len(hits) < SCAN_AT_ONCE:
                return
            after = hits[-1]["sort"]
    finally:
        with asking():
            client.options(ignore_status=404).close_point_in_time(id=picture)
