"""The loop around the core and what hangs on it: heartbeats, stations, files of alerts."""

from __future__ import annotations

import itertools
import json
import logging
import os
import random
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from federation.spool import SpoolFull
from otus.detection import Detection, load
from otus.sensor import summary
from otus.spooled import SpoolSink
from sensor.ecs import alert_line, line_text, rfc3339
from sensor.health import Health, merging_offloads
from sensor.inventory import Inventory
from sensor.pipeline import Pipeline
from sensor.schema import Record
from sensor.segments import Segments
from sensor.sinks import AlertFile, LatestAlerts
from sensor.site import Site
from tests.captures import ROOT
from tests.federation.line_records import alert

ATTACK = ROOT / "pcaps" / "plant" / "attack.pcap"
HOUR = Health.PERIOD_NS
SECOND = 1_000_000_000
LEDGER = {"received": 4, "parsed": 2, "skipped": {"not_ip": 1, "fragment": 0}, "lost": {"kernel": 1}, "held": 0}


class Kept:
    def __init__(self) -> None:
        self.records: list[Record] = []

    def put(self, records: Any) -> None:
        self.records += records


@pytest.fixture(scope="module")
def detection() -> Detection:
    return load()


def whole_run(detection: Detection, **run: int) -> tuple[Pipeline, list[Record]]:
    engine = replace(detection, site=Site(Segments("line 3"))).engine()
    engine.open_files([ATTACK])
    kept = Kept()
    pipeline = Pipeline(
        engine,
        detection.analyst("sensor-9", "plant-a", files=True),
        [kept],
        inventory=Inventory("sensor-9", "plant-a"),
        health=Health("sensor-9", "plant-a", 10, detection.facts),
        spool_state=lambda: {"pending": 3, "dropped": {}},
    )
    pipeline.run(**run)
    return pipeline, kept.records


def test_a_capture_through_the_pipeline(detection: Detection) -> None:
    pipeline, records = whole_run(detection, max_packets=100)
    assert pipeline.ledger["balanced"] and pipeline.ledger["held"] == 0
    assert pipeline.alerts == len({record.id for record in records if record.kind == "alert"}) > 10
    assert {(record.origin, record.tenant) for record in records} == {("sensor-9", "plant-a")}
    assert {record.segment for record in records if record.kind != "heartbeat"} == {"line 3"}
    beats = [record for record in records if record.kind == "heartbeat"]
    assert len(beats) > 3
    for one, next_one in itertools.pairwise(beats):
        assert next_one.revision == one.revision + 1 if next_one.id == one.id else next_one.revision == 1
        assert next_one.heartbeat().end_ns >= one.heartbeat().end_ns
    assert all(beat.heartbeat().ledger.balanced for beat in beats)
    last = beats[-1].heartbeat()
    assert last.ledger.received == pipeline.ledger["received"] and last.spool["pending"] == 3
    assert last.rules_loaded == detection.facts["rules_loaded"]
    stations = {}
    for record in records:
        if record.kind == "asset":
            assert record.revision > stations.get(record.id, (0, None))[0]
            stations[record.id] = record.revision, record.asset()
    roles = {asset.ip: (asset.roles, asset.protocols) for _, asset in stations.values()}
    assert roles["10.77.1.11"] == (("server",), ("modbus",))
    assert roles["10.77.1.66"] == (("client",), ("modbus", "opcua", "s7comm"))


def test_records_have_no_clock_in_them(detection: Detection) -> None:
    once, again = (sorted(r.to_bytes() for r in whole_run(detection, max_packets=100)[1]) for _ in range(2))
    assert once == again


@dataclass(frozen=True)
class EmptyBatch:
    ledger: dict[str, Any]
    done: bool
    hits: tuple[()] = ()
    news: tuple[()] = ()
    windows: tuple[()] = ()
    warnings: tuple[str, ...] = ("eth9: the interface was removed; its capture has ended",)
    now_ns: int = 0


class BrokenEngine:
    """Its only interface goes away."""

    finished = False

    def poll(self, *_: int) -> EmptyBatch:
        raise OSError("eth9: no interface is left to capture from; start again when it is back")

    def finish(self) -> EmptyBatch:
        self.finished = True
        return EmptyBatch(LEDGER, True)


def test_an_input_that_fails_is_flushed_and_then_told(detection: Detection, caplog: pytest.LogCaptureFixture) -> None:
    engine: Any = BrokenEngine()
    pipeline = Pipeline(engine, detection.analyst("s"), [])
    with pytest.raises(OSError, match="no interface is left"):
        pipeline.run()
    assert engine.finished and pipeline.ledger == LEDGER
    assert "was removed" in caplog.text


def health(every_s: int = 10) -> Health:
    return Health("sensor-9", "plant-a", every_s, {"rules_loaded": 7, "offloads": {"eth1": ("gro",)}})


def beat(room: Health, now_ns: int) -> Record | None:
    port = {"name": "eth1", "received": 4, "dropped_kernel": 1, "transmitted": 0, "nic_dropped": 2}
    return room.record(now_ns, LEDGER, [port], {"model": "active"}) if room.due(now_ns) else None


