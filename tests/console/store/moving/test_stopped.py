"""A move that is stopped goes on from there; what must not be moved, or opened, meanwhile is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from console.store import StoreError
from console.store.moving import from_elastic, from_sqlite, guard, into_elastic, into_sqlite
from console.store.moving.rows import Row
from console.store.moving.sides import State
from tests.console.store.moving.sides import DIRECTIONS, Clock, Make, fill, moved, picture
from tests.federation.line_records import alert, record_id

TARGETS: dict[str, Any] = {"sqlite": into_sqlite.SqliteTarget, "elasticsearch": into_elastic.ElasticTarget}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_sqlite, "AT_ONCE", 7)
    monkeypatch.setattr(from_elastic, "MOST", 7)
    monkeypatch.setattr(from_elastic, "LEAST", 7)
    monkeypatch.setattr(from_elastic, "SENSORS", 1)
    monkeypatch.setattr(guard, "PATIENCE_S", 0.0)


def stop_after(monkeypatch: pytest.MonkeyPatch, kind: str, calls: int, *, written: bool = True) -> None:
    """The next move ends within this call: before its batch is durable, or right after."""
    target = TARGETS[kind]
    whole = target.put
    seen = 0

    def put(self: object, rows: Sequence[Row], state: State) -> None:
        nonlocal seen
        seen += 1
        if seen == calls:
            monkeypatch.setattr(target, "put", whole)
            if written:
                whole(self, rows, state)
            raise KeyboardInterrupt
        whole(self, rows, state)

    monkeypatch.setattr(target, "put", put)


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize(("origin", "to"), DIRECTIONS)
def test_whoever_is_stopped_goes_on(
    make: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch, origin: str, to: str, written: bool
) -> None:
    """At every eighth of the way: among records, last heartbeats, small tables, and before the comparison."""
    source, target = make(origin), make(to)
    store = source.open()
    fill(store, clock)
    if origin == "elasticsearch":
        store.refresh()  # type: ignore[attr-defined]
    before = picture(store)
    store.close()
    said: list[str] = []
    for calls in (1, 3, 4, 3, 2, 2, 2, 1):
        stop_after(monkeypatch, to, calls, written=written)
        try:
            moved(source, target, said)
        except KeyboardInterrupt:
            continue
        break
    else:
        moved(source, target, said)
    assert len([line for line in said if line.startswith("goes on after")]) >= 6, said
    store = target.open()
    assert picture(store) == before
    store.close()


def test_half_a_move_is_no_store(make: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    source, cluster, other = make("sqlite"), make("elasticsearch"), make("sqlite")
    store = source.open()
    fill(store, clock)
    store.close()
    stop_after(monkeypatch, "elasticsearch", 3)
    with pytest.raises(KeyboardInterrupt):
        moved(source, cluster)
    with pytest.raises(StoreError, match="a move into this store was not finished"):
        cluster.open()
    with pytest.raises(StoreError, match="a move into this store was not finished"):
        moved(cluster, other)
    stop_after(monkeypatch, "sqlite", 3)
    with pytest.raises(KeyboardInterrupt):
        moved(source, other)
    assert not (Path(other.places[0]) / "store.sqlite").exists()


@pytest.mark.parametrize(("origin", "to"), DIRECTIONS)
def test_a_source_that_went_on_meanwhile_is_moved_anew(
    make: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch, origin: str, to: str
) -> None:
    source, target = make(origin), make(to)
    store = source.open()
    fill(store, clock)
    store.close()
    stop_after(monkeypatch, to, 4)
    with pytest.raises(KeyboardInterrupt):
        moved(source, target)
    store = source.open()
    store.merge([alert(3, revision=9)], "plant")  # a record that was moved already
    store.release_origin("promised")
    if origin == "elasticsearch":
        store.refresh()  # type: ignore[attr-defined]
    before = picture(store)
    store.close()
    said: list[str] = []
    moved(source, target, said)
    assert any("begins anew" in line for line in said)
    store = target.open()
    assert picture(store) == before
    store.close()


@pytest.mark.parametrize("to", ["sqlite", "elasticsearch"])
def test_half_of_another_move_goes_only_when_asked_for(
    make: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    first, second, target = make("sqlite"), make("sqlite"), make(to)
    for side, number in ((first, 40), (second, 2)):
        store = side.open()
        fill(store, clock, number) if number > 2 else store.merge([alert(5)], "plant")
        store.close()
    stop_after(monkeypatch, to, 4)
    with pytest.raises(KeyboardInterrupt):
        moved(first, target)
    with pytest.raises(StoreError, match=r"holds half of a move from .*--begin-anew"):
        moved(second, target)
    moved(second, target, anew=True)
    store = target.open()
    assert store.latest() == {("sensor-1", record_id(5), 1)}
    assert [row.name for row in store.children().rows] == ["plant"]
    store.close()


@pytest.mark.parametrize(("origin", "to"), DIRECTIONS)
def test_a_store_that_a_console_has_open_is_not_moved(make: Make, clock: Clock, origin: str, to: str) -> None:
    source, target = make(origin), make(to)
    store = source.open()
    store.merge([alert(1)], "plant")
    if origin == "elasticsearch":
        wait_for_lease(store)
    with pytest.raises(StoreError, match="in use by a running console"):
        moved(source, target)
    store.close()


def wait_for_lease(store: object) -> None:
    from tests.console.store.elastic.cluster import until

    until(lambda: store._drain._lease is not None)  # type: ignore[attr-defined]


def test_what_is_not_the_same_in_the_end_is_no_store(make: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = make("sqlite"), make("sqlite")
    store = source.open()
    fill(store, clock)
    store.close()
    whole = into_sqlite.SqliteTarget._put

    def forgets(self: into_sqlite.SqliteTarget, index: object, row: Row) -> None:
        if row.part == "record:alert" and row.said[6]:
            row = row._replace(said=(*row.said[:6], row.said[6][:-1]))
        whole(self, index, row)  # type: ignore[arg-type]

    with monkeypatch.context() as wrong:
        wrong.setattr(into_sqlite.SqliteTarget, "_put", forgets)
        with pytest.raises(StoreError, match="record:alert: 45 in both, with different content"):
            moved(source, target)
    with pytest.raises(StoreError, match="is not what was moved"):
        moved(source, target)
    moved(source, target, anew=True)
