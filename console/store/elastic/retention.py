"""What is old goes, whole indices first; and how the store is.

Age is when this node last stored a revision or a decision (`otus.touched_ns`), so an index of January goes when nothing
in it was touched within the days kept. What went on being revised keeps its index; the old documents beside it are
deleted one by one.
"""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch

from console.store.elastic import indices, together
from console.store.elastic.connection import asking
from console.store.elastic.settings import ElasticSettings
from console.store.elastic.shards import shards
from console.store.rows import Expired, Health, Remark

DAY_NS = 86_400 * 10**9
MAX_DOCUMENTS = 20_000
"""deleted one by one in one run; whole indices cost the same whatever stands in them"""
DELETE_AT_ONCE = 2_000
KINDS = ("incident", "evidence", "receipt", "story", "heartbeat", "other")
"""Stations and last heartbeats stay."""
ALARM_DAYS = 30
YOUNG_NS = 14 * DAY_NS


def expire(client: Elasticsearch, settings: ElasticSettings, now_ns: int) -> Expired:
    before_ns = now_ns - settings.keep_days * DAY_NS
    oldest_before = _oldest(client, settings)
    gone = dict.fromkeys(KINDS, 0)
    room = MAX_DOCUMENTS
    for kind in KINDS:
        for index in _indices(client, settings, kind):
            number = _drop_whole(client, index, before_ns)
            if number is None and room > 0 and _is_past(settings, index, before_ns):
                number = _drop_old(client, index, before_ns, room)
                room -= number
            gone[kind] += number or 0
    return Expired(
        at_ns=now_ns,
        before_ns=before_ns,
        oldest_before_ns=oldest_before,
        oldest_after_ns=_oldest(client, settings),
        incidents=gone["incident"],
        others=gone["evidence"] + gone["receipt"] + gone["story"] + gone["other"],
        done=room > 0,
    )


def _indices(client: Elasticsearch, settings: ElasticSettings, kind: str) -> list[str]:
    with asking():
        return sorted(client.indices.get_alias(index=f"{indices.alias(settings, kind)}-*").body)


def _oldest(client: Elasticsearch, settings: ElasticSettings) -> int | None:
    index = indices.alias(settings, "incident")
    # The smallest value stands at the beginning of an index of numbers: no document is looked at for it.
    smallest = {"size": 0, "track_total_hits": False, "aggregations": {"oldest": {"min": {"field": "otus.touched_ns"}}}}
    (found,) = together.ask(client, [(index, smallest)])
    about_ns = found.get("aggregations", {"oldest": {"value": None}})["oldest"]["value"]
    if about_ns is None:
        return None
    # It comes as a floating-point number, exact to 256 ns here; the document itself says it whole.
    with asking():
        answer = client.search(
            index=index,
            query={"range": {"otus.touched_ns": {"lte": int(about_ns) + 1024}}},
            sort=[{"otus.touched_ns": "asc"}],
            size=1,
            source={"includes": ["otus.touched_ns"]},
            track_total_hits=False,
            ignore_unavailable=True,
        )
    return next((int(hit["_source"]["otus.touched_ns"]) for hit in answer["hits"]["hits"]), None)


def _is_past(settings: ElasticSettings, index: str, before_ns: int) -> bool:
    """Whether an index that something keeps alive is looked through: one whose own period can still go whole is left
    for that."""
    end = indices.end_of(settings, index)
    return end is None or end.timestamp() * 10**9 <= before_ns


def _drop_whole(client: Elasticsearch, index: str, before_ns: int) -> int | None:
    """Delete an index in which nothing is young. None: something is, or it is empty and new.

    It is closed to writers before the last look. A batch that meets the closed door stays in the journal and goes to a
    new index of that name.
    """
    if not _all_old(client, index, before_ns):
        return None
    with asking():
        client.indices.put_settings(index=index, settings={"index.blocks.write": True})
    kept = True
    try:
        kept = not _all_old(client, index, before_ns)
        if kept:
            return None
        with asking():
            number = int(client.count(index=index)["count"])
            client.indices.delete(index=index)
        return number
    finally:
        if kept:
            with asking():
                client.indices.put_settings(index=index, settings={"index.blocks.write": None})


