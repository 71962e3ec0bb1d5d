"""What is particular to this store's retention: whole indices, and what keeps one alive."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from console.store import StoreError, Workflow
from console.store.elastic import journal, retention, snapshots
from console.store.elastic.store import ElasticStore
from tests.console.store.elastic.cluster import Cluster, until
from tests.elasticsearch_server import ElasticsearchServer
from tests.federation.line_records import alert, asset, evidence, heartbeat, record_id

DAY_NS = 86_400 * 10**9
MONTHS_AGO = time.time_ns() - 410 * DAY_NS


def test_an_index_goes_whole_and_what_keeps_one_alive_leaves_the_rest_of_it(cluster: Cluster) -> None:
    store = cluster.open()
    long_ago = time.time_ns() - 400 * DAY_NS
    store._clock_ns = lambda: long_ago
    old = [alert(n, first_ns=MONTHS_AGO + n, last_ns=MONTHS_AGO + n) for n in range(6)]
    older = [alert(n, first_ns=MONTHS_AGO - 60 * DAY_NS) for n in range(10, 14)]
    store.merge([*old, *older, heartbeat(1), evidence(1), asset(1)], "plant")
    store._clock_ns = time.time_ns
    assert len(cluster.indices()) == 6
    # A revision and a decision of today: two of the six are young again, and their month must stay.
    store.merge([alert(1, revision=2, first_ns=MONTHS_AGO + 1)], "plant")
    store.set_workflow("sensor-1", record_id(2), Workflow.CONFIRMED, "li")
    expired = store.expire(time.time_ns())
    assert (expired.incidents, expired.others, expired.done) == (8, 1, True)
    assert expired.oldest_before_ns == long_ago
    assert expired.oldest_after_ns is not None and expired.oldest_after_ns > long_ago + 399 * DAY_NS
    assert {source["event.id"] for source in cluster.documents("incident")} == {record_id(1), record_id(2)}
    assert [name.split("-")[1] for name in cluster.indices()] == ["asset", "incident", "sensor"]
    assert store.expire(time.time_ns()).incidents == 0


def test_a_run_is_bounded_and_the_next_one_goes_on(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MAX_DOCUMENTS", 4)
    monkeypatch.setattr(retention, "DELETE_AT_ONCE", 3)
    store = cluster.open()
    long_ago = time.time_ns() - 400 * DAY_NS
    store._clock_ns = lambda: long_ago
    store.merge([alert(n, first_ns=MONTHS_AGO, last_ns=MONTHS_AGO + n) for n in range(7)], "plant")
    store._clock_ns = time.time_ns
    store.merge([alert(0, revision=2, first_ns=MONTHS_AGO)], "plant")
    runs = [store.expire(time.time_ns()) for _ in range(3)]
    assert [(run.incidents, run.done) for run in runs] == [(4, False), (2, True), (0, True)]
    assert store.latest() == {alert(0, revision=2).key}


@pytest.mark.usefixtures("impatient")
def test_a_revision_that_comes_while_its_index_goes_is_not_lost(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = cluster.open(ElasticStore)
    long_ago = time.time_ns() - 400 * DAY_NS
    store._clock_ns = lambda: long_ago
    store.merge([alert(1, first_ns=MONTHS_AGO)], "plant")
    store._clock_ns = time.time_ns
    looks = 0
    look = retention._all_old

    def between(client: object, index: str, before_ns: int) -> bool:
        nonlocal looks
        looks += 1
        verdict = look(client, index, before_ns)  # type: ignore[arg-type]
        if looks == 2:  # the door is closed, and the index still to be deleted
            answers = store.merge([alert(1, revision=2, first_ns=MONTHS_AGO)], "plant")
            assert str(answers[0].status) == "stored"
        return verdict

    monkeypatch.setattr(retention, "_all_old", between)
    assert store.expire(time.time_ns()).incidents == 1

    def waiting() -> int:
        with store._transaction() as connection:
            return journal.size(connection)

    until(lambda: waiting() == 0)
    store.refresh()
    assert store.latest() == {alert(1, revision=2).key} and len(cluster.documents("incident")) == 1


def test_a_young_index_is_opened_again(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    store = cluster.open()
    store.merge([alert(1)], "plant")
    verdicts = iter([True, False])
    monkeypatch.setattr(retention, "_all_old", lambda *_: next(verdicts))
    assert store.expire(time.time_ns()).incidents == 0
    assert [str(answer.status) for answer in store.merge([alert(1, revision=2)], "plant")] == ["stored"]
    assert cluster.documents("incident")[0]["otus.revision"] == 2


def test_a_snapshot_brings_back_what_was_deleted(
    cluster: Cluster, elasticsearch_url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    repository = _repository(request, elasticsearch_url)
    store = cluster.open()
    store.merge([alert(1), asset(1), heartbeat(1)], "plant")
    step = store.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "li", "核实")
    before = store.latest()
    snapshots.register(store.client, cluster.settings, repository)
    name = snapshots.take(store.client, cluster.settings)
    assert snapshots.listed(store.client, cluster.settings) == [name]
    store.merge([alert(2)], "plant")
    snapshots.restore(store.client, cluster.settings, name)
    store.refresh()
    assert store.latest() == before
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and found.steps == (step,)
    assert [str(answer.status) for answer in store.merge([alert(1), alert(2)], "plant")] == ["duplicate", "stored"]
    with pytest.raises(StoreError, match="no snapshot 'nowhere'"):
        snapshots.restore(store.client, cluster.settings, "nowhere")
    snapshots.forget(store.client, cluster.settings, name)
    assert snapshots.listed(store.client, cluster.settings) == []
    snapshots.unregister(store.client, cluster.settings)


def test_a_folder_that_the_cluster_may_not_write(cluster: Cluster) -> None:
    store = cluster.open()
    with pytest.raises(StoreError, match=r"path\.repo") as caught:
        snapshots.register(store.client, cluster.settings, Path("/nowhere"))
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreError, match="register one"):
        snapshots.take(store.client, cluster.settings)


def test_health_says_what_waits_what_is_missing_and_when_it_is_full(cluster: Cluster) -> None:
    cluster.settings = replace(cluster.settings, journal_max_bytes=1200)
    weeks_ago = time.time_ns() - 20 * DAY_NS
    store = cluster.open(ElasticStore, clock_ns=lambda: weeks_ago)
    store.merge([alert(1)], "plant")
    store.refresh()
    store._clock_ns = time.time_ns
    (index,) = cluster.indices()
    health = store.health()
    assert health.remarks == () and health.growth_bytes_per_day == health.size_bytes // 20
    assert health.full_at_ns is not None and health.full_at_ns > time.time_ns()
    cluster.client.indices.put_settings(
        index=index, settings={"auto_expand_replicas": False, "number_of_replicas": 1, "blocks.write": True}
    )
    store.merge([alert(1, revision=2)], "plant")
    codes = [remark.code for remark in store.health().remarks]
    assert codes == ["waiting", "cluster_yellow"]
    cluster.client.indices.put_settings(index=index, settings={"blocks.write": None})


def _repository(request: pytest.FixtureRequest, url: str) -> Path:
    if "OTUS_TEST_ES_URL" in os.environ:
        given = os.environ.get("OTUS_TEST_ES_REPOSITORY")
        if given is None:
            pytest.skip("OTUS_TEST_ES_REPOSITORY names no folder that this server may write snapshots to")
        return Path(given)
    server: ElasticsearchServer = request.getfixturevalue("elasticsearch_server")
    return server.snapshots
