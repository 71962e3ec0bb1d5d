"""A cluster with TLS, where the console may do what the documentation names, and no more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.store import StoreError, Workflow
from console.store.elastic import journal, snapshots
from console.store.elastic.status import status
from console.store.elastic.store import ElasticStore
from tests.console.store.elastic.cluster import PREFIX, Cluster, until
from tests.console.store.elastic.secured import OTUS, SecuredServer, documented
from tests.elasticsearch_server import missing
from tests.federation.line_records import alert, asset, heartbeat, record_id

pytestmark = [
    pytest.mark.long,  # a second server
    pytest.mark.usefixtures("impatient"),
    pytest.mark.skipif(missing() != "" or "OTUS_TEST_ES_URL" in os.environ, reason="no Elasticsearch of our own"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[SecuredServer]:
    role = documented(PREFIX)
    elsewhere = [{"names": ["other-*"], "privileges": ["all"]}]
    made = SecuredServer(
        {OTUS: role, "watcher": {**role, "cluster": ["monitor"]}, "other": {**role, "indices": elsewhere}}
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def cluster(server: SecuredServer, tmp_path: Path) -> Cluster:
    """Its store has the documented privileges; nothing of it has to be removed, for the server goes."""
    made = Cluster(server.url, tmp_path)
    made.client.close()
    made.settings = replace(made.settings, urls=(server.address(),), ca_file=server.certificate)
    return made


def refused(cluster: Cluster) -> str:
    with pytest.raises(StoreError) as caught:
        cluster.open()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_all_that_a_console_does_is_allowed_by_the_documented_privileges(
    cluster: Cluster, server: SecuredServer
) -> None:
    store = cluster.open()
    answers = store.merge([alert(1), asset(1), heartbeat(1)], "plant")
    assert [str(answer.status) for answer in answers] == ["stored"] * 3
    store.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "li", "核实")
    assert [row.id for row in store.incidents().rows] == [record_id(1)] and store.totals().incidents == 1
    assert store.sensors() is not None and store.counts("level") is not None  # type: ignore[arg-type]
    assert store.expire(store._clock_ns()).done and store.health().remarks == ()
    found = status(cluster.settings, store._registry, store._clock_ns())
    assert found.problem == "" and found.state == "green" and found.shards is not None
    snapshots.register(store.client, cluster.settings, server.snapshots)
    name = snapshots.take(store.client, cluster.settings)
    store.merge([alert(2)], "plant")
    snapshots.restore(store.client, cluster.settings, name)
    store.refresh()
    assert store.totals().incidents == 1
    snapshots.forget(store.client, cluster.settings, name)
    snapshots.unregister(store.client, cluster.settings)
    store.close()


def test_what_is_refused_is_one_line(cluster: Cluster, server: SecuredServer) -> None:
    trusted = cluster.settings
    cluster.settings = replace(trusted, ca_file=None)
    assert "certificate is not trusted" in refused(cluster)
    cluster.settings = replace(trusted, urls=(server.url,))
    assert "does not know this API key" in refused(cluster)
    cluster.settings = replace(trusted, urls=(server.url.replace("https", "http"),), ca_file=None)
    assert "cannot be reached" in refused(cluster)
    for user in ("watcher", "other"):
        cluster.settings = replace(trusted, urls=(server.address(user),))
        assert "the API key may not do this" in refused(cluster)


def test_access_that_ends_while_the_console_runs_loses_nothing(cluster: Cluster, server: SecuredServer) -> None:
    store = cluster.open(ElasticStore)
    store.merge([alert(101)], "plant")
    server.let_in(OTUS, False)
    assert [str(answer.status) for answer in store.merge([alert(102), alert(103)], "plant")] == ["stored"] * 2
    with pytest.raises(StoreError, match="does not know this API key"):
        store.incidents()
    store.close()
    server.let_in(OTUS, True)
    again = cluster.open(ElasticStore)

    def waits() -> int:
        with again._transaction() as connection:
            return journal.size(connection)

    until(lambda: waits() == 0)
    again.refresh()
    assert {alert(number).key for number in (101, 102, 103)} <= again.latest()
    again.close()
