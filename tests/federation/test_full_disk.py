"""A full disk at the spool: said in one line, nothing acknowledged is lost, and it drains by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from federation.spool import Spool, SpoolFull, Verdict
from sensor.schema import Key
from tests.federation.line_records import alert
from tests.federation.small_disk import fill, small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as folder:
        yield folder


def append_until_full(spool: Spool) -> set[Key]:
    """What was acknowledged before the disk was full."""
    acknowledged: set[Key] = set()
    for number in range(1, 200_000):
        batch = [alert(number * 10 + extra) for extra in range(3)]
        try:
            spool.append(batch)
        except SpoolFull as error:
            assert "\n" not in str(error)
            assert "the disk is full; free some space" in str(error)
            return acknowledged
        acknowledged |= {record.key for record in batch}
    raise AssertionError("the disk never became full")


def test_nothing_acknowledged_is_lost(disk: Path) -> None:
    spool = Spool(disk / "spool.sqlite", ["a"])
    acknowledged = append_until_full(spool)
    assert len(acknowledged) > 100
    assert spool.latest() == acknowledged
    spool.close()
    again = Spool(disk / "spool.sqlite", ["a"])
    assert again.latest() == acknowledged


def test_a_full_spool_drains_and_takes_records_again(disk: Path) -> None:
    spool = Spool(disk / "spool.sqlite", ["a"])
    acknowledged = append_until_full(spool)
    sent: set[Key] = set()
    while batch := spool.take("a", limit=100):
        spool.answer("a", [Verdict(item) for item in batch])
        sent |= {item.key for item in batch}
    assert sent == acknowledged
    assert spool.append([alert(1)]) == 1


def test_room_made_by_a_person_is_used_at_once(disk: Path) -> None:
    spool = Spool(disk / "spool.sqlite", ["a"])
    spool.append([alert(1)])
    filler = fill(disk)
    big = [alert(number, fields={"note": "x" * 100_000}) for number in range(2, 60)]
    with pytest.raises(SpoolFull):
        spool.append(big)
    assert spool.latest() == {alert(1).key}
    filler.unlink()
    assert spool.append(big[:10]) == 10
