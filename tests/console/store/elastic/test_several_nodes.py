"""A cluster of three real nodes: copies, nodes that are killed, a quorum that is lost, shards that are nowhere."""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from console.app import create_app
from console.cli import add_account
from console.settings import ConsoleSettings
from console.state import state
from console.store import Status, StoreError, Workflow
from console.store.elastic import journal
from console.store.elastic.connection import ClusterAway
from console.store.elastic.status import status
from console.store.elastic.store import ElasticStore
from console.users import Role
from otus.cli import otus
from sensor.schema import Key
from tests.console.store.elastic.cluster import PREFIX, Cluster, until
from tests.console.store.elastic.nodes import Nodes
from tests.console.store.elastic.under_load import BATCH, senders
from tests.elasticsearch_server import missing
from tests.federation.line_records import FIRST_NS, SECOND, alert, record_id

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("impatient"),
    pytest.mark.skipif(missing() != "" or "OTUS_TEST_ES_URL" in os.environ, reason="no Elasticsearch of our own"),
]
INCIDENTS = f"{PREFIX}-incident-*"
LATER_NS = FIRST_NS + 40 * 86_400 * SECOND
"""another month, so another index"""
Answered = TypeVar("Answered")


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """The first of them runs, alone."""
    made = Nodes()
    try:
        made.start(made.all[:1])
        yield made
    finally:
        made.stop()


@pytest.fixture
def cluster(nodes: Nodes, tmp_path: Path) -> Iterator[Cluster]:
    client = Elasticsearch(list(nodes.urls), request_timeout=60, max_retries=5)
    made = Cluster(nodes.urls[0], tmp_path, client=client, urls=nodes.urls, patience_s=2)
    yield made
    nodes.settle()
    made.remove()


def waits(store: ElasticStore) -> int:
    with store._transaction() as connection:
        return journal.size(connection)


def keep(store: ElasticStore, *numbers: int, revision: int = 1) -> set[Key]:
    records = [alert(number, revision) for number in numbers]
    assert {answer.status for answer in store.merge(records, "plant")} == {Status.STORED}
    return {record.key for record in records}


def soon(ask: Callable[[], Answered], tries: int = 20) -> Answered:
    """What was under way when a node died is told so to who asked for it; who asks again is answered."""
    for _ in range(tries):
        try:
            return ask()
        except ClusterAway:
            time.sleep(0.5)
    return ask()


def copies(nodes: Nodes) -> tuple[str, int, int]:
    """How the incidents' indices are: their state, shards that are there, shards that are missing."""
    found = nodes.ask(f"_cluster/health/{INCIDENTS}").json()
    return found["status"], found["active_shards"], found["unassigned_shards"]


