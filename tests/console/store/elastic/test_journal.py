"""What is acknowledged while the cluster cannot take it, and what becomes of it after."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import URL

from console.registry import open_registry, queue_tables
from console.registry.leases import Leases
from console.store import Answer, Status, StoreError, StoreFull, Workflow
from console.store.elastic import journal
from console.store.elastic.documents import Arrival
from console.store.elastic.store import ElasticStore
from console.store.elastic.writing import Outcome
from federation.queue import Verdict
from tests.console.store.elastic.cluster import Cluster, Door, until
from tests.federation.line_records import alert, asset, heartbeat, record_id

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def cluster(elasticsearch_url: str, tmp_path: Path, registry_url: URL) -> Iterator[Cluster]:
    """On each engine: the journal is the registry's."""
    made = Cluster(elasticsearch_url, tmp_path, registry_url)
    yield made
    made.remove()


@pytest.fixture
def behind_a_door(door: Door, tmp_path: Path, elasticsearch_url: str, registry_url: URL) -> Iterator[Cluster]:
    made = Cluster(elasticsearch_url, tmp_path, registry_url)
    made.settings = replace(made.settings, urls=(door.url,))
    yield made
    made.remove()


def statuses(answers: list[Answer]) -> list[str]:
    return [str(answer.status) for answer in answers]


def waits(store: ElasticStore) -> int:
    with store._registry.transaction() as connection:
        return journal.size(connection)


def drained(store: ElasticStore) -> None:
    until(lambda: waits(store) == 0)
    store.refresh()


def test_what_comes_while_the_cluster_is_away_is_kept_and_drains(behind_a_door: Cluster, door: Door) -> None:
    store = behind_a_door.open(ElasticStore)
    assert statuses(store.merge([alert(1), alert(2, revision=5), heartbeat(1)], "plant")) == ["stored"] * 3
    assert waits(store) == 0
    door.shut()
    assert statuses(store.merge([alert(1, revision=4), alert(3)], "plant")) == ["stored"] * 2
    # The newer one waits: the older is answered from the journal, not from a cluster that cannot be asked.
    assert statuses(store.merge([alert(1, revision=2), alert(3), alert(3, revision=2)], "plant")) == [
        "duplicate",
        "duplicate",
        "stored",
    ]
    # The cluster has revision 5, and nobody can know: true of the journal, and undone when it drains.
    assert statuses(store.merge([alert(2, revision=3)], "plant")) == ["stored"]
    assert waits(store) > 0
    with store._transaction() as connection:
        assert queue_tables.pending(connection) == {"up": 4}
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        store.incidents()
    assert "\n" not in str(caught.value)
    door.reopen()
    drained(store)
    assert store.latest() == {
        alert(1, revision=4).key, alert(2, revision=5).key, alert(3, revision=2).key, heartbeat(1).key,
    }  # fmt: skip
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and [item.revision for item in found.revisions] == [4, 1]
    assert store.dead_letters() == []


def test_a_restart_while_the_cluster_is_away_loses_nothing(
    behind_a_door: Cluster, door: Door, elasticsearch_url: str
) -> None:
    store = behind_a_door.open(ElasticStore)
    door.shut()
    store.merge([alert(1), asset(1)], "plant")
    store.close()
    with pytest.raises(StoreError, match="cannot be reached"):
        behind_a_door.open(ElasticStore)
    door.reopen()
    again = behind_a_door.open(ElasticStore)
    assert again.latest() == {alert(1).key, asset(1).key}
    drained(again)
    assert again.totals().incidents == 1


def test_beyond_its_budget_the_journal_says_so_and_keeps_nothing_of_the_call(
    behind_a_door: Cluster, door: Door
) -> None:
    behind_a_door.settings = replace(behind_a_door.settings, journal_max_bytes=3000)
    store = behind_a_door.open(ElasticStore)
    door.shut()
    number = 0
    with pytest.raises(StoreFull, match="journal is full") as caught:
        for number in range(1, 100):
            assert statuses(store.merge([alert(number)], "plant")) == ["stored"]
    assert "\n" not in str(caught.value) and 1 < number < 20
    kept = {alert(n).key for n in range(1, number)}
    with store._transaction() as connection:
        assert journal.keys(connection) == kept
        assert queue_tables.pending(connection) == {"up": len(kept)}
    door.reopen()
    drained(store)
    assert store.latest() == kept
    assert statuses(store.merge([alert(number)], "plant")) == ["stored"]


def test_beyond_what_may_wait_for_the_parents_nothing_is_taken_until_they_answer(cluster: Cluster) -> None:
    cluster.settings = replace(cluster.settings, upward_max_bytes=10_000)
    store = cluster.open(ElasticStore)
    number = 0
    with pytest.raises(StoreFull, match="wait for the parents: is the line up") as caught:
        for number in range(1, 100):
            assert statuses(store.merge([alert(number)], "plant")) == ["stored"]
    assert "\n" not in str(caught.value) and 1 < number < 20
    with store._transaction() as connection:
        waiting = queue_tables.take(connection, "up", 500, 10**9)
        assert [item.key for item in waiting] == [alert(n).key for n in range(1, number)]
        queue_tables.answer(connection, "up", [Verdict(item) for item in waiting], 1)
    store.refresh()
    assert store.latest() == {alert(n).key for n in range(1, number)}
    assert statuses(store.merge([alert(number)], "plant")) == ["stored"]


