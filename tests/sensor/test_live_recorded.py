"""A live run that was recorded, ticks included, and replayed: the same alerts."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otus.detection import Detection, load
from otus.examples import learned_table
from sensor._core import Engine
from sensor.ecs import alert_line
from sensor.pipeline import Pipeline
from sensor.sinks import LatestAlerts
from testbed.demo_plant import available
from tests.captures import ROOT
from tests.sensor.live_wire import Wire, capture, play, wait_for
from tests.sensor.test_captures import balanced

REASON = available()
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"no live capture here: {REASON}")

PLACES = {"observer.ingress.interface.name", "file.name", "log.file.path", "evidence", "coverage"}
"""What says where it was seen: an interface then, a file now."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    laid = Wire.lay(f"or{os.getpid() % 100_000}")
    try:
        yield laid
    finally:
        laid.remove()


def alerts(detection: Detection, engine: Engine) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    latest = LatestAlerts()
    ledger = Pipeline(engine, detection.analyst("replay", files=True), [latest]).run()
    lines = [alert_line(record) for record in latest.records()]
    return [{name: value for name, value in line.items() if name not in PLACES} for line in lines], ledger


def test_a_recorded_run_repeats_itself(wire: Wire, tmp_path: Path) -> None:
    """Ten times as fast as it was learned, then silence: rules, links, and polls that stay away (ticks tell)."""
    table = learned_table(ROOT / "pcaps" / "plant" / "normal.pcap")
    detection = dataclasses.replace(load(), table=table, window_ns=1_000_000_000)
    recording = tmp_path / "recording.pcapng"
    engine = detection.engine(record=str(recording))
    engine.open_interfaces([wire.near])
    found: list[Any] = []
    listening = threading.Thread(target=lambda: found.extend(alerts(detection, engine)))
    listening.start()
    try:
        sent = play(capture("plant/attack"), lambda _: wire, faster=10)
        wait_for(lambda: engine.inputs()[0]["received"] == sent, "all of it is captured")
        time.sleep(2)  # a silence that only ticks can tell
    finally:
        engine.stop()
        listening.join()
    live, ledger = found
    assert ledger["received"] == sent and balanced(ledger)
    again = detection.engine()
    again.open_files([recording])
    replayed, ledger_again = alerts(detection, again)
    assert ledger_again == ledger
    assert replayed == live
    assert len(live) >= 16


def test_the_silence_is_recorded(wire: Wire, tmp_path: Path) -> None:
    """What the test above rests on: engine time goes on although no packet comes, in the replay too."""
    recording = tmp_path / "recording.pcapng"
    engine = Engine(json.dumps({"record": str(recording)}))
    engine.open_interfaces([wire.near])
    ended = time.monotonic() + 1
    while time.monotonic() < ended:
        engine.poll(timeout_ms=100)
    engine.stop()
    while not (batch := engine.poll()).done:
        pass
    again = Engine("{}")
    again.open_files([recording])
    assert again.poll().now_ns == batch.now_ns > time.time_ns() - 60_000_000_000


def test_a_recording_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    engine = Engine(json.dumps({"record": str(tmp_path / "missing" / "x.pcapng")}))
    with pytest.raises(OSError, match="its folder does not exist"):
        engine.open_files([ROOT / "pcaps" / "plant" / "normal.pcap"])


def test_a_full_disk_does_not_stop_the_reading() -> None:
    engine = Engine(json.dumps({"record": "/dev/full"}))
    engine.open_files([ROOT / "pcaps" / "plant" / "normal.pcap"])
    warnings: list[str] = []
    while not (batch := engine.poll()).done:
        warnings += batch.warnings
    assert batch.ledger["received"] > 1000 and balanced(batch.ledger)
    assert any("/dev/full: the disk is full" in line for line in warnings + batch.warnings)
