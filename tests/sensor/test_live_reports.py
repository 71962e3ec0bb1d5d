"""What a live sensor tells its console: heartbeats, silence, and nothing lost when it is killed."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from otus.learning import learn_into
from testbed import pcapfile
from testbed.demo_plant import available
from testbed.pcapfile import Frame
from tests.captures import ROOT
from tests.sensor.live_wire import Sensor, Wire, capture, halt, play, wait_for
from tests.sensor.small_console import SmallConsole

REASON = available()
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"no live capture here: {REASON}")
NUMBERS = itertools.count()


@pytest.fixture
def wire() -> Iterator[Wire]:
    laid = Wire.lay(f"or{os.getpid() % 100_000}{next(NUMBERS):x}")
    yield laid
    laid.remove()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[SmallConsole]:
    small = SmallConsole(tmp_path)
    yield small
    small.close()


def test_heartbeats_prove_that_nothing_is_sent_and_name_what_is_lost(
    wire: Wire, console: SmallConsole, tmp_path: Path
) -> None:
    burst = [frame.data + bytes(1400 - len(frame.data)) for frame in capture("modbus/normal_polling")][:1300]
    with Sensor(tmp_path, [wire.near], ring_mib=1, **console.settings(tmp_path)) as sensor:
        wait_for(lambda: console.kind("heartbeat"), "a heartbeat arrives although nothing is on the wire")
        halt(sensor)
        sent = wire.send(burst)
        sensor.process.send_signal(signal.SIGCONT)
        lost = lambda: console.kind("heartbeat")[-1]["body"]["ledger"]["lost"]  # noqa: E731
        wait_for(lambda: lost().get("kernel"), "the loss is in the ledger")
        wait_for(lambda: console.kind("heartbeat")[-1]["body"]["ledger"]["received"] == sent, "everything is accounted")
        sensor.stop()
    beats = [record["body"] for record in console.kind("heartbeat")]
    revisions = [record["revision"] for record in console.kind("heartbeat")]
    assert revisions == sorted(set(revisions)) or len({r["id"] for r in console.kind("heartbeat")}) == 2
    for beat in beats:
        (port,), ledger = beat["interfaces"], beat["ledger"]
        known = ledger["parsed"] + sum(ledger["skipped"].values()) + sum(ledger["lost"].values()) + ledger["held"]
        assert ledger["received"] == known
        assert port["name"] == wire.near and port["transmitted"] == 0
        assert port["offloads"] == []
    assert beats[-1]["interfaces"][0]["dropped"] == beats[-1]["ledger"]["lost"]["kernel"] > 0
    assert sum(1 for record in console.kind("asset")) > 0


def test_a_poll_that_stops_is_noticed_on_an_idle_wire(wire: Wire, tmp_path: Path) -> None:
    """No packet comes any more: only the clock can show that a request is due."""
    frames = capture("modbus/normal_polling")
    begun_ns = frames[0].ts_ns
    fast = [Frame(begun_ns + (frame.ts_ns - begun_ns) // 5, frame.data) for frame in frames]
    learned = tmp_path / "learned.pcap"
    pcapfile.write(learned, fast)
    learn_into(tmp_path / "baseline", files=(str(learned),))
    with Sensor(tmp_path, [wire.near], "--baseline", str(tmp_path / "baseline")) as sensor:
        sent = play(fast[: len(fast) // 4], lambda _: wire)
        stopped_s = time.time()
        told_since = lambda: [  # noqa: E731
            alert
            for alert in sensor.alerts().values()
            if alert["reason"] == "period_stopped"
            and datetime.fromisoformat(alert["event.end"]).timestamp() > stopped_s
        ]
        wait_for(lambda: len(told_since()) >= 1, "the stop is told")
        noticed_s = time.time() - stopped_s
        sensor.stop()
        assert sensor.account()["received"] == sent
    assert noticed_s < 10, "polls of 0.12 to 0.2 s; a busy machine is given time"


def test_nothing_is_lost_when_it_is_killed(wire: Wire, console: SmallConsole, tmp_path: Path) -> None:
    """Killed while its console is full, started again on the same spool: all that was written down arrives."""
    console.mode = "full"
    settings = console.settings(tmp_path)
    with Sensor(tmp_path, [wire.near], **settings) as sensor:
        play(capture("s7comm/plc_stop"), lambda _: wire, faster=1000)
        wait_for(sensor.alerts, "an alert is written")
        sensor.kill()
        # The spool comes before the file: what stands in the file is durable.
        written = sensor.alerts()
    assert not console.records
    console.mode = "answers"
    with sensor.alerts_path.open("ab") as file:
        file.write(b'{"torn by the kill')
    with Sensor(tmp_path, [wire.near], **settings) as again:
        wait_for(lambda: written.keys() <= {record["id"] for record in console.kind("alert")}, "the old ones arrive")
        play(capture("modbus/function_code_scan"), lambda _: wire, faster=1000)
        wait_for(lambda: len({record["id"] for record in console.kind("alert")}) > len(written), "new ones arrive")
        again.stop()
    for record_id, alert in written.items():
        assert max(r["revision"] for r in console.kind("alert") if r["id"] == record_id) >= alert["revision"]
    whole = [line for line in again.alerts_path.read_text(encoding="utf-8").splitlines() if "torn" not in line]
    assert len(whole) > len(written) and all(line.endswith("}") for line in whole), "a torn line spoils no other"


def test_a_console_that_hangs_does_not_hold_up_the_stop(wire: Wire, console: SmallConsole, tmp_path: Path) -> None:
    console.mode = "hangs"
    with Sensor(tmp_path, [wire.near], **console.settings(tmp_path)) as sensor:
        wait_for(console.asked.is_set, "a heartbeat is on its way")
        assert sensor.stop() < 10, "two seconds on an idle machine"
    assert "Traceback" not in sensor.said()


def test_learning_that_is_interrupted_keeps_what_it_learned(wire: Wire, tmp_path: Path) -> None:
    folder, said = tmp_path / "baseline", tmp_path / "learn.log"
    command = [sys.executable, "-m", "otus.cli", "baseline", "learn", "-i", wire.near, "-o", str(folder)]
    with said.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(lambda: b"learning from" in said.read_bytes() or process.poll() is not None, "it begins to learn")
        play(capture("s7comm/plc_stop"), lambda _: wire, faster=1000)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, said.read_text(encoding="utf-8")
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)
    learned = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["learned"]
    assert learned["source"] == [f"live:{wire.near}"] and learned["counts"]["links"] > 0
    assert 0 < learned["from_ns"] < learned["to_ns"]
    assert "GRO" in said.read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_named_before_the_learning(wire: Wire, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine", encoding="utf-8")
    for folder, words in ((tmp_path / "notes", "no baseline"), (tmp_path / "notes" / "baseline", "cannot be written")):
        with pytest.raises(ValueError, match=words):
            learn_into(folder, interfaces=(wire.near,), duration_s=3600)
