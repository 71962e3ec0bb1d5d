"""A console that sums up the heartbeats below it: its parent sees the same numbers, whatever the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.store import NodeFilter, Silence, open_store
from console.store.sqlite import SqliteStore
from console.summed import heartbeat_of
from sensor.schema import Record
from tests.console.store.conftest import Open
from tests.federation.line_records import FIRST_NS, SECOND, alert, heartbeat

SILENT_NS = 100 * SECOND


def sum_of(number: int, silent: int = 0, revision: int = 1, origin: str = "guangdong", **below: Any) -> Record:
    beat = heartbeat(900, revision=revision, origin=origin, received=min(2**63 - 1, 1000 * number))
    told = {"sensors": number, "silent": silent, "without_baseline": 1, **below}
    return replace(beat, body={**beat.body, "below": told})


def test_the_parent_sees_what_the_console_sees(reopen: Open, tmp_path: Path) -> None:
    """Before, it had each heartbeat itself: the numbers of its overview are the same with the sum."""
    below = open_store(tmp_path / "below.sqlite")
    assert isinstance(below, SqliteStore)
    learned = heartbeat(1, origin="sensor-a", received=70)
    beats = [
        (heartbeat(number, origin=f"sensor-{number}", received=100 * number), 50 * number) for number in range(1, 8)
    ]
    beats.append((replace(learned, body={**learned.body, "baseline": {"id": "b1"}}), 300))
    whole = reopen()
    for record, second in beats:
        for store, child in ((below, "plant"), (whole, "guangdong")):
            store._clock_ns = lambda second=second: FIRST_NS + second * SECOND  # type: ignore[attr-defined]
            store.merge([record], child)
    now_ns = FIRST_NS + 360 * SECOND
    before = whole.coverage(now_ns - SILENT_NS)
    assert 0 < before.silent_sensors < before.sensors == 8
    whole._clock_ns = lambda: now_ns  # type: ignore[attr-defined]
    whole.merge([heartbeat_of(below.coverage(now_ns - SILENT_NS), "guangdong", now_ns)], "guangdong")
    assert whole.coverage(now_ns - SILENT_NS) == before
    assert whole.children().rows[0].sensors == 8 and whole.children().rows[0].received == sum(
        record.body["ledger"]["received"] for record, _ in beats
    )
    # What came before the console began to sum up is told no more.
    assert [row.name for row in whole.sensors().rows] == ["guangdong"]
    below.close()
    whole.close()


def test_sums_stand_beside_sensors_of_others(reopen: Open) -> None:
    store = reopen()
    moment = FIRST_NS
    store._clock_ns = lambda: moment  # type: ignore[attr-defined]
    store.merge([heartbeat(1), heartbeat(2, origin="sensor-2")], "hunan")
    store.merge([sum_of(30, 2, silent_names=["a-1", "z-9"])], "guangdong")
    store.merge([sum_of(5, origin="city-1"), sum_of(6, origin="city-2")], "jiangsu")
    seen = store.coverage(FIRST_NS - SILENT_NS)
    assert (seen.sensors, seen.silent_sensors, seen.silent_names) == (43, 2, ("a-1", "z-9"))
    assert seen.without_baseline == 2 + 3 and seen.ledger is not None and seen.ledger.received == 41_000 + 200
    assert {row.name: row.sensors for row in store.children().rows} == {"guangdong": 30, "hunan": 2, "jiangsu": 11}
    # One that is silent itself: all behind it are.
    moment += 10 * SILENT_NS
    store.merge([sum_of(31, 1, revision=2, silent_names=["a-1"])], "guangdong")
    seen = store.coverage(moment - SILENT_NS)
    assert (seen.sensors, seen.silent_sensors) == (44, 1 + 2 + 11)
    assert seen.silent_names == ("a-1", "city-1", "city-2", "sensor-1", "sensor-2")
    where = NodeFilter(silence=Silence.FIRST, silent_before_ns=moment - SILENT_NS)
    assert [row.name for row in store.sensors(where).rows] == ["city-1", "city-2", "sensor-1", "sensor-2", "guangdong"]
    store.close()


def test_a_child_is_heard_in_the_way_in_which_it_spoke_last(reopen: Open) -> None:
    store = reopen()
    for second, record in enumerate(
        [
            heartbeat(1, received=50),
            heartbeat(2, origin="sensor-2", received=60),
            sum_of(3),
            heartbeat(1, 2, received=70),
        ]
    ):
        store._clock_ns = lambda second=second: FIRST_NS + second * SECOND  # type: ignore[attr-defined]
        store.merge([record], "guangdong")
        seen, rows = store.coverage(FIRST_NS - SILENT_NS), store.sensors().rows
        told = (seen.sensors, 0 if seen.ledger is None else seen.ledger.received, len(rows))
        assert told == [(1, 50, 1), (2, 110, 2), (3, 3000, 1), (2, 130, 2)][second]
        assert store.children().rows[0].sensors == seen.sensors
    store.close()


def test_what_a_stranger_sums_up_breaks_nothing(reopen: Open) -> None:
    store = reopen()
    most = 2**63 - 1
    store.merge([sum_of(most, most, without_baseline=most, silent_names=["x"] * 5000)], "a")
    store.merge([sum_of(most, most, origin="b")], "b")
    seen = store.coverage(0)
    assert seen.sensors == seen.silent_sensors == seen.without_baseline == most and len(seen.silent_names) <= 20
    assert len(store.children().rows) == 2
    (refused,) = store.merge([sum_of(1, -1, origin="c")], "c")
    assert str(refused.status) == "rejected" and "silent" in refused.reason
    store.close()


@pytest.mark.parametrize("sums_up", [False, True])
def test_heartbeats_go_up_only_where_they_are_not_summed(reopen: Open, sums_up: bool) -> None:
    store = reopen(sums_up=sums_up)
    assert [str(answer.status) for answer in store.merge([heartbeat(1), alert(1)], "plant")] == ["stored", "stored"]
    assert store.totals().pending_up == {"up": 1 if sums_up else 2}
    assert len(store.latest()) == 2
    store.close()
