"""`otus sensor run` on a wire: the same findings as from the file, and a stop that loses nothing."""

from __future__ import annotations

import itertools
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sensor._core import Batch, Engine
from testbed import pcapfile
from testbed.commands import run
from testbed.demo_plant import available
from testbed.recorder import Recorder
from tests.captures import ROOT
from tests.sensor.live_wire import Sensor, Wire, capture, halt, play, replayed, told, wait_for
from tests.sensor.test_captures import read
from tools.bench.traffic import PLANTS, places, write

REASON = available()
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"no live capture here: {REASON}")

ATTACK = ROOT / "pcaps" / "plant" / "attack.pcap"
STOP = ROOT / "pcaps" / "s7comm" / "plc_stop.pcap"
NUMBERS = itertools.count()


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    """Two of them, made for one test: their counters begin at 0."""
    laid: list[Wire] = []
    try:
        for _ in range(2):
            laid.append(Wire.lay(f"ow{os.getpid() % 100_000}{next(NUMBERS):x}"))
        yield laid
    finally:
        for wire in laid:
            wire.remove()


def test_the_wire_says_what_the_file_says(wires: list[Wire], tmp_path: Path) -> None:
    """The demo's story, ten times as fast: rules only, for rhythm is another one then."""
    with Sensor(tmp_path, [wires[0].near]) as sensor:
        assert "GRO" in sensor.said(), "the state of the offloads is said at the start"
        with Recorder(wires[0].near) as recorder:
            sent = play(capture("plant/attack"), lambda _: wires[0], faster=10)
            wait_for(lambda: len(recorder.frames) == sent, "the recording is whole")
        wait_for(lambda: len(sensor.alerts()) >= 16, "alerts arrive while the capture goes on")
        sensor.stop()
        account = sensor.account()
    expected = replayed([ATTACK])
    assert told(sensor.alerts().values()) == told(expected)
    recording = tmp_path / "recording.pcap"
    pcapfile.write(recording, recorder.frames)
    assert told(replayed([recording])) == told(expected), "what was recorded beside it says the same once more"
    assert {alert["state"] for alert in sensor.alerts().values()} == {"closed"}
    assert {alert["observer.ingress.interface.name"] for alert in sensor.alerts().values()} == {wires[0].near}
    assert account["received"] == sent and account["held"] == 0 and account["alerts"] == len(expected)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_the_middle_flushes(wires: list[Wire], tmp_path: Path, sign: signal.Signals) -> None:
    """Stopped while half a message waits for its rest: alerts are closed, nothing is held, and it is quick."""
    with Sensor(tmp_path, [wires[0].near]) as sensor:
        frames = capture("s7comm/plc_stop")
        sent = play(frames, lambda _: wires[0], faster=1000)
        request = next(frame.data for frame in frames if frame.data[36:38] == b"\x00\x66" and len(frame.data) > 70)
        fresh = bytearray(request[: 14 + 20 + 32 + 5])  # five bytes of a message, in a conversation of its own
        fresh[34:36] = b"\xea\x60"
        fresh[16:18] = (len(fresh) - 14).to_bytes(2, "big")
        sent += wires[0].send([bytes(fresh)])
        wait_for(sensor.alerts, "an alert arrives")
        took_s = sensor.stop(sign)
        account = sensor.account()
    assert took_s < 10, "two seconds on an idle machine"
    _, ledger = read([STOP])
    assert account["received"] == sent and account["held"] == 0
    assert account["skipped"] == sum(ledger["skipped"].values()) + 1, "the beginning of a message was held until then"
    assert told(sensor.alerts().values()) == told(replayed([STOP]))
    assert {alert["state"] for alert in sensor.alerts().values()} == {"closed"}


def test_sighup_opens_the_moved_file_again(wires: list[Wire], tmp_path: Path) -> None:
    with Sensor(tmp_path, [wires[0].near]) as sensor:
        play(capture("s7comm/plc_stop"), lambda _: wires[0], faster=1000)
        wait_for(sensor.alerts, "an alert arrives")
        moved = sensor.alerts_path.rename(tmp_path / "alerts.ndjson.1")
        sensor.process.send_signal(signal.SIGHUP)
        wait_for(sensor.alerts_path.exists, "the file is opened anew")
        before = moved.read_bytes()
        sensor.stop()
    assert moved.read_bytes() == before, "nothing goes to the file that was moved away"
    assert '"state": "closed"' in sensor.alerts_path.read_text(encoding="utf-8")


def test_a_tap_gives_each_direction_on_a_port_of_its_own(wires: list[Wire], tmp_path: Path) -> None:
    """Requests on one port, answers on the other: paired in one engine, or there would be no outcome."""
    way = lambda data: wires[0] if data[36:38] == b"\x00\x66" else wires[1]  # noqa: E731
    for attempt in range(4):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        with Sensor(folder, [wire.near for wire in wires]) as sensor:
            sent = play(capture("s7comm/plc_stop"), way, faster=8)
            wait_for(sensor.alerts, "alerts arrive")
            sensor.stop()
            account = sensor.account()
        assert account["received"] == sent and account["held"] == 0
        if "late" not in account:
            break
    else:
        pytest.skip("this machine is too busy to keep two ports in order within 20 ms; the sensor counts it as late")
    assert told(sensor.alerts().values()) == told(replayed([STOP]))
    assert {alert["event.outcome"] for alert in sensor.alerts().values()} == {"success"}


