"""A node goes away between writing and answering: the next one is asked the same, and nothing is done twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from elastic_transport import ConnectionError as Lost
from elastic_transport import Urllib3HttpNode

from console.store import Status, Workflow
from tests.console.store.elastic.cluster import Cluster
from tests.federation.line_records import alert, record_id


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Put a part of a path in, and how many answers to what is written there are to be lost."""
    wanted: dict[str, int] = {}
    real = Urllib3HttpNode.perform_request

    def perform(node: Urllib3HttpNode, method: str, target: str, **more: Any) -> Any:
        answer = real(node, method, target, **more)
        for part, number in wanted.items():
            if number and part in target and method in ("PUT", "POST"):
                wanted[part] -= 1
                raise Lost(f"the answer to {target} was lost")
        return answer

    monkeypatch.setattr(Urllib3HttpNode, "perform_request", perform)
    return wanted


@pytest.fixture
def two_ways(cluster: Cluster) -> Cluster:
    """Two addresses of one server stand for two nodes."""
    (url,) = cluster.settings.urls
    cluster.settings = replace(cluster.settings, urls=(url, url.replace("127.0.0.1", "localhost")))
    return cluster


def test_a_decision_is_made_once(two_ways: Cluster, lost: dict[str, int]) -> None:
    store = two_ways.open()
    store.merge([alert(1)], "plant")
    lost["/_doc/"] = 1
    step = store.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "li", "核实")
    assert lost == {"/_doc/": 0}
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and found.steps == (step,) and step.before is Workflow.NEW


def test_a_batch_is_stored_once(two_ways: Cluster, lost: dict[str, int]) -> None:
    store = two_ways.open()
    store.merge([alert(1)], "plant")
    lost["/_bulk"] = 1
    answers = store.merge([alert(1, revision=2), alert(2)], "plant")
    assert lost == {"/_bulk": 0}
    assert {answer.status for answer in answers} <= {Status.STORED, Status.DUPLICATE}
    assert store.latest() == {alert(1, revision=2).key, alert(2).key}
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and [mark.revision for mark in found.revisions] == [2, 1]
