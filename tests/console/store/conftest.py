"""Every implementation of the store runs the same tests: a new one is a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.store import Store, open_store
from tests.console.store.elastic.cluster import Cluster

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


STORES = {"sqlite": _sqlite, "elasticsearch": _elasticsearch, "elasticsearch and postgresql": _several}


LONG = {"elasticsearch and postgresql"}
"""What differs there is the journal and the queue, whose own tests always run on both engines."""


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.long] if name in LONG else []) for name in STORES])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same store again, as a restart does."""
    return STORES[request.param](request, tmp_path)


@pytest.fixture
def store(reopen: Open) -> Iterator[Store]:
    opened = reopen()
    yield opened
    opened.close()
