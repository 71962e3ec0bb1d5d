"""What the charts show of incidents, as Elasticsearch's aggregations.

They are equal to the byte whenever the same is asked, and ask for no rows: so the cluster answers from its cache for
each index in which nothing changed since, which are all months but the last ones.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from elasticsearch import Elasticsearch

from console.store.elastic import indices, together
from console.store.elastic.queries import Question, question
from console.store.elastic.settings import ElasticSettings
from console.store.rows import TIME_FORM, Count, CountBy, IncidentFilter
from sensor.schema import LEVELS, Level

MAX_GROUPS = 60_000
"""Below what a cluster gives in one answer (`search.max_buckets`, 65,536). Of more origins the largest are told, of
more hours the newest."""

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

Asked = tuple[CountBy, IncidentFilter]


def counts_of(
    client: Elasticsearch, settings: ElasticSettings, asked: Sequence[Asked], zone: ZoneInfo
) -> list[list[Count]]:
    searches = [(question(where), _groups(by, MAX_GROUPS)) for by, where in asked]
    answers = _ask(client, settings, searches)
    return [_counts(by, found, zone) for (by, _), found in zip(asked, answers, strict=True)]


def counts_by_level(
    client: Elasticsearch, settings: ElasticSettings, by: CountBy, where: IncidentFilter, zone: ZoneInfo
) -> Mapping[Level, list[Count]]:
    of_each = {"groups": _groups(by, MAX_GROUPS // (1 + len(LEVELS)))}
    levels = {"terms": {"field": _FIELD[CountBy.LEVEL], "size": len(LEVELS)}, "aggregations": of_each}
    (answer,) = _ask(client, settings, [(question(where), levels)])
    found = {item["key"]: _counts(by, item["groups"]["buckets"], zone) for item in answer}
    return {level: found.get(str(level), []) for level in LEVELS}


def _groups(by: CountBy, most: int) -> Question:
    order = {"_key": "desc"} if by in TIME_FORM else {"_count": "desc"}
    return {"terms": {"field": _FIELD[by], "size": most, "order": order}}


def _ask(
    client: Elasticsearch, settings: ElasticSettings, searches: Sequence[tuple[Question, Question]]
) -> list[list[Any]]:
    """The groups of each (query, aggregation)."""
    index = indices.alias(settings, "incident")
    answers = together.ask(
        client,
        [
            (index, {"size": 0, "track_total_hits": False, "query": query, "aggregations": {"groups": groups}})
            for query, groups in searches
        ],
        ["aggregations.groups.buckets"],
    )
    return [answer.get("aggregations", {"groups": {}})["groups"].get("buckets", []) for answer in answers]


def _counts(by: CountBy, buckets: Sequence[Any], zone: ZoneInfo) -> list[Count]:
    counted = [Count(str(item["key"]), int(item["doc_count"])) for item in buckets]
    if by in TIME_FORM:
        return _by_time(counted, TIME_FORM[by], zone)
    if by is CountBy.LEVEL:
        return sorted(counted, key=lambda item: -Level(item.key).rank)
    return sorted(counted, key=lambda item: (-item.incidents, item.key))


def _by_time(counted: Sequence[Count], form: str, zone: ZoneInfo) -> list[Count]:
    """Hours are kept in UTC; days and weeks are formed here, in the node's zone."""
    sums = Counter[str]()
    for item in counted:
        sums[_local(item.key, form, zone)] += item.incidents
    return [Count(key, sums[key]) for key in sorted(sums)]


@functools.lru_cache(50_000)
def _local(hour: str, form: str, zone: ZoneInfo) -> str:
    return datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC).astimezone(zone).strftime(form)
