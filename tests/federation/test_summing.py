"""One heartbeat for all sensors below: told to a parent in its own words, and never a reason to stop."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest

from console.store import StoreError
from console.store.rows import Coverage
from console.summed import HOUR_NS, heartbeat_of
from federation.parent import Parent
from federation.summing import Summing
from federation.uplink import Pace
from sensor.schema import Ledger, Record
from sensor.schema.batch import check_record
from tests.federation.line_records import FIRST_NS, SECOND

GD = Parent("gd", "https://gd.example", "gd-secret")
PACE = Pace(idle_s=0.02, sums_s=60)
SEEN = Coverage(30_000, 3, ("a-1", "b-2", "c-3"), 12, Ledger(90, 61, {"all": 28}, {"all": 1}), 24, 1, ("foshan",))


def told(name: str, now_ns: int = FIRST_NS) -> Record:
    return heartbeat_of(SEEN, name, now_ns)


def summing(answering: Any, tell: Any = told, name: str | None = "guangdong") -> Summing:
    return Summing([GD], tell, lambda parent: name, pace=PACE, transport=httpx.MockTransport(answering))


def taken(request: httpx.Request, status: str = "stored", reason: str = "") -> httpx.Response:
    record = json.loads(request.content)["records"][0]
    key = {name: record[name] for name in ("origin", "id", "revision")}
    return httpx.Response(200, json={"results": [{**key, "status": status, "reason": reason}]})


def test_what_it_tells_is_a_heartbeat_that_every_tier_takes() -> None:
    asked: list[httpx.Request] = []

    def answering(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return taken(request)

    assert summing(answering).tell_once(GD) == 60
    (request,) = asked
    assert request.url.path == "/api/v1/batches" and request.headers["Authorization"] == "Bearer gd-secret"
    record = check_record(json.loads(request.content)["records"][0])
    beat = record.heartbeat()
    assert (record.origin, beat.sensor) == ("guangdong", "guangdong") and beat.to_json() == record.body
    assert beat.ledger == SEEN.ledger and beat.ledger.balanced
    assert beat.below is not None and beat.below.to_json() == {
        "sensors": 30_000, "silent": 3, "without_baseline": 12, "silent_names": ["a-1", "b-2", "c-3"],
        "children": 24, "silent_children": 1, "silent_child_names": ["foshan"],
    }  # fmt: skip


def test_it_is_a_record_an_hour_whose_revisions_grow() -> None:
    start_ns = FIRST_NS // HOUR_NS * HOUR_NS
    keys = [told("gd", start_ns + second * SECOND).key for second in (0, 60, 3599, 3600)]
    assert [key[2] for key in keys] == [1, 61, 3600, 1]
    assert keys[0][1] == keys[1][1] == keys[2][1] != keys[3][1]
    assert told("gd").id != told("hn").id


def test_nothing_is_told_before_the_parent_said_what_it_calls_us() -> None:
    def answering(request: httpx.Request) -> httpx.Response:
        raise AssertionError("nobody was to be asked")

    assert summing(answering, name=None).tell_once(GD) == PACE.idle_s


def test_what_goes_wrong_is_said_once_and_the_next_sum_is_told(caplog: pytest.LogCaptureFixture) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    def unable(name: str) -> Record:
        raise StoreError("the cluster is red")

    answers: list[Any] = [
        away,
        lambda request: httpx.Response(503, headers={"Retry-After": "9"}),
        lambda request: taken(request, "rejected", "origin_not_under_child: x"),
        lambda request: httpx.Response(200, json={"results": []}),
        taken,
        taken,
    ]
    line = summing(lambda request: answers.pop(0)(request))
    caplog.set_level(logging.INFO, "federation.summing")
    for _ in range(6):
        assert line.tell_once(GD) == 60
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "parent gd (https://gd.example): cannot be reached" in caplog.text and "gd-secret" not in caplog.text
    caplog.clear()
    assert summing(taken, unable).tell_once(GD) == 60 and "the cluster is red" in caplog.text
