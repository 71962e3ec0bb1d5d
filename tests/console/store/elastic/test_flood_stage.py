"""The cluster's own disk is full: it closes its indices itself. What was acknowledged waits, ingest goes on after."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.store import Status, StoreError, Workflow
from console.store.elastic import journal
from sensor.schema import Record
from tests.console.store.elastic.cluster import Cluster, until
from tests.elasticsearch_server import ElasticsearchServer
from tests.federation.line_records import alert, record_id

pytestmark = [
    pytest.mark.usefixtures("impatient"),
    pytest.mark.long,
    pytest.mark.skipif("OTUS_TEST_ES_URL" in os.environ, reason="a cluster that is not ours keeps its settings"),
]
WATERMARK = "cluster.routing.allocation.disk"
FULL = "100000gb"
"""To be left free: more than any disk has, so that the node's own counts as full."""


@pytest.fixture
def disk(elasticsearch_server: ElasticsearchServer, tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(elasticsearch_server.url, tmp_path)
    yield cluster
    _settle(cluster, None)
    cluster.remove()


def _settle(cluster: Cluster, free: str | None) -> None:
    names = [f"watermark.{name}" for name in ("low", "high", "flood_stage")]
    settings = {f"{WATERMARK}.{name}": free for name in names}
    # Off in the tests' server, because the machine's disk may really be full.
    settings[f"{WATERMARK}.threshold_enabled"] = None if free is None else "true"
    settings["cluster.info.update.interval"] = None if free is None else "10s"
    cluster.client.cluster.put_settings(persistent=settings)


def _blocked(cluster: Cluster) -> bool:
    found = cluster.client.indices.get_settings(index=f"{cluster.prefix}-incident-*", flat_settings=True).body
    return all(item["settings"].get("index.blocks.read_only_allow_delete") == "true" for item in found.values())


@pytest.mark.timeout(300)
def test_a_disk_that_is_full_loses_nothing_acknowledged(disk: Cluster) -> None:
    store = disk.open()

    def keep(records: list[Record]) -> None:
        assert {answer.status for answer in store.merge(records, "plant")} == {Status.STORED}

    keep([alert(1), alert(2)])
    _settle(disk, FULL)
    until(lambda: _blocked(disk), 120)
    keep([alert(3), alert(2, revision=2)])
    with pytest.raises(StoreError, match=r"read-only.*free disk space") as caught:
        store.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "li")
    assert "\n" not in str(caught.value)
    with store._registry.reading() as connection:
        assert journal.size(connection) > 0
    everything = {alert(1).key, alert(2, revision=2).key, alert(3).key}
    assert store.latest() == everything, "what waits is kept, too"
    assert len(store.incidents().rows) == 2, "and what was there is read on"

    _settle(disk, "1b")  # room again: the cluster opens its indices by itself

    def drained() -> bool:
        with store._registry.reading() as connection:
            return journal.size(connection) == 0

    until(drained, 120)
    keep([alert(4)])
    assert not _blocked(disk) and store.latest() == everything | {alert(4).key}
    assert [row.id for row in store.incidents().rows] == [record_id(number) for number in (4, 3, 2, 1)]
    store.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "li")
