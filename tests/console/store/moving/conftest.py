from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.store.elastic.cluster import Cluster
from tests.console.store.moving.sides import Clock, Make, Side, elastic_side, sqlite_side


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Make:
    made = 0

    def side(kind: str) -> Side:
        nonlocal made
        made += 1
        if kind == "sqlite":
            return sqlite_side(tmp_path / f"sqlite-{made}", clock)
        folder = tmp_path / f"cluster-{made}"
        folder.mkdir()
        cluster = Cluster(request.getfixturevalue("elasticsearch_url"), folder)
        request.addfinalizer(cluster.remove)
        return elastic_side(cluster, clock)

    return side