def _all_old(client: Elasticsearch, index: str, before_ns: int) -> bool:
    with asking():
        client.indices.refresh(index=index)
        answer = client.search(
            index=index,
            size=0,
            aggregations={"newest": {"max": {"field": "otus.touched_ns"}}},
            track_total_hits=False,
            allow_partial_search_results=False,  # a shard that is away may hold the newest
        )
    newest = answer["aggregations"]["newest"]["value"]
    # The maximum comes as a floating-point number, exact to 256 ns here: nothing at the edge goes.
    return newest is not None and int(newest) + 1024 < before_ns


def _drop_old(client: Elasticsearch, index: str, before_ns: int, room: int) -> int:
    """Delete single documents, none that was touched after it was looked at."""
    number = 0
    while number < room:
        with asking():
            hits = client.search(
                index=index,
                query={"range": {"otus.touched_ns": {"lt": before_ns}}},
                size=min(DELETE_AT_ONCE, room - number),
                source=False,
                seq_no_primary_term=True,
            )["hits"]["hits"]
        if not hits:
            return number
        operations: list[dict[str, Any]] = [
            {"delete": {"_id": hit["_id"], "if_seq_no": hit["_seq_no"], "if_primary_term": hit["_primary_term"]}}
            for hit in hits
        ]
        with asking():
            answer = client.bulk(index=index, operations=operations, refresh=True)
        deleted = len([item for item in answer["items"] if item["delete"]["status"] == 200])
        number += deleted
        if deleted == 0:
            return number
    return number


def health(
    client: Elasticsearch, settings: ElasticSettings, now_ns: int, journal_bytes: int, last: Expired | None
) -> Health:
    with asking():
        stats = client.indices.stats(
            index=",".join(f"{indices.alias(settings, kind)}-*" for kind in indices.KINDS),
            metric="store",
            level="cluster",
            filter_path="_all.total.store",
        ).body
        disks = client.nodes.stats(metric="fs", filter_path="nodes.*.fs.total").body.get("nodes", {})
        state = client.cluster.health(index=f"{settings.prefix}-*", master_timeout=f"{settings.patience_s}s")["status"]
    size = int(stats.get("_all", {"total": {}})["total"].get("store", {}).get("size_in_bytes", 0))
    # A node stops at its flood stage; what is free on the fullest one is what is left to a store that fills evenly.
    free = sum(_room(node["fs"]["total"]) for node in disks.values())
    oldest = _oldest(client, settings) if state != "red" else None  # where shards are away, nobody knows
    growth = full_at = None
    if oldest is not None and YOUNG_NS <= now_ns - oldest < settings.keep_days * DAY_NS:
        growth = size * DAY_NS // (now_ns - oldest)
    remarks: list[Remark] = []
    if growth:
        full_at = now_ns + free * DAY_NS // growth
        days = (full_at - now_ns) // DAY_NS
        if days < ALARM_DAYS:
            remarks.append(Remark("filling", {"days": days}))
    if journal_bytes * 2 > settings.journal_max_bytes:
        remarks.insert(0, Remark("waiting", {"percent": 100 * journal_bytes // settings.journal_max_bytes}))
    if shards(client).few:
        remarks.append(Remark("few_shards"))
    if state != "green":
        remarks.append(Remark(f"cluster_{state}"))
    return Health(size, free, settings.keep_days, oldest, growth, full_at, last, tuple(remarks))


def _room(disk: dict[str, int]) -> int:
    """Bytes until the flood stage, by Elasticsearch's own default of 95 %."""
    return max(0, int(disk["available_in_bytes"]) - int(disk["total_in_bytes"]) // 20)
