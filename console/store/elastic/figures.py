"""Sensors, children, totals and keys: what is counted over the whole store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from console.store import EnrolledNode, silence
from console.store.elastic import documents, indices, together
from console.store.elastic.connection import asking
from console.store.elastic.pictures import KEEP_ALIVE
from console.store.elastic.settings import ElasticSettings
from console.store.rows import NAMED, Coverage
from sensor.schema import Key

SCAN_AT_ONCE = 2000
MOST_SUMS = 1000
_IS_SUM: dict[str, Any] = {"exists": {"field": documents.SUMMED}}

Nodes = Sequence[EnrolledNode]


def sums(client: Elasticsearch, settings: ElasticSettings) -> list[silence.Sum]:
    """The last heartbeats of consoles that sum up what is below them: as many as such consoles are right below."""
    index = indices.alias(settings, "sensor")
    wanted = ["observer.name", "otus.child", "otus.received_ns", "otus.record"]
    with asking():
        answer = client.search(
            index=index,
            query=_IS_SUM,
            size=MOST_SUMS,
            source={"includes": wanted},
            track_total_hits=False,
            ignore_unavailable=True,
        )
    found = []
    for hit in answer["hits"]["hits"]:
        source = hit["_source"]
        below = documents.record_of(source).heartbeat().below
        if below is not None:
            found.append(silence.Sum(source["observer.name"], source["otus.child"], source["otus.received_ns"], below))
    return silence.speaking(found, _own(client, index, found)) if found else []


def _own(client: Elasticsearch, index: str, sums: Sequence[silence.Sum]) -> dict[str, int]:
    """When a sensor's own heartbeat came last through these children."""
    children = sorted({item.child for item in sums})
    newest = [{"otus.received_ns": "desc"}]
    own: dict[str, int] = {}
    searches: list[together.Search] = []
    for child in children:
        query = {"bool": {"filter": [{"term": {"otus.child": child}}], "must_not": [_IS_SUM]}}
        searches.append((index, {"size": 1, "query": query, "sort": newest, "_source": ["otus.received_ns"]}))
    for child, answer in zip(children, together.ask(client, searches), strict=True):
        # From the source: a maximum as a floating-point number is exact to 256 ns only.
        for hit in answer["hits"]["hits"]:
            own[child] = int(hit["_source"]["otus.received_ns"])
    return own


def alone(sums: Sequence[silence.Sum]) -> dict[str, Any]:
    """Sensors whose own heartbeats count."""
    children = sorted({item.child for item in sums})
    return {"bool": {"must_not": [_IS_SUM, {"terms": {"otus.child": children}}]}}


def counted(sums: Sequence[silence.Sum]) -> dict[str, Any]:
    """These, and the consoles that speak for others."""
    speakers = {"terms": {"observer.name": sorted(item.origin for item in sums)}}
    return {"bool": {"should": [alone(sums), speakers], "minimum_should_match": 1}}


def coverage(
    client: Elasticsearch, settings: ElasticSettings, nodes: Nodes, seen: Mapping[str, int], silent_before_ns: int
) -> Coverage:
    """Whose last heartbeat was heard before that moment is silent."""
    names = ("received", "parsed", "skipped", "lost", "held")
    index = indices.alias(settings, "sensor")
    summed = sums(client, settings)
    late = [{"range": {"otus.received_ns": {"lt": silent_before_ns}}}, alone(summed)]
    unheard = silence.enrolled_sensors(nodes)
    if unheard:
        unheard -= {source["observer.name"] for source in scan(client, index, {"match_all": {}}, ["observer.name"])}
    with asking():
        answer = client.search(
            index=index,
            ignore_unavailable=True,
            query={"bool": {"filter": late}},
            size=NAMED,
            sort=[{"observer.name": "asc"}],
            source={"includes": ["observer.name"]},
            track_total_hits=True,
            aggs={"all": {"global": {}, "aggs": {
                "alone": {"filter": alone(summed), "aggs": {"with": {"filter": {"term": {"otus.baseline": True}}}}},
                "counted": {"filter": counted(summed), "aggs": {
                    name: {"sum": {"field": f"heartbeat.ledger.{name}"}} for name in names
                }},
            }}},
        )  # fmt: skip
    nothing = {"doc_count": 0, "with": {"doc_count": 0}}
    of_all = answer.get("aggregations", {}).get("all", {"alone": nothing, "counted": nothing})
    reporting, lines = of_all["alone"]["doc_count"], of_all["counted"]
    silent = answer["hits"]["total"]["value"] + len(unheard)
    first = [hit["_source"]["observer.name"] for hit in answer["hits"]["hits"]]
    by_themselves = Coverage(
        reporting + len(unheard),
        silent,
        silence.first([*first, *unheard]),
        reporting - of_all["alone"]["with"]["doc_count"],
        silence.ledger([lines[name]["value"] for name in names]) if lines["doc_count"] else None,
        *silence.children(nodes, seen, silent_before_ns),
    )
    return silence.with_sums(by_themselves, summed, silent_before_ns)


def numbers_of(client: Elasticsearch, settings: ElasticSettings) -> dict[str, int]:
    """How many documents there are of each kind of record, in one question."""
    every: dict[str, Any] = {"size": 0, "track_total_hits": True}
    searches = [(indices.alias(settings, kind), every) for kind in indices.RECORD_KINDS]
    answers = together.ask(client, searches, ["hits.total.value"])
    return {
        kind: int(answer["hits"]["total"]["value"]) for kind, answer in zip(indices.RECORD_KINDS, answers, strict=True)
    }


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
                    allow_partial_search_results=False,  # what a shard that went away holds would be missing unsaid
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
