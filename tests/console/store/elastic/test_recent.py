"""What a process wrote itself, and what is new, is not asked for before it is written; where that guess was wrong,
nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from console.store import IncidentFilter, Workflow
from console.store.elastic.recent import Place, Recent
from console.store.elastic.store import ElasticStore
from tests.console.store.elastic.cluster import Cluster
from tests.federation.line_records import alert, heartbeat, record_id


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names of the documents that any store asks the cluster for before it writes."""
    names: list[str] = []
    begin = ElasticStore.__init__

    def watched(self: ElasticStore, *given: Any, **more: Any) -> None:
        begin(self, *given, **more)
        mget = self.client.mget

        def look(**request: Any) -> Any:
            names.extend(item["_id"] for item in request["docs"])
            return mget(**request)

        monkeypatch.setattr(self.client, "mget", look)

    monkeypatch.setattr(ElasticStore, "__init__", watched)
    yield names


def statuses(store: ElasticStore, *records: Any) -> list[str]:
    return [str(answer.status) for answer in store.merge(records, "plant")]


def test_a_revision_of_what_was_written_here_is_not_asked_for(cluster: Cluster, asked: list[str]) -> None:
    store = cluster.open()
    assert statuses(store, alert(1), heartbeat(1)) == ["stored", "stored"]
    assert asked == ["sensor-1"], "a sensor may have been heard before; the records say that they are new"
    asked.clear()
    assert statuses(store, alert(1, revision=2), heartbeat(1, revision=2)) == ["stored", "stored"]
    assert statuses(store, alert(1, revision=4)) == ["stored"]
    assert asked == []
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and [item.revision for item in found.revisions] == [4, 2, 1]
    # Of what it knows already only the cluster can say that it is still there.
    assert statuses(store, alert(1, revision=3)) == ["duplicate"]
    assert asked == [f"sensor-1:{record_id(1)}"]


def test_what_was_taken_for_new_and_is_not_is_a_duplicate(cluster: Cluster, asked: list[str]) -> None:
    """As after an answer that was lost on its way: another process, or this one after a restart, gets it again."""
    one, other = cluster.open(), cluster.open()
    one.merge([alert(1), alert(2, revision=2), alert(3)], "plant")
    one.merge([alert(3, revision=2)], "plant")
    asked.clear()
    assert statuses(other, alert(1), alert(2), alert(3), alert(3, revision=3), alert(4)) == [
        "duplicate", "duplicate", "duplicate", "stored", "stored",
    ]  # fmt: skip
    assert len(asked) == len(set(asked)) == 3
    revisions = {key[1:] for key in one.latest()}
    assert revisions == {(record_id(1), 1), (record_id(2), 2), (record_id(3), 3), (record_id(4), 1)}


def test_what_others_wrote_meanwhile_is_not_overwritten(cluster: Cluster, asked: list[str]) -> None:
    one, other = cluster.open(), cluster.open()
    one.merge([alert(1), alert(2), alert(3)], "plant")
    step = other.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "li", "核实")
    other.merge([alert(2, revision=5)], "plant")
    asked.clear()
    # The guess is wrong for two of them: both are read and merged again, one of them to nothing.
    answers = statuses(one, alert(1, revision=2), alert(2, revision=4), alert(3, revision=2))
    assert answers == ["stored", "duplicate", "stored"]
    assert set(asked) == {f"sensor-1:{record_id(1)}", f"sensor-1:{record_id(2)}"}
    found = one.incident("sensor-1", record_id(1))
    assert found is not None and (found.row.revision, found.steps) == (2, (step,))
    found = one.incident("sensor-1", record_id(2))
    assert found is not None and [item.revision for item in found.revisions] == [5, 1]
    # What others write too is asked for from then on, so that one wrong guess a document is all.
    asked.clear()
    assert statuses(one, alert(1, revision=3), alert(3, revision=3)) == ["stored", "stored"]
    assert asked == [f"sensor-1:{record_id(1)}"]


def test_what_is_gone_is_written_anew(cluster: Cluster) -> None:
    store = cluster.open()
    store.merge([alert(1), alert(2)], "plant")
    (index,) = cluster.indices()
    cluster.client.indices.delete(index=index)
    assert statuses(store, alert(1, revision=2), alert(2)) == ["stored", "stored"]
    assert store.latest() == {alert(1, revision=2).key, alert(2).key}


def test_a_decision_is_seen_at_once_however_seldom_the_cluster_refreshes(cluster: Cluster) -> None:
    cluster.settings = replace(cluster.settings, prefix=f"{cluster.prefix}r", refresh_s=3600)
    cluster.prefix = cluster.settings.prefix
    store = cluster.open(ElasticStore)
    store.merge([alert(1), alert(2)], "plant")
    assert store.incidents().rows == ()
    store.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "li")
    assert [row.id for row in store.incidents(IncidentFilter(workflow="confirmed")).rows] == [record_id(1)]
    store.merge([alert(1, revision=2)], "plant")
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and found.row.workflow is Workflow.CONFIRMED
    store.refresh()
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and (found.row.revision, len(found.steps)) == (2, 1)


def test_it_is_bounded_and_the_longest_unused_goes_first() -> None:
    recent = Recent(most=3)
    for number in range(3):
        recent.wrote(f"{number}", Place("index", {}, number, 1))
    assert recent.get("0") is not None
    recent.was_wrong("2")
    recent.was_wrong("nobody")
    recent.wrote("2", Place("index", {}, 9, 1))
    recent.wrote("3", Place("index", {}, 3, 1))
    places = [recent.get(f"{number}") for number in range(4)]
    assert [None if place is None else place.seq_no for place in places] == [0, None, None, 3]
