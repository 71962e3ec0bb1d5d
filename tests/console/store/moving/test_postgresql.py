"""A cluster whose registry is PostgreSQL: the same move."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import URL

from console.store.elastic.store import ElasticStore
from console.store.sqlite import SqliteStore
from federation.queue import Verdict
from tests.console.store.elastic.cluster import Cluster
from tests.console.store.moving.sides import Clock, Side, answer_some, fill, moved, picture, queue_of
from tests.federation.line_records import alert, record_id


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


def test_what_waits_for_a_parent_goes_with_it_and_goes_on(
    postgresql_url: URL, cluster: Cluster, tmp_path: Path, clock: Clock
) -> None:
    source, target = sides(postgresql_url, cluster, tmp_path, clock, ["up"])
    store = source.open()
    store.merge([alert(n) for n in range(5)], "plant")
    store.merge([alert(1)], "thief")
    store.close()
    answer_some(source)
    moved(source, target)
    store = target.open()
    assert store.totals().pending_up == {"up": 3} and len(store.dead_letters()) == 2
    # The server numbers refusals by itself: it must go on behind those that were brought.
    store.merge([alert(2)], "thief")
    with queue_of(target) as (tables, connection):
        waiting = tables.take(connection, "up", 10, 2**20)
        assert [queued.key[1] for queued in waiting] == [record_id(n) for n in (3, 4, 2)]
        tables.answer(connection, "up", [Verdict(waiting[0], "again")], 8)
    assert store.totals().pending_up == {"up": 2} and len(store.dead_letters()) == 4
    store.close()
