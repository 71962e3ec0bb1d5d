"""What the screens ask about incidents, as Elasticsearch's questions."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from elasticsearch import ApiError, Elasticsearch

from console.store.elastic import documents, indices
from console.store.elastic.connection import ShardsAway, asking
from console.store.elastic.pictures import KEEP_ALIVE, Pictures, Place, read_cursor, write_cursor
from console.store.elastic.settings import ElasticSettings
from console.store.queries import MAX_LIMIT
from console.store.rows import (
    EXACT_TO,
    OPEN_WORK,
    TIME_FORM,
    Count,
    CountBy,
    Found,
    IncidentFilter,
    LinkFilter,
    Suppression,
)
from console.store.stories import LOOKED_AT
from console.store.text import pieces, words_of
from sensor.schema import Level

Question = dict[str, Any]

MAX_GROUPS = 60_000
"""Below what a cluster gives in one answer (`search.max_buckets`, 65,536). Of more origins the largest are told, of
more hours the newest."""

GROUPS_AT_ONCE = 5_000
"""stories in one answer"""

NOTHING: Question = {"match_none": {}}


def question(where: IncidentFilter) -> Question:
    """The filter as a query. What nobody can have written finds nothing."""
    parts: list[Question] = []

    def term(field: str, value: object) -> None:
        if value is not None:
            parts.append({"term": {field: str(value).encode("utf-8", "replace").decode()}})

    if where.level is not None:
        parts.append(_level(where.level, "term"))
    if where.level_at_least is not None:
        parts.append(_level(where.level_at_least, "range"))
    term("alert.detector", where.detector)
    term("network.protocol", where.protocol)
    term("alert.technique", where.technique)
    term("otus.child", where.child)
    term("observer.name", where.origin)
    term("organization.id", where.tenant)
    term("alert.state", where.state)
    term("otus.workflow", where.workflow)
    if where.since_ns is not None:
        parts.append({"range": {"alert.last_ns": {"gte": _long(where.since_ns)}}})
    if where.until_ns is not None:
        parts.append({"range": {"alert.first_ns": {"lt": _long(where.until_ns)}}})
    if where.began_ns is not None:
        parts.append({"range": {"alert.first_ns": {"gte": _long(where.began_ns)}}})
    if where.stories is not None:
        parts.append({"terms": {"alert.story": list(where.stories)}})
    if where.suppressed is not None and (where.suppressed or where.suppressions):
        hidden = suppressed(where.suppressions or ())
        parts.append(hidden if where.suppressed else {"bool": {"must_not": [hidden]}})
    parts += _words(where.text)
    return {"bool": {"filter": parts}} if parts else {"match_all": {}}


def suppressed(these: Sequence[Suppression]) -> Question:
    """Incidents that one of these is about."""
    if not these:
        return NOTHING
    return {"bool": {"should": [_suppressed(one) for one in these], "minimum_should_match": 1}}


def _suppressed(one: Suppression) -> Question:
    parts: list[Question] = [{"term": {"alert.cause": one.cause}}]
    if one.segment is not None:
        parts.append({"term": {"segment": one.segment}})
    for host in one.hosts:
        ends: list[Question] = [{"term": {f"{side}.address": host}} for side in ("client", "server")]
        parts.append({"bool": {"should": ends, "minimum_should_match": 1}})
    return {"bool": {"filter": parts}}


def waiting(client: Elasticsearch, settings: ElasticSettings, these: Sequence[Suppression]) -> tuple[list[Any], bool]:
    """(origin, story, how many alerts of it are open work), the story None where an alert names none; and whether
    that is all."""
    query = {
        "bool": {"filter": [{"terms": {"otus.workflow": list(map(str, OPEN_WORK))}}], "must_not": [suppressed(these)]}
    }
    sources: list[Question] = [
        {"origin": {"terms": {"field": "observer.name"}}},
        {"story": {"terms": {"field": "alert.story", "missing_bucket": True}}},
    ]
    rows: list[Any] = []
    after: Question = {}
    while len(rows) < LOOKED_AT:
        with asking():
            answer = client.search(
                index=indices.alias(settings, "incident"),
                query=query,
                size=0,
                track_total_hits=False,
                ignore_unavailable=True,
                aggregations={"groups": {"composite": {"sources": sources, "size": GROUPS_AT_ONCE, **after}}},
            )
        found = answer.body.get("aggregations", {"groups": {"buckets": []}})["groups"]
        rows += [(item["key"]["origin"], item["key"]["story"], int(item["doc_count"])) for item in found["buckets"]]
        if len(found["buckets"]) < GROUPS_AT_ONCE:
            return rows, True
        after = {"after": found["after_key"]}
    return rows, False


def story_question(child: str | None) -> Question:
    parts: list[Question] = [{"term": {"story.merged_into": ""}}]
    if child is not None:
        parts.append({"term": {"otus.child": child.encode("utf-8", "replace").decode()}})
    return {"bool": {"filter": parts}}


def link_question(where: LinkFilter) -> Question:
    parts: list[Question] = [
        {"term": {field: value.encode("utf-8", "replace").decode()}}
        for field, value in (
            ("otus.child", where.child),
            ("link.protocol", where.protocol),
            ("observer.name", where.origin),
            ("segment", where.segment),
        )
        if value is not None
    ]
    if where.address is not None:
        address = where.address.encode("utf-8", "replace").decode()
        ends: list[Question] = [{"term": {f"link.{end}": address}} for end in ("client", "server")]
        parts.append({"bool": {"should": ends, "minimum_should_match": 1}})
    return {"bool": {"filter": parts}} if parts else {"match_all": {}}


def _words(text: str | None) -> list[Question]:
    """All of them must be there: a run of Han characters as a phrase, another word from its beginning."""
    if text is None or not text.strip():
        return []
    found: list[Question] = []
    for word in words_of(text):
        if word.han:
            found.append({"match_phrase": {"otus.han": word.text}})
        else:
            (first, *_) = pieces(word)
            found.append({"term" if word.whole else "prefix": {"otus.words": first}})
    return found or [NOTHING]


def _level(level: Level | str, how: str) -> Question:
    try:
        rank = Level(level).rank
    except ValueError:
        return NOTHING
    return {how: {"event.severity": rank if how == "term" else {"gte": rank}}}


def _long(value: int) -> int:
    return max(-(2**63), min(value, 2**63 - 1))


def page(
    client: Elasticsearch,
    pictures: Pictures,
    index: str,
    query: Question,
    time_field: str,
    limit: int,
    cursor: str | None,
    source: list[str] | None,
) -> tuple[list[documents.Source], str | None]:
    """One page of documents, the newest by `time_field` first, and the cursor of the next.

    Costs a look at each index that matches: the first rows of each are merged, whatever stands behind them.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    place = read_cursor(cursor)
    name = "" if place is None else place.picture
    picture = pictures.get(name)
    if place is None:
        # There is none while a shard is away; what the others hold is told, and the store's health says so.
        with suppress(ShardsAway):
            name, picture = pictures.take(index)
    request: dict[str, Any] = {
        "query": query,
        "size": limit + 1,
        "sort": [{time_field: "desc"}, {"event.id": "desc"}, {"observer.name": "desc"}],
        "source": True if source is None else {"includes": source},
        "track_total_hits": False,
    }
    if place is not None:
        request["search_after"] = list(place.after)
    try:
        with asking():
            answer = None if picture is None else _in_picture(client, picture, request)
            if answer is None:  # go on in the list as it is now
                answer = client.search(**request, index=index, ignore_unavailable=True)
    except BaseException:
        pictures.drop(name)
        raise
    hits = answer["hits"]["hits"]
    rows = [hit["_source"] for hit in hits[:limit]]
    if len(hits) <= limit:
        pictures.drop(name)
        return rows, None
    moment_ns, record_id, origin = hits[limit - 1]["sort"][:3]
    return rows, write_cursor(Place((int(moment_ns), record_id, origin), name))


