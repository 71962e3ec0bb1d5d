"""A store of an earlier version is opened, whole, also after a crash in the middle."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from console.store import Count, CountBy, Found, IncidentFilter, Store, StoreError, Workflow, migrations, open_store
from console.store.check import check
from tests.federation.line_records import alert, asset, link, record_id, story
from tests.federation.order_records import notice, receipt, task

VERSION_7 = Path(__file__).with_name("store_7.sqlite.gz")
VERSION_6 = Path(__file__).with_name("store_6.sqlite.gz")
VERSION_5 = Path(__file__).with_name("store_5.sqlite.gz")
VERSION_5_UNFINISHED = Path(__file__).with_name("store_5_unfinished.sqlite.gz")
"""the file of version 1 after three records of its way to version 5"""
VERSION_4 = Path(__file__).with_name("store_4.sqlite.gz")
VERSION_3 = Path(__file__).with_name("store_3.sqlite.gz")
VERSION_2 = Path(__file__).with_name("store_2.sqlite.gz")
VERSION_1 = Path(__file__).with_name("store_1.sql")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1.read_text(encoding="utf-8"))
    return path


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "BATCH", 2)


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def assert_whole(store: Store) -> None:
    """What `store_1.sql` holds, by everything that version 2 added and by what was there before."""

    def found(text: str) -> list[int]:
        rows = store.incidents(IncidentFilter(text=text)).rows
        assert store.incident_count(IncidentFilter(text=text)) == Found(len(rows))
        return [int(row.id, 16) for row in rows]

    assert found("写命令") == [4, 2, 1] and found("工程师站") == [3] and found("3e0f4a1c") == [4]
    assert found("02:00:00:00:00:66") == [3, 2, 1] and found("write_single_register") == [4, 3, 2, 1]
    incident = store.incident("sensor-1", record_id(1))
    assert incident is not None and incident.row.workflow is Workflow.CONFIRMED and len(incident.steps) == 2
    assert store.counts(CountBy.CHILD) == [Count("plant-a", 3), Count("plant-b", 1)]
    assert [(item.key, item.incidents) for item in store.counts(CountBy.WORKFLOW)] == [("new", 3), ("confirmed", 1)]
    assert [(item.key, item.incidents) for item in store.counts(CountBy.DAY)] == [("2026-11-20", 4)]
    totals = store.totals()
    assert (totals.records, totals.incidents, totals.assets, totals.pending_up) == (7, 4, 1, {"up": 7})
    (beat,) = [row.heartbeat for row in store.sensors().rows if row.heartbeat is not None]
    seen = store.coverage(1)
    assert seen.ledger is not None and (seen.ledger.received, seen.ledger.held) == (
        beat.ledger.received,
        beat.ledger.held,
    )
    assert seen.without_baseline == (beat.baseline is None)
    assert [letter.peer for letter in store.dead_letters()] == ["thief"]
    assert [row.incidents for row in store.sensors().rows] == [3] and store.health().oldest_ns is not None


def test_version_1_is_brought_to_this_one(path: Path) -> None:
    assert version_of(path) == 1
    store = open_store(path)
    assert_whole(store)
    assert version_of(path) == migrations.VERSION and check(path) == []
    store.merge([alert(2, revision=5)], "plant-a")
    store.set_workflow("sensor-b", record_id(3), Workflow.CLOSED, "li")
    assert store.incident_count(IncidentFilter(text="工程师站", workflow="new")) == Found(0)
    store.close()
    assert check(path) == []
    again = open_store(path)
    assert again.totals().incidents == 4


@pytest.mark.parametrize("after", range(1, 5))
def test_a_crash_in_the_middle_costs_nothing(
    path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    whole, calls = migrations.finish, 0

    def crash(db: sqlite3.Connection) -> int:
        nonlocal calls
        calls += 1
        percent = whole(db)
        if calls == after:
            raise KeyboardInterrupt  # within the transaction of this batch
        return percent

    monkeypatch.setattr(migrations, "finish", crash)
    with pytest.raises(KeyboardInterrupt):
        open_store(path)
    monkeypatch.setattr(migrations, "finish", whole)
    with pytest.raises(StoreError, match="start a console once"):
        check(path)
    store = open_store(path)
    assert_whole(store)
    assert check(path) == []


def test_two_that_open_at_once_share_the_work(path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch) -> None:
    real, opened = migrations.pending, False

    def looked_before_another_came(db: sqlite3.Connection) -> bool:
        nonlocal opened
        pending = real(db)
        if not opened:
            opened = True
            open_store(path).close()  # between our look and our first batch, and does it all
        return pending

    monkeypatch.setattr(migrations, "pending", looked_before_another_came)
    store = open_store(path)
    assert opened
    assert_whole(store)
    assert check(path) == []


def test_progress_is_said(path: Path, small_batches: None, caplog: pytest.LogCaptureFixture) -> None:
    open_store(path).close()
    said = [record.getMessage() for record in caplog.records]
    version = migrations.VERSION
    assert any(f"to version {version}: 0 %" in line for line in said)
    assert said[-1].endswith(f"is of version {version} now")


@pytest.fixture
def path_2(tmp_path: Path) -> Path:
    """A file as version 2 wrote it, with a record of kind `link`, which it did not know."""
    path = tmp_path / "store.sqlite"
    path.write_bytes(gzip.decompress(VERSION_2.read_bytes()))
    return path


def test_version_2_is_brought_to_this_one(path_2: Path) -> None:
    assert version_of(path_2) == 2
    store = open_store(path_2)
    assert version_of(path_2) == migrations.VERSION and check(path_2) == []
    totals = store.totals()
    assert (totals.records, totals.incidents, totals.assets, totals.links) == (9, 4, 2, 1)
    assert totals.pending_up == {"up": 9} and [letter.peer for letter in store.dead_letters()] == ["thief"]
    incident = store.incident("sensor-1", record_id(1))
    assert incident is not None and incident.row.workflow is Workflow.CONFIRMED and len(incident.steps) == 2
    # Of a station's past there is the revision that was there, and it goes on from it.
    known = store.asset("sensor-1", asset(1).id)
    assert known is not None and [past.revision for past in known.revisions] == [3]
    assert known.revisions[0].asset == known.row.asset and known.revisions[0].received_ns == known.row.received_ns
    store.merge([asset(1, revision=4), link(1)], "plant-a")
    known = store.asset("sensor-1", asset(1).id)
    assert known is not None and [past.revision for past in known.revisions] == [4, 3]
    # What was an unknown kind is no link that can be shown, and is as old as it may be: links stay.
    assert [row.link for row in store.links().rows] == [link(1).link()]
    assert store.expire(known.row.received_ns + 1000 * 86_400 * 10**9).others == 1, "the evidence"
    assert check(path_2) == []
    store.close()
    open_store(path_2).close()


@pytest.fixture
def path_3(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite"
    path.write_bytes(gzip.decompress(VERSION_3.read_bytes()))
    return path


def test_version_3_is_brought_to_this_one(path_3: Path) -> None:
    """Everything is as it was, and there is room for notices and tasks."""
    assert version_of(path_3) == 3
    store = open_store(path_3)
    assert version_of(path_3) == migrations.VERSION and check(path_3) == []
    totals = store.totals()
    assert (totals.records, totals.incidents, totals.assets, totals.links) == (25, 15, 2, 3)
    assert totals.pending_up == {"up": 25} and store.incident_count(IncidentFilter(text="写命令")).number > 0
    assert store.orders().rows == () and store.heard_from("up") == 0
    store.issue(task(1))
    store.receive([notice(2, origin="up")], "up", "here", 9)
    store.respond(receipt(notice(2, origin="up"), "here"))
    (answer,) = store.merge([receipt(task(1), "plant")], "plant")
    assert answer.status == "stored"
    store.close()
    again = open_store(path_3)
    assert len(again.orders().rows) == 2 and again.receipt_counts([("gd", task(1).id)])["gd", task(1).id].all == 1
    assert again.totals().pending_up == {"up": 26} and check(path_3) == []
    again.close()


@pytest.mark.parametrize("file", [VERSION_4, VERSION_5])
def test_versions_4_and_5_have_their_full_text_made_anew(tmp_path: Path, small_batches: None, file: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(gzip.decompress(file.read_bytes()))
    told = version_of(path) >= 5
    store = open_store(path)
    assert version_of(path) == migrations.VERSION and check(path) == []
    totals = store.totals()
    assert (totals.incidents, totals.assets, totals.links) == (4, 1, 1)
    assert totals.pending_up == {"up": totals.records - 1}, "a receipt ends here"

    def found(text: str | None = None, **where: Any) -> list[int]:
        return sorted(int(row.id, 16) for row in store.incidents(IncidentFilter(text=text, **where)).rows)

    assert found("写命令") == [1, 2, 4] and found("工程师站") == [3] and found("t0843") == [3]
    assert found("00:1c:06") == [4] and found("00:1") == [4] and found("00:1c:06:0a:00:06") == [4] == found("10.20")
    assert found(state="closed") == [1] and found("写命令", state="open", workflow="confirmed") == [2]
    techniques = store.counts(CountBy.TECHNIQUE, IncidentFilter(text="写命令"))
    assert [(count.key, count.incidents) for count in techniques] == [("T0836", 2), ("T0855", 2)]
    assert len(store.stories().rows) == len(store.suppressions()) == int(told)
    if told:
        assert found(suppressed=True) == [1, 2, 3, 4] and found(stories=(story(1).id,)) == [1, 2]
    store.merge([alert(1, revision=3), alert(9)], "plant-a")
    assert found("写命令") == [1, 2, 4, 9] and found(state="closed") == []
    store.close()
    assert check(path) == []


def test_an_upgrade_that_an_earlier_version_began_is_finished_by_this_one(tmp_path: Path, small_batches: None) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(gzip.decompress(VERSION_5_UNFINISHED.read_bytes()))
    assert version_of(path) == 5
    store = open_store(path)
    assert_whole(store)
    assert check(path) == []


@pytest.mark.parametrize(("file", "version"), [(VERSION_6, 6), (VERSION_7, 7)])
def test_versions_6_and_7_go_on_counting(tmp_path: Path, file: Path, version: int) -> None:
    """What is counted is incidents; hits were counted beside them until version 7."""
    path = tmp_path / "store.sqlite"
    path.write_bytes(gzip.decompress(file.read_bytes()))
    assert version_of(path) == version
    store = open_store(path)
    assert version_of(path) == migrations.VERSION and check(path) == []
    totals = store.totals()
    assert (totals.records, totals.incidents, totals.assets, totals.links) == (8, 4, 1, 1)
    assert totals.pending_up == {"up": 8} and store.counts(CountBy.CHILD) == [Count("plant-a", 4)]
    assert [row.count for row in store.incidents(IncidentFilter(workflow="new")).rows if row.id == record_id(1)] == [6]
    before = store.counts(CountBy.LEVEL)
    store.merge([alert(1, revision=9)], "plant-a")
    assert store.counts(CountBy.LEVEL) == before
    store.merge([alert(5)], "plant-a")
    assert sum(count.incidents for count in store.counts(CountBy.DAY)) == 5
    store.set_workflow("sensor-1", record_id(2), Workflow.CLOSED, "li")
    workflows = {count.key: count.incidents for count in store.counts(CountBy.WORKFLOW)}
    assert workflows == {"new": 4, "closed": 1}
    store.close()
    assert check(path) == []