def test_a_period_is_one_record_whose_revision_grows() -> None:
    room = health()
    begun_ns = 500_000 * HOUR + HOUR // 2
    assert beat(room, 0) is None, "before the first packet there is no time"
    told = [found for second in range(3600) if (found := beat(room, begun_ns + second * SECOND))]
    assert len(told) == 360
    first, second = sorted({record.id for record in told}, key=[record.id for record in told].index)
    for name in (first, second):
        revisions = [record.revision for record in told if record.id == name]
        assert revisions == list(range(1, 181))
    ends = [record.heartbeat() for record in told]
    assert ends[0].start_ns == begun_ns and ends[-1].start_ns == begun_ns + HOUR // 2
    assert ends[0].ledger.skipped == {"not_ip": 1} and ends[0].ledger.balanced
    (port,) = ends[0].interfaces
    assert (port.name, port.dropped, port.transmitted, port.nic_dropped, port.offloads) == ("eth1", 1, 0, 2, ("gro",))


def test_a_sensor_that_starts_again_begins_a_new_account() -> None:
    now_ns = 500_000 * HOUR
    one, again = beat(health(), now_ns), beat(health(), now_ns + SECOND)
    assert one is not None and again is not None and one.id != again.id


def test_offloads_that_change_frames_are_named() -> None:
    lines = [
        "eth1: GRO on, LRO off, GSO on, TSO on, RX checksum on; frames may be merged: ethtool -K eth1 gro off lro off",
        "eth2: GRO off, LRO unknown, GSO on, TSO on, RX checksum on",
    ]
    assert merging_offloads(lines) == {"eth1": ("gro",), "eth2": ()}


@dataclass(frozen=True)
class News:
    kind: str
    ip: str
    mac: str | None = None
    server: str | None = None
    protocol: str | None = None
    ts_ns: int = SECOND
    segment: str = "line 3"
    vlan: int | None = 7
    port: int | None = 502


def take(room: Inventory, *news: Any) -> list[Record]:
    """Of the stations; links have tests of their own."""
    return [record for record in room.take(list(news)) if record.kind == "asset"]


def test_a_station_is_told_again_when_something_about_it_is_new() -> None:
    room = Inventory("sensor-9", "plant-a")
    first = take(room, News("asset", "10.0.0.1", "m1"), News("asset", "10.0.0.2", "m2"))
    link = News("link", "10.0.0.1", server="10.0.0.2", protocol="modbus", ts_ns=2 * SECOND)
    second = take(room, link)
    assert [record.revision for record in first] == [1, 1] and [record.revision for record in second] == [2, 2]
    assert [record.id for record in first] == [record.id for record in second]
    assert [(r.asset().roles, r.asset().protocols) for r in second] == [
        (("client",), ("modbus",)),
        (("server",), ("modbus",)),
    ]
    assert take(room, link, News("asset", "10.0.0.1", "m1")) == [], "nothing new"
    (other,) = take(room, News("asset", "10.0.0.1", "m3"))
    assert other.id != first[0].id and other.asset().roles == ("client",), "another card answers for the address"
    assert take(room, News("link", "10.9.9.9", server="10.9.9.8", protocol="modbus")) == []


def test_a_sensor_that_was_started_again_tells_above_its_old_revisions() -> None:
    """One went wrong here: from 1 again, and the console took what was new for what it knew."""
    day_ns = 20_000 * 86_400 * SECOND
    before = Inventory("s", "t")
    (*_, last) = take(before, News("asset", "10.0.0.1", "m1", ts_ns=day_ns)) + take(
        before, News("link", "10.0.0.1", server="10.0.0.2", protocol="modbus", ts_ns=day_ns + 1)
    )
    (again,) = take(Inventory("s", "t"), News("asset", "10.0.0.1", "m1", ts_ns=day_ns + 60 * SECOND))
    assert again.id == last.id and again.revision > last.revision


def test_an_address_with_very_many_cards_costs_little() -> None:
    """A host that changes its MAC with every frame must not hold up the capture."""
    room = Inventory("s", "t")
    flood = [News("asset", "10.0.0.1", f"m{number}") for number in range(20_000)]
    links = [News("link", "10.0.0.1", server=f"10.1.0.{number}", protocol="modbus") for number in range(20_000)]
    assert len(take(room, *flood)) == 20_000
    assert len(take(room, *links)) == 20_000, "once, for the first link; the others tell nothing new"


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_revision_is_a_line(tmp_path: Path) -> None:
    file = AlertFile(tmp_path / "alerts")
    file.put([alert(1), alert(1, revision=2), Record("heartbeat", "0" * 32, 1, "s", {})])
    file.close()
    assert [(line["revision"], line["event.kind"]) for line in lines_of(tmp_path / "alerts")] == [
        (1, "alert"),
        (2, "alert"),
    ]


