"""Who speaks to whom: told once, told again as it goes on, and not forgotten by a restart."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from otus.detection import load
from sensor.inventory import Inventory
from sensor.links import TELL_AGAIN_NS, TOLD_AT_ONCE, Links
from sensor.pipeline import Pipeline
from sensor.schema import Record
from sensor.segments import Segments
from sensor.site import Site
from tests.sensor.test_pipeline import ATTACK, SECOND, Kept, News

HOUR = 3600 * SECOND


def link(client: str = "10.0.0.1", server: str = "10.0.0.2", port: int = 502, ts_ns: int = SECOND) -> Any:
    return News("link", client, server=server, protocol="modbus", ts_ns=ts_ns, port=port)


@dataclass
class Windows:
    """As the core's: a row a conversation."""

    rows: list[tuple[str, str, str, str, int, int]]
    figures: list[tuple[float, ...]] = field(default_factory=list)
    columns: tuple[str, ...] = ("requests", "responses", "unanswered")

    @property
    def matrix(self) -> bytes:
        return array("d", [value for row in self.figures for value in row]).tobytes()

    def keys(self) -> list[tuple[str, str, str, str, int, int]]:
        return self.rows


def window(start_ns: int, *clients: str, requests: int = 10) -> Any:
    rows = [("line 3", client, "10.0.0.2", "modbus", start_ns, start_ns + 10 * SECOND) for client in clients]
    return Windows(rows, [(requests, requests - 1, 1)] * len(rows))


def test_a_link_is_told_once_beside_its_stations() -> None:
    room = Inventory("sensor-9", "plant-a")
    news: list[Any] = [News("asset", "10.0.0.1", "m1"), link()]
    (told,) = [record for record in room.take(news) if record.kind == "link"]
    body = told.link()
    assert (told.origin, told.tenant, told.segment, told.revision) == ("sensor-9", "plant-a", "line 3", 1)
    assert (body.client, body.server, body.server_port, body.protocol) == ("10.0.0.1", "10.0.0.2", 502, "modbus")
    assert (body.first_ns, body.last_ns, body.messages) == (SECOND, SECOND, 0)
    assert room.take([link(ts_ns=9 * SECOND)]) == [], "known"
    (other,) = room.take([link(port=503)])
    assert other.id != told.id


def test_what_goes_on_is_told_again_but_seldom() -> None:
    links = Links("s", "t")
    (first,) = links.take([link()])
    told: list[Record] = []
    for hour in range(4 * 24):
        told += links.heard(window(2 * SECOND + hour * HOUR, "10.0.0.1", "10.9.9.9"))
    assert len(told) == 4 * 24 * HOUR // TELL_AGAIN_NS - 1 and {record.id for record in told} == {first.id}
    assert [b.revision > a.revision for a, b in zip([first, *told], told, strict=False)] == [True] * len(told)
    last = told[-1].link()
    assert last.first_ns == SECOND and 72 * HOUR <= last.last_ns < 96 * HOUR and last.messages % 19 == 0


def test_a_window_that_does_not_tell_the_port_counts_for_neither() -> None:
    links = Links("s", "t")
    links.take([link(), link(port=503)])
    assert links.heard(window(30 * HOUR, "10.0.0.1")) == []


def test_very_many_links_that_go_on_come_in_turn() -> None:
    links = Links("s", "t")
    clients = [f"10.1.{number // 250}.{number % 250}" for number in range(TOLD_AT_ONCE + 7)]
    links.take([link(client) for client in clients])
    rounds = [len(links.heard(window(26 * HOUR + turn * SECOND, *clients))) for turn in range(3)]
    assert rounds == [TOLD_AT_ONCE, 7, 0]


def test_a_restart_forgets_nothing() -> None:
    before = Links("s", "t")
    before.take([link(), link("10.0.0.3")])
    before.heard(window(HOUR, "10.0.0.1"))
    remembered = json.loads(json.dumps(before.remember()()))
    after = Links("s", "t")
    after.recall(remembered)
    assert after.remember()() == before.remember()()
    assert after.take([link()]) == []
    (told,) = after.heard(window(25 * HOUR, "10.0.0.1"))
    assert told.link().messages == 38 and told.link().first_ns == SECOND
    with pytest.raises((LookupError, TypeError)):
        after.recall([{"segment": "x"}])
    assert len(after.remember()()) == 2


def test_the_core_tells_links_and_windows_of_a_capture() -> None:
    detection = replace(load(), site=Site(Segments("line 3")), window_ns=10 * SECOND)
    engine = detection.engine()
    engine.open_files([ATTACK])
    kept, room = Kept(), Inventory("sensor-9", "plant-a")
    Pipeline(engine, detection.analyst("sensor-9", "plant-a", files=True), [kept], inventory=room).run()
    links = {record.id: record.link() for record in kept.records if record.kind == "link"}
    ends = {(body.client, body.server, body.server_port, body.protocol) for body in links.values()}
    assert ("10.77.1.66", "10.77.1.11", 502, "modbus") in ends and len(ends) == len(links) > 3
    known = room.links.remember()()
    assert len(known) == len(links) and sum(item["messages"] for item in known) > 100
    assert all(item["first_ns"] <= item["last_ns"] for item in known)
