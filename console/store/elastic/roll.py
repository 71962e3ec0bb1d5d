"""Pages of children and sensors, and the figures of those on them, as Elasticsearch's questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import merge
from itertools import islice
from typing import Any

from elasticsearch import Elasticsearch

from console.store import EnrolledNode, roll, silence
from console.store.elastic import documents, figures, indices
from console.store.elastic.connection import asking
from console.store.elastic.settings import ElasticSettings
from console.store.roll import HEARD, SILENT, Place, Walk
from console.store.rows import ChildRow, NodeFilter, Page, SensorRow
from sensor.schema import LEVELS

AT_ONCE = 500
SHOWN = ["observer.name", "otus.child", "otus.received_ns", "otus.record"]
LEVEL_OF = {level.rank: str(level) for level in LEVELS}

Found = Mapping[str, documents.Source]


def sensors(
    client: Elasticsearch,
    settings: ElasticSettings,
    nodes: Sequence[EnrolledNode],
    where: NodeFilter,
    limit: int,
    cursor: str | None,
) -> Page[SensorRow]:
    walk = roll.walk(where, limit, cursor)
    heard: dict[str, documents.Source] = {}
    places: list[Place] = []
    counted = figures.counted(figures.sums(client, settings))
    for part in walk.parts:
        after = walk.after[1] if walk.after is not None and walk.after[0] == part else None
        found = _part(client, settings, counted, walk, part, after, walk.limit + 1 - len(places))
        heard |= found
        of_part = [(part, name) for name in found]
        if part == SILENT:
            never = _never_heard(client, settings, nodes, walk)
            of_part = list(merge(of_part, never))
        places += of_part
        if len(places) > walk.limit:
            break
    names, following = walk.cut(places)
    incidents = _groups(client, indices.alias(settings, "incident"), "observer.name", names, {})
    return Page(tuple(_sensor(name, heard.get(name), incidents) for name in names), following)


def _sensor(name: str, source: documents.Source | None, incidents: Mapping[str, Any]) -> SensorRow:
    number = incidents[name]["doc_count"] if name in incidents else 0
    if source is None:
        return SensorRow(name, name, 0, None, number)
    beat = documents.record_of(source).heartbeat()
    return SensorRow(name, source["otus.child"], source["otus.received_ns"], beat, number)


def _part(
    client: Elasticsearch,
    settings: ElasticSettings,
    counted: dict[str, Any],
    walk: Walk,
    part: int,
    after: str | None,
    size: int,
) -> dict[str, documents.Source]:
    """Sensors that were heard once, by name: the silent ones, or the others."""
    where, filters = walk.where, [counted]
    if where.child is not None:
        filters.append({"term": {"otus.child": where.child.encode("utf-8", "replace").decode()}})
    if where.text:
        text = where.text.encode("utf-8", "replace").decode()
        for sign in "\\*?":
            text = text.replace(sign, f"\\{sign}")
        filters.append({"wildcard": {"observer.name": {"value": f"*{text}*", "case_insensitive": True}}})
    if where.silence is not None:
        how = "gte" if part == HEARD else "lt"
        filters.append({"range": {"otus.received_ns": {how: where.silent_before_ns}}})
    with asking():
        answer = client.search(
            index=indices.alias(settings, "sensor"),
            query={"bool": {"filter": filters}},
            sort=[{"observer.name": "asc"}],
            search_after=None if after is None else [after],
            size=size,
            source={"includes": SHOWN},
            track_total_hits=False,
            ignore_unavailable=True,
        )
    return {hit["_source"]["observer.name"]: hit["_source"] for hit in answer["hits"]["hits"]}


def _never_heard(
    client: Elasticsearch, settings: ElasticSettings, nodes: Sequence[EnrolledNode], walk: Walk
) -> list[Place]:
    """Enrolled sensors of which no heartbeat is there, as many as a page may need."""
    listed = silence.enrolled_sensors(nodes)
    names = [
        name for _, name in sorted(walk.places((each, None) for each in listed if walk.where.child in (None, each)))
    ]
    homes, found = indices.of_sensors(settings), list[Place]()
    for start in range(0, len(names), AT_ONCE):
        part = names[start : start + AT_ONCE]
        with asking():
            answer = client.mget(
                docs=[{"_index": home, "_id": name} for name in part for home in homes],
                source=False,
                filter_path=["docs._id", "docs.found"],
            )
        heard = {str(item["_id"]) for item in answer["docs"] if item.get("found")}
        found += [(SILENT, name) for name in part if name not in heard]
        if len(found) > walk.limit:
            break
    return list(islice(found, walk.limit + 1))


def children(
    client: Elasticsearch,
    settings: ElasticSettings,
    nodes: Sequence[EnrolledNode],
    seen: Mapping[str, int],
    where: NodeFilter,
    limit: int,
    cursor: str | None,
) -> Page[ChildRow]:
    enrolled = {node.name: (node.kind, node.revoked_ns) for node in nodes}
    listed = ((name, seen.get(name)) for name in enrolled.keys() | seen.keys())
    names, following = roll.walk(where, limit, cursor).page(listed)
    by_level = {"levels": {"terms": {"field": "event.severity", "size": len(LEVELS)}}}
    columns = ("received", "parsed", "skipped", "lost")
    sums = {name: {"sum": {"field": f"heartbeat.ledger.{name}"}} for name in columns}
    behind = figures.sums(client, settings)
    incidents = _groups(client, indices.alias(settings, "incident"), "otus.child", names, by_level)
    ledgers = _groups(client, indices.alias(settings, "sensor"), "otus.child", names, sums, figures.counted(behind))
    found = []
    for name in names:
        # A child that was never enrolled here comes from an import; it speaks for others, like a console.
        kind, revoked_ns = enrolled.get(name, ("console", None))
        levels = {LEVEL_OF[item["key"]]: item["doc_count"] for item in _levels(incidents.get(name))}
        of = ledgers.get(name)
        number, *ledger = (
            (0, 0, 0, 0, 0) if of is None else (of["doc_count"], *(int(of[each]["value"]) for each in columns))
        )
        number += silence.below_of(name, behind)
        found.append(ChildRow(name, kind, revoked_ns is not None, seen.get(name), levels, number, *ledger))
    return Page(tuple(found), following)


def _levels(group: Any) -> list[Any]:
    return [] if group is None else list(group["levels"]["buckets"])


def _groups(
    client: Elasticsearch,
    index: str,
    field: str,
    names: Sequence[str],
    inner: Mapping[str, Any],
    counted: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Documents of these names, counted by name, each group with its sums; `counted` narrows them."""
    if not names:
        return {}
    groups = {"terms": {"field": field, "size": len(names)}, **({"aggs": dict(inner)} if inner else {})}
    with asking():
        answer = client.search(
            index=index,
            query={"bool": {"filter": [{"terms": {field: list(names)}}, counted or {"match_all": {}}]}},
            size=0,
            track_total_hits=False,
            ignore_unavailable=True,
            aggs={"groups": groups},
        )
    found = answer.body.get("aggregations", {"groups": {"buckets": []}})["groups"]["buckets"]
    return {item["key"]: item for item in found}
