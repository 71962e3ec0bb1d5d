"""The server is killed under load: what was acknowledged is there when it is back."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import URL

from console.store import Workflow
from console.store.elastic import journal
from console.store.elastic.store import ElasticStore
from tests.console.store.elastic.cluster import Cluster, until
from tests.console.store.elastic.under_load import BATCH, senders
from tests.elasticsearch_server import ElasticsearchServer
from tests.federation.line_records import record_id

pytestmark = [pytest.mark.usefixtures("impatient"), pytest.mark.long]


@pytest.mark.timeout(600)
@pytest.mark.skipif("OTUS_TEST_ES_URL" in os.environ, reason="a server that is not ours is not killed")
def test_a_server_killed_under_load_loses_nothing_acknowledged(
    elasticsearch_server: ElasticsearchServer, tmp_path: Path, registry_url: URL
) -> None:
    cluster = Cluster(elasticsearch_server.url, tmp_path, registry_url)
    store = cluster.open(ElasticStore)
    with senders(store) as acknowledged:
        until(lambda: len(acknowledged) > 10 * BATCH, 120)
        decided = store.set_workflow("sensor-1", record_id(0), Workflow.CONFIRMED, "li", "核实")
        elasticsearch_server.kill()
        before = len(acknowledged)
        time.sleep(1)
        elasticsearch_server.start()
        until(lambda: len(acknowledged) > before + 10 * BATCH, 120)

    def waiting() -> int:
        with store._transaction() as connection:
            return journal.size(connection)

    until(lambda: waiting() == 0, 120)
    store.refresh()
    assert store.latest() == {(*name, revision) for name, revision in acknowledged.items()}
    found = store.incident("sensor-1", record_id(0))
    assert found is not None and found.steps == (decided,) and found.row.workflow is Workflow.CONFIRMED
    assert store.totals().incidents == len(acknowledged)
    assert store.dead_letters() == []
    cluster.remove()
