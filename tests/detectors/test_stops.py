"""A conversation that is silent: a note while it may be a restart, an alarm when it lasts, whatever the batches are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from detectors.alerts import Analyst
from detectors.baseline.describe import describe
from detectors.stops import RESTART_NS, RESUMED, STOPPED
from sensor.schema import Level, Record
from tests.detectors.test_alerts import LEDGER, SECOND, Hit

START = 1_000_000 * SECOND


class About(Hit):
    """A finding about the rhythm of a poll."""

    def params(self) -> dict[str, Any]:
        return {"operation_class": "read", "silent_link": 1, "silent_ns": 3 * SECOND}


class Batch:
    windows: tuple[()] = ()
    ledger = LEDGER
    done = False

    def __init__(self, hits: Sequence[Hit], now_ns: int) -> None:
        self.hits, self.now_ns = list(hits), now_ns


def hit(cause: str, fold: int, ts_ns: int) -> Hit:
    return About(cause=cause, fold=fold, first_ns=ts_ns, last_ns=ts_ns, id=f"{fold:032x}", frame=None)


def analyst() -> Analyst:
    return Analyst("one", "default", {"period": describe})


def level(records: Sequence[Record], fold: int = 1) -> str:
    latest = max((one for one in records if one.id == f"{fold:032x}"), key=lambda one: one.revision)
    return str(latest.body["level"])


@pytest.mark.parametrize(("seconds", "wanted"), [(23, "low"), (299, "low"), (300, "medium"), (4000, "medium")])
@pytest.mark.parametrize("batches", ["one", "many"])
def test_what_is_back_soon_was_a_restart(seconds: int, wanted: str, batches: str) -> None:
    own, records = analyst(), list[Record]()
    hits = [hit(STOPPED, 1, START), hit(RESUMED, 2, START + seconds * SECOND)]
    if batches == "one":
        records += own.take(Batch(hits, START + 5000 * SECOND))  # type: ignore[arg-type]
    else:
        for now in range(0, 5000, 7):
            now_ns = START + now * SECOND
            due = [one for one in hits if now_ns - 7 * SECOND < one.first_ns <= now_ns]
            records += own.take(Batch(due, now_ns))  # type: ignore[arg-type]
    assert level(records) == wanted
    assert level(records, 2) == "notice"


def told(own: Analyst, batch: Batch) -> list[Record]:
    """Of what is told the alerts, without their story."""
    return [record for record in own.take(batch) if record.kind == "alert"]  # type: ignore[arg-type]


def test_what_never_comes_back_is_graver_and_is_told_once() -> None:
    own = analyst()
    first = told(own, Batch([hit(STOPPED, 1, START)], START))
    assert level(first) == "low" and "restarting" in first[0].body["title"]["en"]
    assert told(own, Batch([], START + RESTART_NS - 1)) == []
    (later,) = told(own, Batch([], START + RESTART_NS))
    assert (later.body["level"], later.revision) == ("medium", first[0].revision + 1)
    assert told(own, Batch([], START + 2 * RESTART_NS)) == []


def test_a_restart_of_the_sensor_forgets_no_silence() -> None:
    own = analyst()
    own.take(Batch([hit(STOPPED, 1, START)], START))  # type: ignore[arg-type]
    kept = json.loads(json.dumps(own.remember()()))
    again = analyst()
    again.recall(kept, [1])
    (later,) = told(again, Batch([], START + RESTART_NS))
    assert later.body["level"] == str(Level.MEDIUM)


def test_a_poll_that_stops_alone_is_no_restart() -> None:
    alone = hit(STOPPED, 1, START)
    object.__setattr__(alone, "params", lambda: {"operation_class": "read", "silent_link": 0})
    said = describe(alone)
    assert said.level is Level.MEDIUM and said.title.en == "Poll stopped"
