"""The embedded store's file over the years: it grows, fills the disk, is damaged, is saved and brought back."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from console.store import CountBy, Remark, StoreError, StoreFull, Workflow, open_store
from console.store.backup import back_up, restore
from console.store.check import check
from console.store.damage import lock_shared, set_aside_before
from console.store.retention import DAY_NS
from console.store.sqlite import SqliteStore
from tests.federation.line_records import SECOND, alert, asset, evidence, record_id
from tests.federation.small_disk import fill, small_disk

MB = 2**20
NOW_NS = 1_795_154_400 * SECOND


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


class Days:
    """A clock somebody turns, and a disk somebody fills."""

    def __init__(self) -> None:
        self.now_ns = NOW_NS
        self.room = 10_000 * MB

    def open(self, path: Path, **more: Any) -> SqliteStore:
        return SqliteStore(path, clock_ns=lambda: self.now_ns, room=lambda folder: self.room, **more)


def test_only_what_is_older_goes_and_all_that_belongs_to_it(path: Path) -> None:
    days = Days()
    store = days.open(path)
    for number in range(10):
        days.now_ns = NOW_NS + number * DAY_NS
        store.merge([alert(number), evidence(number)], "plant")
    store.set_workflow("sensor-1", record_id(0), Workflow.TRIAGE, "li")  # day 9: looked at, so it is young again
    store.merge([alert(1, revision=7)], "plant")
    expired = store.expire(NOW_NS + (180 + 4) * DAY_NS + 1)
    assert (expired.incidents, expired.others, expired.done) == (3, 5, True)
    assert expired.oldest_before_ns == NOW_NS + 2 * DAY_NS and expired.oldest_after_ns == NOW_NS + 5 * DAY_NS
    assert sorted(int(row.id, 16) for row in store.incidents().rows) == [0, 1, 5, 6, 7, 8, 9]
    assert check(path) == []
    with closing(sqlite3.connect(path)) as db:
        for table in ("revision", "decision", "step", "age"):
            stray = f"SELECT count(*) FROM {table} WHERE number NOT IN (SELECT number FROM record)"
            assert db.execute(stray).fetchone() == (0,), table
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert days.open(path).health().expired == expired


def test_no_setting_keeps_less_than_the_law_asks(path: Path) -> None:
    with pytest.raises(StoreError, match="at least 180 days; 179 is too few"):
        open_store(path, keep_days=179)
    store = Days().open(path, keep_days=365)
    store.merge([alert(1)], "plant")
    assert store.expire(NOW_NS + 364 * DAY_NS).incidents == 0
    assert store.expire(NOW_NS + 366 * DAY_NS).incidents == 1


def test_a_long_run_lets_others_write_and_goes_on_the_next_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.store.retention.BATCH", 2)
    monkeypatch.setattr("console.store.retention.MAX_BATCHES", 3)
    store = Days().open(path)
    store.merge([alert(number) for number in range(10)], "plant")
    later = NOW_NS + 200 * DAY_NS
    first, second = store.expire(later), store.expire(later)
    assert (first.incidents, first.done, second.incidents, second.done) == (6, False, 4, True)
    assert store.expire(later).done
    store.merge([alert(number) for number in range(10)], "plant")
    written: list[int] = []
    thread = threading.Thread(target=lambda: written.extend(store.expire(later).incidents for _ in range(2)))
    thread.start()
    store.merge([alert(99)], "plant")
    thread.join()
    assert sum(written) >= 10 and check(path) == []


def test_under_pressure_evidence_goes_first_and_no_alert_that_is_young(path: Path) -> None:
    days = Days()
    store = days.open(path, keep_free_bytes=100 * MB)
    store.merge([alert(1), evidence(1), asset(1)], "plant")
    assert store.expire(NOW_NS + DAY_NS).others == 0
    days.room = 150 * MB
    expired = store.expire(NOW_NS + DAY_NS)
    assert (expired.incidents, expired.others) == (0, 1)
    assert {key[1] for key in store.latest()} == {record_id(1), asset(1).id} and check(path) == []


def test_growth_tells_thirty_days_ahead_when_the_disk_is_full(path: Path) -> None:
    days = Days()
    store = days.open(path, keep_free_bytes=0)
    for day in range(15):
        days.now_ns = NOW_NS + day * DAY_NS
        store.merge([alert(day * 100 + number) for number in range(100)], "plant")
        store.expire(days.now_ns)
        health = store.health()
        assert (health.growth_bytes_per_day is None) == (day < 7)
    assert health.growth_bytes_per_day is not None and 10_000 < health.growth_bytes_per_day < MB
    assert health.remarks == () and health.full_at_ns is not None
    for left, warned in ((31, False), (29, True), (3, True)):
        days.room = health.growth_bytes_per_day * left + 1000
        remarks = store.health().remarks
        assert [remark.code for remark in remarks] == (["filling"] if warned else [])
        assert not warned or int(remarks[0].parameters["days"]) in (left - 1, left)


def test_before_the_disk_is_full_nothing_more_is_acknowledged(path: Path) -> None:
    days = Days()
    store = days.open(path, keep_free_bytes=100 * MB)
    store.merge([alert(1)], "plant")
    days.room = 99 * MB
    with pytest.raises(StoreFull, match="less than 100 MB are free") as caught:
        store.merge([alert(2)], "plant")
    assert "\n" not in str(caught.value)
    assert store.health().remarks == (Remark("full", {"free_mb": 99}),)
    store.set_workflow("sensor-1", record_id(1), Workflow.TRIAGE, "li")  # people go on
    days.room = 101 * MB
    assert [str(answer.status) for answer in store.merge([alert(2)], "plant")] == ["stored"]


def test_a_disk_that_is_really_full_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 16) as disk:
        store = SqliteStore(disk / "store.sqlite", keep_free_bytes=0)
        stored = 0
        fill(disk, 2 * MB)
        with pytest.raises(StoreFull, match="disk is full"):
            for start in range(0, 100_000, 50):
                store.merge([alert(number) for number in range(start, start + 50)], "plant")
                stored = start + 50
        assert stored and store.totals().incidents == stored
        store.close()
        assert SqliteStore(disk / "store.sqlite", keep_free_bytes=0).totals().incidents == stored


def test_a_damaged_file_is_set_aside_and_said_until_it_is_read(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b"no database" * 1000)
    path.with_name("store.sqlite-wal").write_bytes(b"its log")
    store = open_store(path)
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.ERROR]
    (aside,) = set_aside_before(path)
    assert aside.read_bytes() == b"no database" * 1000
    assert aside.with_name(aside.name + "-wal").read_bytes() == b"its log"
    assert store.health().remarks == (Remark("damaged", {"path": str(aside)}, True),)
    assert [str(answer.status) for answer in store.merge([alert(1)], "plant")] == ["stored"]
    store.close()
    again = open_store(path)
    assert [remark.code for remark in again.health().remarks] == ["damaged"]
    assert again.acknowledge("damaged") and again.health().remarks == () and not again.acknowledge("damaged")
    again.close()
    assert open_store(path).health().remarks == () and aside.exists()


def test_a_file_with_a_damaged_page_is_set_aside(path: Path) -> None:
    store = open_store(path)
    store.merge([alert(number) for number in range(300)], "plant")
    store.close()
    content = bytearray(path.read_bytes())
    for page in range(10, 60):
        content[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    path.write_bytes(content)
    assert open_store(path).totals().incidents == 0
    assert len(set_aside_before(path)) == 1


def test_a_damaged_file_that_a_console_has_open_is_left_alone(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)
    with closing(lock_shared(path)), pytest.raises(StoreError, match="in use by a running console"):
        open_store(path)
    assert path.read_bytes() == b"no database" * 1000 and set_aside_before(path) == []


def test_a_large_file_is_checked_behind_the_screens(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("federation.database.CHECK_BELOW_BYTES", 0)
    store = SqliteStore(path)
    store.merge([alert(number) for number in range(300)], "plant")
    assert store.check_file() is None and store.health().remarks == ()
    store.close()
    with closing(sqlite3.connect(path)) as db:
        (page,) = db.execute("SELECT pageno FROM dbstat WHERE name = 'revision' AND pagetype = 'leaf'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    store = SqliteStore(path)
    finding = store.check_file()
    assert finding is not None and "\n" not in finding
    assert [remark.code for remark in store.health().remarks] == ["unsound"]
    assert store.acknowledge("unsound") and store.health().remarks == ()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE tally SET incidents = incidents + 1 WHERE dimension = 'child'", "tally: child plant"),
        ("DELETE FROM rollup WHERE dimension = 'child'", "rollup: child plant"),
        ("INSERT INTO search (rowid, tokens) VALUES (9, '命令')", "full text: 命令"),
        ("DELETE FROM age WHERE number = 1", "ages: 1 records"),
        ("DELETE FROM tally WHERE dimension = 'kind'", "tally: kind alert"),
        ("UPDATE incident SET count = 99 WHERE number = 1", "revisions: 1 incidents"),
        ("UPDATE incident SET protocol = 's7comm' WHERE number = 1", "tally: protocol"),
    ],
)
def test_the_deep_check_finds_what_does_not_agree(path: Path, sql: str, said: str) -> None:
    store = open_store(path)
    store.merge([alert(number) for number in range(5)], "plant")
    assert check(path) == []
    with closing(sqlite3.connect(path)) as db:
        db.execute(sql)
        db.commit()
    found = check(path)
    assert any(line.startswith(said) for line in found), found
    store.close()


def test_a_backup_while_records_come_is_of_one_moment(path: Path, tmp_path: Path) -> None:
    store = open_store(path, parents=["up"])
    store.merge([alert(number) for number in range(200)], "plant")
    stop = threading.Event()

    def work() -> None:
        number = 1000
        while not stop.is_set():
            store.merge([alert(number + extra) for extra in range(5)], "plant")
            number += 5

    thread = threading.Thread(target=work)
    thread.start()
    said: list[int] = []
    try:
        saved = back_up(path, tmp_path / "saved.sqlite", said.append)
    finally:
        stop.set()
        thread.join()
    store.close()
    assert said[-1] == 100 and saved.incidents >= 200 and not (tmp_path / "saved.sqlite.part").exists()
    assert (saved.path.stat().st_mode & 0o777) == 0o600
    elsewhere = tmp_path / "elsewhere" / "store.sqlite"
    assert restore(saved.path, elsewhere) is None
    back = open_store(elsewhere, parents=["up"])
    assert back.totals().incidents == saved.incidents == back.totals().pending_up["up"]
    assert check(elsewhere) == []


def test_a_restore_keeps_what_it_replaces_and_refuses_under_a_console(path: Path, tmp_path: Path) -> None:
    store = open_store(path)
    store.merge([alert(1)], "plant")
    saved = back_up(path, tmp_path / "saved.sqlite")
    store.merge([alert(2)], "plant")
    with pytest.raises(StoreError, match="in use by a running console"):
        restore(saved.path, path)
    assert store.totals().incidents == 2
    store.close()
    replaced = restore(saved.path, path)
    assert replaced is not None and replaced.name.startswith("store.sqlite.replaced-")
    assert open_store(path).totals().incidents == 1
    assert open_store(replaced).totals().incidents == 2


def test_a_backup_never_overwrites_and_needs_a_store(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store here"):
        back_up(path, tmp_path / "saved.sqlite")
    open_store(path).close()
    (tmp_path / "saved.sqlite").write_text("mine")
    with pytest.raises(StoreError, match="exists already"):
        back_up(path, tmp_path / "saved.sqlite")
    with pytest.raises(StoreError, match=r"No such file"):
        back_up(path, tmp_path / "nowhere" / "saved.sqlite")
    assert (tmp_path / "saved.sqlite").read_text() == "mine"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("PRAGMA user_version = 99", "newer Otus \\(store version 99"),
        ("DROP TABLE step", "is no store of a console"),
        (None, "damaged"),
    ],
)
def test_what_is_no_backup_replaces_nothing(path: Path, tmp_path: Path, sql: str | None, said: str) -> None:
    open_store(path).close()
    saved = back_up(path, tmp_path / "saved.sqlite").path
    if sql is None:
        saved.write_bytes(b"x" * 9000)
    else:
        with closing(sqlite3.connect(saved)) as db:
            db.execute(sql)
            db.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=said) as caught:
        restore(saved, path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before and not list(path.parent.glob("*.replaced-*"))


def test_a_killed_writer_leaves_counts_and_words_as_whole_as_records(path: Path) -> None:
    work = f"""
