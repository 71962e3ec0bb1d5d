"""A cluster whose registry is PostgreSQL: the same move, but a queue to parents has no place there."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import URL

from console.store import StoreError
from console.store.elastic.store import ElasticStore
from console.store.sqlite import SqliteStore
from tests.console.store.elastic.cluster import Cluster
from tests.console.store.moving.sides import Clock, Side, fill, moved, picture
from tests.federation.line_records import alert


def sides(postgresql_url: URL, cluster: Cluster, folder: Path, clock: Clock, parents: list[str]) -> tuple[Side, Side]:
    cluster.registry_url = postgresql_url.render_as_string(hide_password=False)
    file = folder / "old" / "store.sqlite"
    file.parent.mkdir()
    return (
        Side((str(file),), lambda: SqliteStore(file, parents=parents, clock_ns=clock)),
        Side(
            cluster.settings.urls,
            lambda: cluster.open(ElasticStore, parents=(), clock_ns=clock),
            lambda urls: cluster.settings,
            cluster.registry_url,
        ),
    )


@pytest.fixture
def cluster(elasticsearch_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Cluster:
    made = Cluster(elasticsearch_url, tmp_path)
    request.addfinalizer(made.remove)
    return made


def test_there_and_back(postgresql_url: URL, cluster: Cluster, tmp_path: Path, clock: Clock) -> None:
    source, target = sides(postgresql_url, cluster, tmp_path, clock, [])
    store = source.open()
    fill(store, clock)
    before = picture(store)
    store.close()
    there = moved(source, target)
    store = target.open()
    assert picture(store) == before
    store.close()
    back = Side((str(tmp_path / "back"),), lambda: SqliteStore(tmp_path / "back" / "store.sqlite", clock_ns=clock))
    again = moved(target, back)
    assert again.tally.digest == there.tally.digest
    store = back.open()
    assert picture(store) == before
    store.close()


def test_what_waits_for_a_parent_is_not_left_behind(
    postgresql_url: URL, cluster: Cluster, tmp_path: Path, clock: Clock
) -> None:
    source, target = sides(postgresql_url, cluster, tmp_path, clock, ["up"])
    store = source.open()
    store.merge([alert(1)], "plant")
    store.close()
    with pytest.raises(StoreError, match="has no queue to parents"):
        moved(source, target)
    store = source.open()
    assert store.totals().pending_up == {"up": 1}
    store.close()
