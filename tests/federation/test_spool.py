"""The queue in a file: what is given up and refused, and what is wrong with a file. All else: `test_queue.py`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from federation.spool import Spool, SpoolError, SpoolFull, Verdict
from sensor.schema import Level, RecordError
from tests.federation.line_records import alert, asset, heartbeat


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.sqlite"


def answer_all(spool: Spool, parent: str = "a", rejected: str | None = None) -> int:
    done = 0
    for _ in range(100):
        batch = spool.take(parent)
        spool.answer(parent, [Verdict(item, rejected) for item in batch])
        done += len(batch)
    return done


def numbers(spool: Spool, parent: str = "a") -> list[tuple[int, int]]:
    return [(int(item.key[1], 16), item.key[2]) for item in spool.take(parent)]


def test_commits_are_synchronous_in_a_write_ahead_log(path: Path) -> None:
    spool = Spool(path, ["a"])
    assert spool._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert spool._db.execute("PRAGMA synchronous").fetchone() == (2,)


def full_text(kilobytes: int) -> dict[str, str]:
    return {"note": "x" * kilobytes * 1024}


def test_a_sensor_gives_up_the_least_severe_first_and_counts_it(path: Path) -> None:
    spool = Spool(path, ["a"], max_mb=1)
    levels = [Level.CRITICAL, Level.NOTICE, Level.LOW, Level.NOTICE]
    big = [alert(number, level=level, fields=full_text(240)) for number, level in enumerate(levels, 1)]
    spool.append([asset(1), *big, heartbeat(1)])
    assert spool.state()["dropped"] == {}
    spool.append([alert(9, level=Level.HIGH, fields=full_text(240))])
    assert spool.state()["dropped"] == {"asset": 1, "notice": 1}
    assert [number for number, _ in numbers(spool)] == [1, 3, 4, 2 * 10**6 + 1, 9]
    assert spool.state()["pending_bytes"] <= 2**20


def test_the_incoming_record_goes_if_it_is_the_least_severe(path: Path) -> None:
    spool = Spool(path, ["a"], max_mb=1)
    spool.append([alert(number, level=Level.CRITICAL, fields=full_text(250)) for number in range(1, 5)])
    spool.append([alert(9, level=Level.NOTICE, fields=full_text(250))])
    assert [number for number, _ in numbers(spool)] == [1, 2, 3, 4]
    assert spool.state()["dropped"] == {"notice": 1}


def test_the_newest_heartbeat_is_never_given_up(path: Path) -> None:
    spool = Spool(path, ["a"], max_mb=1)
    spool.append([heartbeat(1), heartbeat(2)])
    spool.append([alert(number, level=Level.CRITICAL, fields=full_text(250)) for number in range(1, 6)])
    assert next(number for number, _ in numbers(spool)) == 2 * 10**6 + 2
    assert spool.state()["dropped"] == {"heartbeat": 1, "critical": 1}


def test_a_console_refuses_instead_of_giving_up(path: Path) -> None:
    spool = Spool(path, ["a"], max_mb=1, may_drop=False)
    spool.append([alert(1, level=Level.NOTICE, fields=full_text(600))])
    with pytest.raises(SpoolFull, match="spool_max_mb"):
        spool.append([alert(2, fields=full_text(600))])
    assert numbers(spool) == [(1, 1)]
    assert answer_all(spool) == 1
    assert spool.append([alert(2, fields=full_text(600))]) == 1


def test_a_batch_with_an_unwritable_record_is_refused_whole(path: Path) -> None:
    spool = Spool(path, ["a"])
    for wrong in ({"x": float("nan")}, {"x": "\ud800"}, full_text(1100)):
        with pytest.raises(RecordError):
            spool.append([alert(1), alert(2, fields=wrong)])
    assert numbers(spool) == []


@pytest.mark.parametrize("damage", ["head", "middle", "text"])
def test_a_damaged_file_is_one_clear_line(path: Path, damage: str) -> None:
    spool = Spool(path, ["a"])
    spool.append([alert(number) for number in range(1, 200)])
    spool._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spool.close()
    content = bytearray(path.read_bytes())
    if damage == "text":
        content = bytearray(b"this is not a database, it is a letter to the plant's engineer" * 100)
    else:
        start = 0 if damage == "head" else 4096 * 3
        content[start : start + 8192] = b"\xa5" * 8192
    path.write_bytes(content)
    with pytest.raises(SpoolError, match=r"spool\.sqlite: .*damaged.*start again") as caught:
        Spool(path, ["a"])
    assert "\n" not in str(caught.value)


def test_a_newer_spool_is_refused_and_left_alone(path: Path) -> None:
    Spool(path, ["a"]).close()
    db = sqlite3.connect(path)
    db.execute("UPDATE spool_meta SET value = 99 WHERE key = 'version'")
    db.commit()
    db.close()
    with pytest.raises(SpoolError, match="newer Otus"):
        Spool(path, ["a"])


def test_a_folder_that_does_not_exist_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="does the folder exist"):
        Spool(tmp_path / "missing" / "spool.sqlite", ["a"])
