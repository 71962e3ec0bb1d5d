"""How the screens' questions are put to the cluster: together, no further back than they must, so that it remembers."""

from __future__ import annotations

from typing import Any

import pytest

from console.store import CountBy, IncidentFilter, StoreError, Workflow
from console.store.elastic import together
from console.store.elastic.bounds import Bounds
from console.store.elastic.documents import Arrival, columns
from console.store.elastic.store import ElasticStore
from console.store.text import PLAIN_ADDRESS, pieces, runs
from tests.console.store.elastic.cluster import Cluster
from tests.federation.line_records import FIRST_NS, SECOND, alert, record_id

DAY = 86_400 * SECOND


@pytest.fixture
def store(cluster: Cluster) -> ElasticStore:
    """An incident a day for two months."""
    opened = cluster.open()
    opened.merge([alert(n, first_ns=FIRST_NS + n * DAY, last_ns=FIRST_NS + n * DAY) for n in range(60)], "plant")
    opened.refresh()
    assert isinstance(opened, ElasticStore)
    return opened


def numbers(rows: Any) -> list[int]:
    return [int(row.id, 16) for row in rows]


def test_one_that_is_not_answered_refuses_all(store: ElasticStore) -> None:
    index = "test-nothing"
    assert len(together.ask(store.client, [(index, {"size": 0}), (index, {"size": 0})])) == 2
    with pytest.raises(StoreError, match="nonsense"):
        together.ask(store.client, [(index, {"size": 0}), (index, {"query": {"nonsense": {}}})], ["hits.total"])
    assert together.ask(store.client, []) == []


def test_the_newest_are_looked_for_among_what_is_new(store: ElasticStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[Any]] = []
    ask = store.client.msearch

    def heard(**request: Any) -> Any:
        searches = request["searches"][1::2]
        asked.append([search["query"] for search in searches])
        return ask(**request)

    monkeypatch.setattr(store.client, "msearch", heard)
    new = IncidentFilter(workflow=Workflow.NEW)
    for _ in range(2):
        assert [numbers(rows) for rows in store.newest([IncidentFilter(), new], 3)] == [[59, 58, 57]] * 2
    (first,), (again,) = asked[:1], asked[1:]
    bound = {"range": {"alert.last_ns": {"gte": FIRST_NS + 57 * DAY}}}
    assert bound not in first[0].get("bool", {}).get("filter", []), "nothing is known before"
    assert all(bound in query["bool"]["filter"] for query in again)
    asked.clear()
    store.set_workflow("sensor-1", record_id(58), Workflow.IGNORED, "wang")
    assert [numbers(rows) for rows in store.newest([IncidentFilter(), new], 3)] == [[59, 58, 57], [59, 57, 56]]
    assert [len(searches) for searches in asked] == [2, 1], "only what came short is asked for whole"


def test_a_page_that_is_asked_for_again_goes_on_to_the_end(store: ElasticStore) -> None:
    for _ in range(2):
        page, walked = store.incidents(limit=7), list[int]()
        walked += numbers(page.rows)
        while page.next_cursor is not None:
            page = store.incidents(limit=7, cursor=page.next_cursor)
            walked += numbers(page.rows)
        assert walked == list(range(59, -1, -1))


def test_a_bound_is_of_one_list_and_the_oldest_is_forgotten() -> None:
    bounds = Bounds(most=2)
    bounds.note(5, "index", {"match_all": {}}, 3)
    assert bounds.get("index", {"match_all": {}}, 3) == 5 and bounds.get("index", {"match_all": {}}, 4) is None
    bounds.note(6, "index", {}, 3)
    bounds.note(7, "index", {}, 4)
    assert [bounds.get("index", {"match_all": {}}, 3), bounds.get("index", {}, 3)] == [None, 6]
    bounds.note(None, "index", {}, 3)
    assert bounds.get("index", {}, 3) is None


def test_a_chart_that_is_asked_for_again_comes_from_the_clusters_cache(store: ElasticStore) -> None:
    def hits() -> int:
        store.refresh("incident")
        stats = store.client.indices.stats(index="*-incident-*", metric="request_cache")
        return int(stats["_all"]["total"]["request_cache"]["hit_count"])

    asked = [(by, IncidentFilter()) for by in (CountBy.ORIGIN, CountBy.TECHNIQUE, CountBy.DAY)]
    first, before = store.counts_of(asked), hits()
    assert store.counts_of(asked) == first and hits() >= before + len(asked)
    before, levels = hits(), store.counts_by_level(CountBy.DAY, IncidentFilter(began_ns=FIRST_NS))
    assert store.counts_by_level(CountBy.DAY, IncidentFilter(began_ns=FIRST_NS)) == levels and hits() > before


@pytest.mark.parametrize("text", ["192.168.1.66", "999.1.1.1", "02:00:00:00:00:66"])
def test_a_plain_address_is_one_word(text: str) -> None:
    (word,) = runs(text)
    assert PLAIN_ADDRESS.fullmatch(text) and not word.han and pieces(word) == (text,)


def test_an_incidents_words_are_each_there_once() -> None:
    found = columns(Arrival(alert(1), "plant", 1))
    assert sorted(set(found["otus.words"])) == sorted(found["otus.words"])
    assert {"sensor-1", "sensor", "plant", "02:00:00:00:00:66", "write_single_register", "register"} <= {
        *found["otus.words"]
    }
