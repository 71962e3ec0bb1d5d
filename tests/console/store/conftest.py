"""Every implementation of the store runs the same tests: a new one is a line here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.store import Store, open_store
from tests.console.store.elastic.cluster import PREFIX, Cluster
from tests.console.store.elastic.secured import SecuredServer, documented
from tests.elasticsearch_server import missing

Open = Callable[..., Store]
"""`nodes` may be given: who is enrolled"""


def _sqlite(request: pytest.FixtureRequest, folder: Path) -> Open:
    return lambda **given: open_store(folder / "store.sqlite", parents=["up"], **given)


def _elasticsearch(request: pytest.FixtureRequest, folder: Path) -> Open:
    cluster = Cluster(request.getfixturevalue("elasticsearch_url"), folder)
    request.addfinalizer(cluster.remove)
    return cluster.open


def _several(request: pytest.FixtureRequest, folder: Path) -> Open:
    """As consoles on several machines have it."""
    registry = request.getfixturevalue("postgresql_url")
    cluster = Cluster(request.getfixturevalue("elasticsearch_url"), folder, registry)
    request.addfinalizer(cluster.remove)
    return cluster.open


def _with_a_key(request: pytest.FixtureRequest, folder: Path) -> Open:
    """With security on: the console has an API key of the documented privileges."""
    server: SecuredServer = request.getfixturevalue("secured_elasticsearch")
    key = server.key_file(folder / "api.key", documented(PREFIX))
    cluster = Cluster(server.url, folder, client=server.client(), api_key_file=key, ca_file=server.certificate)
    request.addfinalizer(cluster.remove)
    return cluster.open


STORES = {
    "sqlite": _sqlite,
    "elasticsearch": _elasticsearch,
    "elasticsearch and postgresql": _several,
    "elasticsearch with a key": _with_a_key,
}


LONG = {"elasticsearch and postgresql", "elasticsearch with a key"}
"""What differs there is the journal and the queue, whose own tests always run on both engines; and who may do what."""


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.long] if name in LONG else []) for name in STORES])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same store again, as a restart does."""
    return STORES[request.param](request, tmp_path)


@pytest.fixture
def store(reopen: Open) -> Iterator[Store]:
    opened = reopen()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def secured_elasticsearch() -> Iterator[SecuredServer]:
    """A real server with TLS and API keys, one for the session."""
    lacking = missing()
    if lacking or "OTUS_TEST_ES_URL" in os.environ:
        pytest.skip(f"no Elasticsearch of our own: {lacking or 'OTUS_TEST_ES_URL names another'}")
    server = SecuredServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()