def test_a_moved_file_is_opened_anew_and_one_that_cannot_be_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    file = AlertFile(folder / "alerts")
    file.put([alert(1)])
    folder.rename(tmp_path / "gone")
    file.reopen()
    file.put([alert(2)])
    assert len(lines_of(tmp_path / "gone" / "alerts")) == 2 and "going on with the file" in caplog.text
    folder.mkdir()
    file.reopen()
    file.tend()
    file.put([alert(3)])
    file.close()
    assert len(lines_of(folder / "alerts")) == 1 and len(lines_of(tmp_path / "gone" / "alerts")) == 2


def test_a_line_cut_off_by_a_crash_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "alerts").write_bytes(b'{"half')
    file = AlertFile(tmp_path / "alerts")
    file.put([alert(1)])
    file.close()
    torn, whole = (tmp_path / "alerts").read_bytes().splitlines()
    assert torn == b'{"half' and json.loads(whole)["revision"] == 1


def test_a_full_disk_is_said_once_and_does_not_stop_anything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = AlertFile(tmp_path / "alerts")
    write, room = os.write, 100

    def scarce(descriptor: int, data: bytes) -> int:
        nonlocal room
        if room == 0:
            raise OSError(28, "No space left on device")
        written = write(descriptor, data[:room])
        room -= written
        return written

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", scarce)
        file.put([alert(1)])
        file.put([alert(2), alert(3)])
    file.put([alert(4)])
    file.close()
    assert file.lost == 3
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    torn, whole = (tmp_path / "alerts").read_bytes().splitlines()
    assert len(torn) == 100 and json.loads(whole)["event.id"] == alert(4).id


def test_a_file_that_cannot_be_opened_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=re.escape(f"{tmp_path}/no/alerts: alerts cannot be written there: No such")):
        AlertFile(tmp_path / "no" / "alerts")


def test_the_latest_revision_in_the_order_of_opening() -> None:
    latest = LatestAlerts()
    latest.put([alert(2), alert(1), alert(2, revision=3)])
    assert [(record.id, record.revision) for record in latest.records()] == [(alert(2).id, 3), (alert(1).id, 1)]
    assert len(latest) == 2


def test_the_latest_revision_whether_it_was_packed_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed ones come back as they were, also those that changed again after they were packed."""
    monkeypatch.setattr(LatestAlerts, "FRESH", 3)
    latest, newest = LatestAlerts(), dict[str, Record]()
    chance = random.Random(1)
    for revision in range(1, 200):
        told = [alert(chance.randrange(12), revision=revision) for _ in range(chance.randrange(5))]
        latest.put(told)
        newest |= {record.id: record for record in told}
    assert [record.to_bytes() for record in latest.records()] == [record.to_bytes() for record in newest.values()]
    assert len(latest) == 12


def test_a_line_cannot_steer_a_terminal() -> None:
    text = line_text({"message": "写入 \x1b[2J \x9b31m \u202e \u2028 \x7f", "count": 1})
    assert "写入" in text and not re.search("[\x00-\x1f\x7f-\x9f\u2028\u202e]", text)
    assert json.loads(text)["message"] == "写入 \x1b[2J \x9b31m \u202e \u2028 \x7f"


def test_names_are_those_of_ecs() -> None:
    line = alert_line(alert(1, fields={"network.vlan.id": 42}))
    assert line["network.vlan.id"] == 42 and line["file.name"] == "line3.pcap" and line["frame.number"] == 17
    assert line["event.severity"] in {10, 30, 50, 70, 90}
    assert rfc3339(1_795_154_400_000_000_001).endswith("Z") and len(rfc3339(0)) == 30
    assert alert_line(alert(1), "en")["message"] == "A controller was written to"


class ScarceSpool:
    """A spool whose disk is full while `full`."""

    parents: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.full, self.kept = True, list[Record]()

    def append(self, records: Any) -> int:
        if self.full:
            raise SpoolFull("spool.db: the disk is full")
        self.kept += records
        return len(records)

    def state(self) -> dict[str, Any]:
        return {"pending": 0, "dropped": {"notice": 2}}


def test_a_full_spool_holds_the_newest_in_memory(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(SpoolSink, "KEEP", 3)
    spool: Any = ScarceSpool()
    sink = SpoolSink(spool)
    for number in range(5):
        sink.put([alert(number)])
    lost = sink.state()["dropped"]
    assert sum(lost.values()) == 2 + 2 and lost["notice"] >= 2
    spool.full = False
    sink.put([alert(9)])
    assert [record.id for record in spool.kept] == [alert(number).id for number in (2, 3, 4, 9)]
    assert len(caplog.records) == 2, "said when it begins and when it ends"


def test_the_account_names_what_may_explain_an_odd_finding() -> None:
    ledger = {**LEDGER, "events": 1, "hits": 0, "notes": {"late": 3, "gaps": 0}}
    assert summary(ledger, 0).endswith("alerts 0, late 3")
    assert "received 4 = parsed 2 + skipped 1 + lost 1 + held 0" in summary(ledger, 0)