import itertools
from pathlib import Path
from console.store import open_store
from tests.federation.line_records import alert
store = open_store(Path({str(path)!r}))
for start in itertools.count(0, 20):
    store.merge([alert(number, revision=start + 1) for number in range(start // 2, start // 2 + 20)], "plant")
    print(start, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", work], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(15):
        process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    store = open_store(path)
    assert store.totals().incidents >= 160 and check(path) == []
    assert sum(item.incidents for item in store.counts(CountBy.LEVEL)) == store.totals().incidents


def test_the_log_begins_anew_while_a_batch_follows_the_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written back by the thread beside the writer, which has no moment without a batch."""
    monkeypatch.setattr("console.store.writeback.ROWS", 1)
    monkeypatch.setattr("console.store.writeback.LOG_PAGES", 100)
    monkeypatch.setattr("console.store.file.LONGEST_LOG_PAGES", 10**6)
    store = SqliteStore(path)
    log, written = path.with_name(f"{path.name}-wal"), 0
    for start in range(0, 4000, 20):
        store.merge([alert(number) for number in range(start, start + 20)], "plant")
        written += 20 * 4096  # at the least: each record, its words and its indices
    assert log.stat().st_size < written / 2 and path.stat().st_size > 2 * MB
    store.close()
    assert not log.exists() and check(path) == []
    assert SqliteStore(path).totals().incidents == 4000