def _in_picture(client: Elasticsearch, picture: str, request: Question) -> Any:
    """None where the picture is gone: it is too old, or a node that held a part of it went away. A part is no page."""
    try:
        return client.search(
            **request, pit={"id": picture, "keep_alive": KEEP_ALIVE}, allow_partial_search_results=False
        )
    except ApiError as error:
        if error.status_code in (404, 503):
            return None
        raise


def found(client: Elasticsearch, settings: ElasticSettings, where: IncidentFilter) -> Found:
    with asking():
        answer = client.search(
            index=indices.alias(settings, "incident"),
            query=question(where),
            size=0,
            track_total_hits=EXACT_TO + 1,
            ignore_unavailable=True,
        )
    number = int(answer["hits"]["total"]["value"])
    return Found(number) if number <= EXACT_TO else Found(EXACT_TO, exact=False)


_FIELD = {
    CountBy.LEVEL: "alert.level",
    CountBy.DETECTOR: "alert.detector",
    CountBy.PROTOCOL: "network.protocol",
    CountBy.TECHNIQUE: "alert.technique",
    CountBy.CHILD: "otus.child",
    CountBy.ORIGIN: "observer.name",
    CountBy.WORKFLOW: "otus.workflow",
    CountBy.HOUR: "otus.hour",
    CountBy.DAY: "otus.hour",
    CountBy.WEEK: "otus.hour",
}


def counts(
    client: Elasticsearch, settings: ElasticSettings, by: CountBy, where: IncidentFilter, zone: ZoneInfo
) -> list[Count]:
    index = indices.alias(settings, "incident")
    sums = {"hits": {"sum": {"field": "alert.count"}}}
    order = {"_key": "desc"} if by in TIME_FORM else {"_count": "desc"}
    buckets = groups(client, index, question(where), _FIELD[by], sums, order)
    counted = [Count(str(item["key"]), item["doc_count"], int(item["hits"]["value"])) for item in buckets]
    if by in TIME_FORM:
        return _by_time(counted, TIME_FORM[by], zone)
    if by is CountBy.LEVEL:
        return sorted(counted, key=lambda item: -Level(item.key).rank)
    return sorted(counted, key=lambda item: (-item.incidents, item.key))


def groups(
    client: Elasticsearch,
    index: str,
    query: Question,
    field: str,
    sums: Question,
    order: dict[str, str] | None = None,
) -> list[Any]:
    """Documents grouped by a field, each group with its sums."""
    terms: Question = {"field": field, "size": MAX_GROUPS}
    if order is not None:
        terms["order"] = order
    with asking():
        answer = client.search(
            index=index,
            query=query,
            size=0,
            track_total_hits=False,
            ignore_unavailable=True,
            aggregations={"groups": {"terms": terms, **({"aggregations": sums} if sums else {})}},
        )
    return list(answer.body.get("aggregations", {"groups": {"buckets": []}})["groups"]["buckets"])


def _by_time(counted: list[Count], form: str, zone: ZoneInfo) -> list[Count]:
    """Hours are kept in UTC; days and weeks are formed here, in the node's zone."""
    sums: dict[str, tuple[int, int]] = {}
    for item in counted:
        key = datetime.strptime(item.key, "%Y-%m-%dT%H").replace(tzinfo=UTC).astimezone(zone).strftime(form)
        before = sums.get(key, (0, 0))
        sums[key] = (before[0] + item.incidents, before[1] + item.hits)
    return [Count(key, *sums[key]) for key in sorted(sums)]
