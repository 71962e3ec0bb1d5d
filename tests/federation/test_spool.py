"""The queue on disk: what is kept, replaced, given up and refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from federation import spool_tables
from federation.spool import Spool, SpoolError, SpoolFull, Verdict
from sensor.schema import Level, Record, RecordError
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


def test_what_was_appended_is_there_after_a_restart(path: Path) -> None:
    spool = Spool(path, ["a"])
    assert spool.append([alert(1), alert(2)]) == 2
    # No close: what append acknowledged must not need one.
    again = Spool(path, ["a"])
    assert numbers(again) == [(1, 1), (2, 1)]
    assert Record.from_bytes(again.take("a")[0].body) == alert(1)


def test_commits_are_synchronous_in_a_write_ahead_log(path: Path) -> None:
    spool = Spool(path, ["a"])
    assert spool._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert spool._db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_newer_revision_replaces_one_that_waits_in_its_place(path: Path) -> None:
    spool = Spool(path, ["a"])
    spool.append([alert(1), alert(2)])
    assert spool.append([alert(1, revision=3)]) == 1
    assert numbers(spool) == [(1, 3), (2, 1)]
    assert spool.state()["pending"] == 2


def test_a_newer_revision_of_what_was_answered_goes_to_the_end(path: Path) -> None:
    spool = Spool(path, ["a"])
    spool.append([alert(1), alert(2)])
    spool.answer("a", [Verdict(spool.take("a")[0])])
    spool.append([alert(3), alert(1, revision=2)])
    assert numbers(spool) == [(2, 1), (3, 1), (1, 2)]


@pytest.mark.parametrize("revision", [1, 2])
def test_an_old_or_equal_revision_changes_nothing(path: Path, revision: int) -> None:
    spool = Spool(path, ["a"])
    spool.append([alert(1, revision=2)])
    assert spool.append([alert(1, revision=revision)]) == 0
    answer_all(spool)
    assert spool.append([alert(1, revision=revision)]) == 0
    assert numbers(spool) == []
    assert spool.latest() == {alert(1, revision=2).key}


def test_an_answer_counts_only_for_the_revision_it_names(path: Path) -> None:
    spool = Spool(path, ["a"])
    spool.append([alert(1)])
    under_way = spool.take("a")
    spool.append([alert(1, revision=2)])
    spool.answer("a", [Verdict(item) for item in under_way])
    assert numbers(spool) == [(1, 2)]


def test_a_record_stays_until_every_parent_answered(path: Path) -> None:
    spool = Spool(path, ["a", "b"])
    spool.append([alert(1)])
    assert answer_all(spool, "a") == 1
    assert (spool.pending("a"), spool.pending("b")) == (0, 1)
    assert spool.state()["pending_bytes"] > 0
    assert answer_all(spool, "b") == 1
    assert spool.state() == {"pending": 0, "pending_bytes": 0, "dropped": {}}


def test_a_new_parent_is_owed_what_waits_and_a_removed_one_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(path, ["a"])
    spool.append([alert(1), alert(2)])
    spool.answer("a", [Verdict(spool.take("a")[0])])
    spool.close()
    both = Spool(path, ["a", "b"])
    assert numbers(both, "b") == [(2, 1)]
    both.close()
    only_b = Spool(path, ["b"])
    assert "a is no parent any more: 1 records" in caplog.text
    assert answer_all(only_b, "b") == 1
    assert only_b.state()["pending_bytes"] == 0


def test_a_rejected_record_goes_to_the_dead_letters_and_can_be_revived(path: Path) -> None:
    spool = Spool(path, ["a"])
    spool.append([alert(1), alert(2)])
    first, second = spool.take("a")
    spool.answer("a", [Verdict(first, "body: wrong"), Verdict(second)])
    assert [(dead.key, dead.reason) for dead in spool.dead_letters()] == [(alert(1).key, "body: wrong")]
    assert spool.pending("a") == 0
    assert spool.parent("a").refused == 1
    assert spool.revive("a") == 1
    assert numbers(spool) == [(1, 1)]
    assert spool.dead_letters() == []
    assert answer_all(spool) == 1
    assert spool.state()["pending_bytes"] == 0


def test_a_dead_letter_that_a_newer_revision_overtook_is_not_sent_again(path: Path) -> None:
    spool = Spool(path, ["a"])
    spool.append([alert(1)])
    answer_all(spool, rejected="no")
    spool.append([alert(1, revision=2)])
    spool.revive("a")
    assert numbers(spool) == [(1, 2)]


def test_dead_letters_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_tables, "KEEP_DEAD_LETTERS", 3)
    spool = Spool(path, ["a"])
    spool.append([alert(number) for number in range(1, 8)])
    answer_all(spool, rejected="no")
    assert [int(dead.key[1], 16) for dead in spool.dead_letters()] == [7, 6, 5, 4][:3]


def test_receipts_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_tables, "KEEP_RECEIPTS", 3)
    spool = Spool(path, ["a"])
    spool.append([alert(number) for number in range(1, 8)])
    answer_all(spool)
    assert {int(key[1], 16) for key in spool.latest()} == {5, 6, 7}


def test_deferred_records_wait_behind_the_others(path: Path) -> None:
    spool = Spool(path, ["a"])
    spool.append([alert(1), alert(2), alert(3)])
    spool.defer("a", spool.take("a", limit=2))
    assert numbers(spool) == [(3, 1), (1, 1), (2, 1)]


def test_take_is_bounded_in_records_and_bytes(path: Path) -> None:
    spool = Spool(path, ["a"])
    spool.append([alert(number) for number in range(1, 11)])
    size = len(alert(1).to_bytes())
    assert len(spool.take("a", limit=4)) == 4
    assert len(spool.take("a", max_bytes=3 * size + 10)) == 3
    assert len(spool.take("a", max_bytes=1)) == 1


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


def test_without_a_parent_nothing_is_queued(path: Path) -> None:
    spool = Spool(path, [])
    assert spool.append([alert(1)]) == 0
    assert spool.latest() == set()


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