def test_vlan_tags_are_kept_and_the_filter_asks_for_them(wires: list[Wire], tmp_path: Path) -> None:
    """The kernel takes the tag off the frame: it must come from the ring's header."""
    tagged = [frame.data[:12] + b"\x81\x00\x00\x2a" + frame.data[12:] for frame in capture("s7comm/plc_stop")]
    other = [frame.data for frame in capture("modbus/function_code_scan")]
    with Sensor(tmp_path, [wires[0].near], "--filter", "vlan 42 and port 102") as sensor:
        sent = wires[0].send(tagged) + wires[0].send(other)
        wait_for(sensor.alerts, "an alert arrives")
        sensor.stop()
        account = sensor.account()
    alerts = list(sensor.alerts().values())
    assert {alert["network.vlan.id"] for alert in alerts} == {42}
    assert told(alerts) == told(replayed([STOP])), "and nothing of the other capture, which the filter keeps out"
    assert account["received"] == sent and account["skipped"] >= len(other)


def test_a_ring_that_is_too_small_is_in_the_account(wires: list[Wire], tmp_path: Path) -> None:
    """The process is held (as by a machine without time) while more comes than 1 MiB of ring takes."""
    burst = [frame.data + bytes(1400 - len(frame.data)) for frame in capture("modbus/normal_polling")][:1300]
    with Sensor(tmp_path, [wires[0].near], ring_mib=1) as sensor:
        halt(sensor)
        sent = wires[0].send(burst)
        sensor.process.send_signal(signal.SIGCONT)
        time.sleep(0.3)
        sensor.stop()
        account = sensor.account()
    assert account["lost"] > 0 and account["received"] == sent, "what the kernel dropped was received, and lost"


def test_a_port_that_goes_down_and_comes_back(wires: list[Wire], tmp_path: Path) -> None:
    with Sensor(tmp_path, [wires[0].near]) as sensor:
        run(["ip", "link", "set", wires[0].near, "down"])
        wait_for(lambda: "is down" in sensor.said(), "it says that the port is down")
        run(["ip", "link", "set", wires[0].near, "up"])
        wait_for(lambda: "is up again" in sensor.said(), "it says that the port is back")
        play(capture("s7comm/plc_stop"), lambda _: wires[0], faster=1000)
        wait_for(sensor.alerts, "it captures again")
        sensor.stop()


def test_a_port_that_vanishes_and_returns_is_captured_again(wires: list[Wire], tmp_path: Path) -> None:
    """An adapter that was unplugged, a port that was made anew: a line each way, no restart, one account."""
    wire = wires[0]
    with Sensor(tmp_path, [wire.near]) as sensor:
        sent = play(capture("s7comm/plc_stop"), lambda _: wire, faster=1000)
        wait_for(sensor.alerts, "an alert arrives")
        wire.remove()
        wait_for(lambda: "the interface was removed" in sensor.said(), "it says that the port is gone")
        wire = wires[0] = Wire.lay(wire.near.removesuffix("n"))
        wait_for(lambda: "is back and captured again" in sensor.said(), "it says that the port is back")
        sent += play(capture("modbus/function_code_scan"), lambda _: wire, faster=1000)
        wait_for(lambda: len(sensor.alerts()) >= 2, "alerts arrive again")
        sensor.stop()
        account = sensor.account()
    assert account["received"] == sent and account["held"] == 0 and "Traceback" not in sensor.said()
    scan = ROOT / "pcaps" / "modbus" / "function_code_scan.pcap"
    assert told(sensor.alerts().values()) == sorted(told(replayed([STOP])) + told(replayed([scan])))
    assert {alert["state"] for alert in sensor.alerts().values()} == {"closed"}


@pytest.fixture
def many(tmp_path: Path) -> list[bytes]:
    """Several times what the kernel's smallest ring holds."""
    path = tmp_path / "many.pcap"
    write(path, replace(PLANTS["modbus"], connections=50), 60_000)
    content = path.read_bytes()
    return [content[begin:end] for begin, end in places(content)]


def ended(engine: Engine) -> list[Batch]:
    engine.stop()
    batches = [engine.poll()]
    while not batches[-1].done:
        batches.append(engine.poll())
    return batches


def test_the_wire_is_read_whatever_python_does(wires: list[Wire], many: list[bytes]) -> None:
    """Nobody polls: alerts by the thousand, a slow disk or a collection of garbage look like that."""
    engine = Engine(json.dumps({"ring_mib": 1}))
    engine.open_interfaces([wires[0].near])
    for start in range(0, len(many), 1_000):
        wires[0].send(many[start : start + 1_000])
        time.sleep(0.005)
    wait_for(lambda: engine.inputs()[0]["received"] == len(many), "all of it is read")
    ledger = ended(engine)[-1].ledger
    assert (ledger["received"], sum(ledger["lost"].values())) == (len(many), 0)
    assert ledger["balanced"] and ledger["parsed"] > 59_000


def test_what_waits_for_python_is_bounded(wires: list[Wire], many: list[bytes]) -> None:
    """The other end of it: beyond a full batch packets stay in the ring, and those that find no room are counted."""
    engine = Engine(json.dumps({"ring_mib": 1, "events": "ndjson"}))
    engine.open_interfaces([wires[0].near])
    sent = wires[0].send(many)
    batches = ended(engine)
    ledger = batches[-1].ledger
    assert ledger["received"] == sent and ledger["balanced"]
    assert ledger["lost"]["kernel"] > 0
    assert max(len(batch.events) for batch in batches) < 12 << 20