def test_copies_go_by_the_number_of_nodes(nodes: Nodes, cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    """One alone, though its console names three; a second and a third join; one leaves in order, and comes back."""
    store = cluster.open(ElasticStore)
    there = keep(store, *range(20))
    assert copies(nodes) == ("green", 1, 0)
    nodes.start(nodes.all[1:2])
    until(lambda: copies(nodes) == ("green", 2, 0), 60)
    nodes.start(nodes.all[2:])
    nodes.settle()
    assert copies(nodes) == ("green", 2, 0), "one copy however many nodes"

    holder = nodes.holders(INCIDENTS)[0]
    holder.leave()
    there |= keep(store, *range(20, 30))
    until(lambda: copies(nodes) == ("yellow", 1, 1), 60)  # a minute is given to a node to come back
    found = status(cluster.settings, store._registry, store._clock_ns())
    assert found.problem == "" and found.nodes == 2 and found.state == "yellow" and found.health is not None
    assert [remark.code for remark in found.health.remarks] == ["cluster_yellow"]
    with caplog.at_level(logging.WARNING):
        cluster.open(ElasticStore).close()
    assert [record.getMessage() for record in caplog.records if "yellow" in record.getMessage()]
    there |= keep(store, *range(30, 40))
    store.refresh()
    assert store.latest() == there and store.totals().incidents == 40 and waits(store) == 0

    nodes.settle()
    there |= keep(store, *range(40, 50))
    store.refresh()
    assert store.latest() == there and store.totals().incidents == 50


def test_a_node_killed_under_load_costs_nothing(nodes: Nodes, cluster: Cluster) -> None:
    """Readers and deciders turn to the others at once; what is acknowledged is there, once, by its last revision."""
    nodes.settle()
    store = cluster.open(ElasticStore)
    with senders(store) as acknowledged:
        until(lambda: len(acknowledged) > 6 * BATCH and copies(nodes)[0] == "green", 120)
        page = store.incidents(limit=20)
        nodes.holders(INCIDENTS)[0].kill()
        seen = {row.id for row in page.rows}
        for number in range(10):  # while a copy is promoted, and maybe a master elected
            page = soon(functools.partial(store.incidents, limit=20, cursor=page.next_cursor))
            assert len(page.rows) == 20 and not seen & {row.id for row in page.rows}, "no row twice and none missing"
            seen |= {row.id for row in page.rows}
            soon(functools.partial(store.set_workflow, "sensor-1", record_id(number), Workflow.CONFIRMED, "li"))
        before = len(acknowledged)
        until(lambda: len(acknowledged) > before + 6 * BATCH, 120)
    until(lambda: waits(store) == 0, 120)
    store.refresh()
    assert store.latest() == {(*name, revision) for name, revision in acknowledged.items()}
    assert store.totals().incidents == len(acknowledged) and store.dead_letters() == []
    for number in range(10):
        found = store.incident("sensor-1", record_id(number))
        assert found is not None and {step.after for step in found.steps} == {Workflow.CONFIRMED}


def test_a_quorum_that_is_lost_is_waited_for(nodes: Nodes, cluster: Cluster) -> None:
    nodes.settle()
    store = cluster.open(ElasticStore)
    there = keep(store, 1, 2, 3)
    last = nodes.all[0]
    for node in nodes.all[1:]:
        node.kill()
    there |= keep(store, 4, 5) | keep(store, 6, 7) | keep(store, 2, revision=2)
    there.remove(alert(2).key)
    assert waits(store) > 0
    found = status(cluster.settings, store._registry, store._clock_ns())
    assert found.waiting.batches > 0 and found.problem.startswith("the cluster has no master: more than half")
    with pytest.raises(StoreError) as caught:
        store.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "li")
    assert "\n" not in str(caught.value)
    assert last.runs
    nodes.settle()
    until(lambda: waits(store) == 0, 60)
    store.refresh()
    assert store.latest() == there and store.totals().incidents == 7
    store.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "li")


def test_shards_that_are_nowhere(nodes: Nodes, cluster: Cluster, tmp_path: Path) -> None:
    """A month without copies, whose node is killed: the other month is shown, and what is missing is said."""
    nodes.settle()
    settings = ConsoleSettings(data_dir=tmp_path, tier="province", node_name="gd", elasticsearch=cluster.settings)
    add_account(settings, "wang", "Correct-Horse-9", Role.ANALYST)
    app = create_app(settings)
    store = state(app).store
    keep(store, 1, 2, 3)
    late = [alert(number, first_ns=LATER_NS, last_ns=LATER_NS) for number in (11, 12)]
    assert {answer.status for answer in store.merge(late, "plant")} == {Status.STORED}
    store.refresh()
    first = min(name for name in cluster.indices() if "-incident-" in name)
    cluster.client.indices.put_settings(
        index=first, settings={"index.auto_expand_replicas": "false", "index.number_of_replicas": 0}
    )
    nodes.settle()  # with fewer shards they are spread anew
    (victim,) = nodes.holders(first)
    victim.kill()
    until(lambda: nodes.ask(f"_cluster/health/{first}").json()["status"] == "red", 60)

    place = ["--data-dir", str(tmp_path), "--store", "elasticsearch", "--prefix", PREFIX]
    place += [word for url in nodes.urls for word in ("--url", url)]
    ran = CliRunner().invoke(otus, ["store", "health", *place])
    assert ran.exit_code == 1 and "cluster / 集群: red" in ran.output and "! " in ran.output, ran.output
    browser = app.test_client()
    token = browser.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "name": "wang", "password": "Correct-Horse-9"}
    assert browser.post("/login", data=form).status_code == 303
    overview = browser.get("/")
    assert overview.status_code == 200 and "集群状态为红色" in overview.text
    assert [row.id for row in store.incidents().rows] == [record_id(12), record_id(11)]
    assert browser.get(f"/incidents/sensor-1/{record_id(11)}").status_code == 200
    assert browser.get(f"/incidents/sensor-1/{record_id(1)}").status_code == 503
    store.set_workflow("sensor-1", record_id(11), Workflow.CONFIRMED, "li")
    for ask in (lambda: store.incident("sensor-1", record_id(1)), store.latest):
        with pytest.raises(StoreError, match="bring back the nodes"):
            ask()
    keep(store, 4)
    assert waits(store) > 0

    nodes.settle()
    until(lambda: waits(store) == 0, 60)
    store.refresh()
    assert store.latest() == {alert(number).key for number in (1, 2, 3, 4)} | {record.key for record in late}
    assert store.totals().incidents == 6
