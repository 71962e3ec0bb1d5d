"""A batch is looked up before the writer's place is taken: what others commit in between is seen all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.store import IncidentFilter, Workflow, sqlite
from console.store.changes import REMEMBERED, Changes
from console.store.check import check
from console.store.sqlite import SqliteStore
from sensor.schema import Record
from tests.federation.line_records import alert, record_id


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with_file = SqliteStore(path)
    yield with_file
    with_file.close()


@pytest.fixture
def in_between(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """Done once each, one after the other, between a batch's first look and its writing."""
    waiting: list[Callable[[], object]] = []
    look_up = sqlite.look_up

    def looked_up(*arguments: object) -> object:
        found = look_up(*arguments)  # type: ignore[arg-type]
        if waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(sqlite, "look_up", looked_up)
    return waiting


def merged(store: SqliteStore, *records: Record, child: str = "plant") -> list[str]:
    return [str(answer.status) for answer in store.merge(records, child)]


def test_what_another_batch_kept_meanwhile_is_known(
    store: SqliteStore, path: Path, in_between: list[Callable[[], object]]
) -> None:
    in_between.append(lambda: merged(store, alert(1)))
    assert merged(store, alert(1), alert(2)) == ["duplicate", "stored"]
    in_between.append(lambda: merged(store, alert(1, revision=3)))
    assert merged(store, alert(1, revision=2)) == ["duplicate"]
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and found.row.count == 3
    assert check(path) == [], "counted once"


def test_what_a_person_decided_meanwhile_stays(
    store: SqliteStore, path: Path, in_between: list[Callable[[], object]]
) -> None:
    merged(store, alert(1))
    in_between.append(lambda: store.set_workflow("sensor-1", record_id(1), Workflow.TRIAGE, "li"))
    assert merged(store, alert(1, revision=2)) == ["stored"]
    assert store.incident_count(IncidentFilter(workflow="triage")).number == 1
    assert check(path) == []


def test_what_another_process_wrote_meanwhile_is_known(
    store: SqliteStore, path: Path, in_between: list[Callable[[], object]]
) -> None:
    other = SqliteStore(path)  # a connection of its own, as another process has it
    in_between.append(lambda: merged(other, alert(1)))
    assert merged(store, alert(1)) == ["duplicate"]
    in_between.append(lambda: merged(other, alert(2), child="elsewhere"))
    assert merged(store, alert(3)) == ["stored"], "the first child to report owns the origin"
    other.close()
    assert check(path) == []


def test_an_origin_that_was_bound_meanwhile_has_its_owner(
    store: SqliteStore, in_between: list[Callable[[], object]]
) -> None:
    in_between.append(lambda: merged(store, alert(1), child="elsewhere"))
    assert merged(store, alert(2)) == ["rejected"]


def test_only_what_is_about_the_same_origins_is_asked_again() -> None:
    changes = Changes()
    moment = changes.moment()
    assert not changes.touched({"a"}, moment)
    changes.note({"b", "c"})
    assert not changes.touched({"a"}, moment) and changes.touched({"a", "c"}, moment)
    changes.note(None)
    assert changes.touched({"a"}, moment) and not changes.touched({"a"}, changes.moment())
    moment = changes.moment()
    for _ in range(REMEMBERED):
        changes.note({"b"})
    assert not changes.touched({"a"}, moment)
    changes.note({"b"})
    assert changes.touched({"a"}, moment), "more than is remembered"


def test_many_senders_of_the_same_records_count_each_once(store: SqliteStore, path: Path) -> None:
    stored: list[str] = []

    def send() -> None:
        for number in range(30):
            stored.extend(merged(store, *(alert(number + extra) for extra in range(5))))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stored.count("stored") == 34 == store.totals().incidents and len(stored) == 600
    assert check(path) == []