def test_a_record_that_calls_itself_by_a_zero_byte_is_refused_and_holds_up_nobody(cluster: Cluster) -> None:
    store = cluster.open(ElasticStore)
    store.note_rejected([Answer("a\0b", "c\0", 1, Status.REJECTED, "id: 'c\0' is none")], "plant")
    (letter,) = store.dead_letters()
    assert (letter.origin, letter.id, letter.peer) == ("a\ufffdb", "c\ufffd", "plant")


def test_read_only_indices_of_a_full_disk_are_waited_for(cluster: Cluster) -> None:
    store = cluster.open(ElasticStore)
    store.merge([alert(1)], "plant")
    (index,) = [name for name in cluster.indices() if "-incident-" in name]
    cluster.client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": True})
    assert statuses(store.merge([alert(1, revision=2), alert(2)], "plant")) == ["stored", "stored"]
    assert waits(store) > 0
    with pytest.raises(StoreError, match=r"read-only.*free disk space") as caught:
        store.set_workflow("sensor-1", record_id(1), Workflow.TRIAGE, "li")
    assert "\n" not in str(caught.value)
    cluster.client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": None})
    drained(store)
    assert store.latest() == {alert(1, revision=2).key, alert(2).key}


def test_what_the_cluster_will_never_take_is_seen_and_holds_up_nobody(behind_a_door: Cluster, door: Door) -> None:
    store = behind_a_door.open(ElasticStore)
    store.merge([asset(1)], "plant")
    store.refresh()
    door.shut()
    changed = replace(alert(1, revision=2), id=asset(1).id)
    assert statuses(store.merge([changed, alert(2)], "plant")) == ["stored", "stored"]
    door.reopen()
    drained(store)
    assert store.latest() == {asset(1).key, alert(2).key}
    until(lambda: store.dead_letters() != [])
    (letter,) = store.dead_letters()
    assert letter.reason.startswith("kind_changed") and letter.id == asset(1).id and letter.revision == 2


def test_draining_twice_changes_nothing(cluster: Cluster) -> None:
    store = cluster.open(ElasticStore)
    arrivals = [Arrival(record.via("p"), "p", 1000) for record in (alert(1), alert(1, revision=3), heartbeat(1))]
    changes = store._writer.changes(arrivals)
    assert store._writer.write(changes, store._writer.guess(changes)) == [Outcome()] * 3
    once = [cluster.hits(kind) for kind in ("incident", "heartbeat", "sensor")]
    again = store._writer.write(changes, store._writer.guess(changes))
    assert [(outcome.reason, outcome.there) for outcome in again] == [("", 3), ("", 1), ("", 1)]
    assert [cluster.hits(kind) for kind in ("incident", "heartbeat", "sensor")] == once
    assert [hit["_version"] for hits in once for hit in hits] == [1, 1, 1]


def test_a_batch_of_a_process_that_died_is_brought_by_another(cluster: Cluster) -> None:
    open_once = cluster.open(ElasticStore)
    open_once.close()
    registry = open_registry(cluster.registry_url)
    now_ns = time.time_ns()
    with registry.transaction() as connection:
        dead = journal.add(connection, [Arrival(alert(1).via("p"), "p", now_ns)], now_ns + 2 * 10**9)
        assert journal.next_batches(connection, now_ns) == []
    assert Leases(registry, "the dead").acquire("drain", 2.0) is not None
    store = cluster.open(ElasticStore)
    assert store.latest() == {alert(1).key} and cluster.documents("incident") == []
    drained(store)
    assert len(cluster.documents("incident")) == 1
    with registry.transaction() as connection:
        assert journal.next_batches(connection, now_ns + 10**12) == [] and dead > 0
    registry.close()


def test_decisions_and_revisions_of_two_processes_never_overwrite_each_other(cluster: Cluster) -> None:
    one, two = cluster.open(ElasticStore), cluster.open(ElasticStore)
    one.merge([alert(1)], "plant")
    one.refresh()
    failed: list[BaseException] = []

    def run(work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:
            failed.append(error)

    def revise(store: ElasticStore, first: int) -> None:
        for revision in range(first, 62, 2):
            assert statuses(store.merge([alert(1, revision=revision)], "plant"))[0] in ("stored", "duplicate")

    def decide(store: ElasticStore, who: str) -> None:
        for number in range(12):
            store.set_workflow("sensor-1", record_id(1), Workflow.TRIAGE, who, str(number))

    threads = [
        threading.Thread(target=run, args=(work,))
        for work in (
            lambda: revise(one, 2), lambda: revise(two, 3), lambda: decide(one, "li"), lambda: decide(two, "wang"),
        )
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    drained(one)
    found = one.incident("sensor-1", record_id(1))
    assert found is not None and found.row.revision == 61 and found.record.revision == 61
    for who in ("li", "wang"):
        assert [step.note for step in found.steps if step.by == who] == [str(number) for number in range(12)]
