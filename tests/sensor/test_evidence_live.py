"""A sensor on a wire that keeps evidence and records: what it recorded says what it said."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensor.evidence.shelf import read_folder
from testbed.demo_plant import available
from tests.federation.small_disk import fill, small_disk
from tests.sensor.live_wire import Sensor, Wire, capture, play, replayed, told, wait_for
from tests.sensor.test_captures import read

REASON = available()
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"no live capture here: {REASON}")
NUMBERS = itertools.count()


@pytest.fixture
def wire() -> Iterator[Wire]:
    laid = Wire.lay(f"oe{os.getpid() % 100_000}{next(NUMBERS):x}")
    try:
        yield laid
    finally:
        laid.remove()


def test_a_recording_replayed_gives_the_same_alerts(wire: Wire, tmp_path: Path) -> None:
    folder, recorded = tmp_path / "evidence", tmp_path / "capture"
    settings = {"evidence_dir": str(folder), "capture_dir": str(recorded), "capture_quota_mib": 64}
    with Sensor(tmp_path, [wire.near], **settings) as sensor:
        sent = play(capture("plant/attack"), lambda _: wire, faster=10)
        wait_for(lambda: len(sensor.alerts()) >= 16, "alerts arrive")
        wait_for(lambda: any(folder.glob("*.pcapng")), "evidence is written while the capture goes on")
        sensor.stop()
        assert sensor.account()["received"] == sent
    alerts = sensor.alerts()
    again = replayed(sorted(recorded.glob("capture-*.pcapng")))
    assert {alert["event.id"] for alert in again} == set(alerts), "the same packets at the same times: the same ids"
    assert told(again) == told(alerts.values())
    kept = {item.alert: item for item in read_folder(folder)}
    assert set(kept) == {name for name, alert in alerts.items() if alert["evidence.frames"]}
    assert [item.problem() for item in kept.values() if item.problem()] == []
    _, ledger = read(sorted(recorded.glob("capture-*.pcapng")))
    assert ledger["received"] == sent and ledger["skipped"]["truncated"] == 0
    for name, item in kept.items():
        # What counts messages begins with the first; the packets kept are those around the one that made it full.
        began = alerts[name]["frame.number"]
        counts = "took_ns" in json.dumps(alerts[name])
        assert item.body is not None and (item.body.frame > began if counts else item.body.frame == began)
        again_events, _ = read([item.path])
        assert again_events, "a file of evidence is read like any capture"


def test_a_full_disk_stops_neither_alerts_nor_capture(wire: Wire, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        settings = {"evidence_dir": str(disk / "e"), "capture_dir": str(disk / "c"), "capture_quota_mib": 64}
        with Sensor(tmp_path, [wire.near], **settings) as sensor:
            fill(disk)
            sent = play(capture("s7comm/plc_stop"), lambda _: wire, faster=1000)
            wait_for(sensor.alerts, "an alert arrives")
            sensor.stop()
            assert sensor.account()["received"] == sent and sensor.account()["alerts"] == 1
        said = sensor.said()
        assert said.count("capture goes on, but is not recorded") == 1, said
        assert said.count("alerts go on without it") == 1, said
