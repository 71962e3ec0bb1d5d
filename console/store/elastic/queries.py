"""What the screens ask about incidents, as Elasticsearch's questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from elasticsearch import Elasticsearch

from console.store.elastic import indices
from console.store.elastic.connection import asking
from console.store.elastic.settings import ElasticSettings
from console.store.rows import EXACT_TO, OPEN_WORK, Found, IncidentFilter, LinkFilter, Suppression
from console.store.stories import LOOKED_AT
from console.store.text import pieces, words_of
from sensor.schema import Level

Question = dict[str, Any]

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
