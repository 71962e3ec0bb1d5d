"""A sensor that listens: other rules are put in place or refused with a reason, and a restart forgets nothing."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from testbed.demo_plant import available
from tests.captures import ROOT
from tests.detectors.packs.making import Maker
from tests.sensor.live_wire import Sensor, Wire, capture, play, wait_for

REASON = available()
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"no live capture here: {REASON}")


NUMBERS = itertools.count()


@pytest.fixture
def wire() -> Iterator[Wire]:
    laid = Wire.lay(f"or{os.getpid() % 100_000}{next(NUMBERS):x}")
    try:
        yield laid
    finally:
        laid.remove()


def ask(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "otus.cli", "sensor", "reload", "--state-dir", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_rules_change_while_the_sensor_listens(wire: Wire, tmp_path: Path) -> None:
    rules, state = tmp_path / "rules", tmp_path / "state"
    shutil.copytree(ROOT / "rules" / "s7comm", rules / "s7comm")
    frames = capture("s7comm/plc_stop")
    stop = rules / "s7comm" / "s7_plc_stop.yml"
    cause = "rule:" + yaml.safe_load(stop.read_text(encoding="utf-8"))["id"]

    def states(sensor: Sensor) -> list[str]:
        return [alert["state"] for alert in sensor.alerts().values() if alert["cause"] == cause]

    with Sensor(tmp_path, [wire.near], "--rules", str(rules), "--state-dir", str(state)) as sensor:
        sent = play(frames, lambda _: wire, faster=1000)
        wait_for(lambda: states(sensor) == ["open"], "the stop is told")
        same = ask(state)
        assert same.returncode == 0 and "0 added, 0 removed" in same.stdout, same
        (rules / "s7comm" / "odd.yml").write_text("title: [", encoding="utf-8")
        odd = ask(state)
        assert odd.returncode == 1 and "odd.yml" in odd.stderr and "not reloaded" in odd.stderr, odd
        (rules / "s7comm" / "odd.yml").unlink()

        stop.unlink()
        gone = ask(state)
        assert gone.returncode == 0 and "0 added, 1 removed" in gone.stdout, gone
        wait_for(lambda: states(sensor) == ["closed"], "the alert of the rule that went is closed")
        sent += play(frames, lambda _: wire, faster=1000)
        sensor.process.send_signal(signal.SIGHUP)
        wait_for(lambda: sensor.said().count("otus: reloaded: ") == 3, "the signal is understood")
        sensor.stop()
        account = sensor.account()
    assert account["received"] == sent and account["held"] == 0
    assert "otus: not reloaded: " in sensor.said() and "going on with what was there" in sensor.said()
    assert states(sensor) == ["closed"], "nobody asks for the second stop"


def test_one_sensor_a_state_and_somebody_to_ask(wire: Wire, tmp_path: Path) -> None:
    state = tmp_path / "state"
    nobody = ask(state)
    assert nobody.returncode == 1 and "no sensor runs with this state" in nobody.stderr
    with Sensor(tmp_path, [wire.near], "--state-dir", str(state)) as sensor:
        command = [sys.executable, "-m", "otus.cli", "sensor", "run", "-i", wire.near, "--state-dir", str(state)]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert second.returncode == 1 and "another sensor runs with this state" in second.stderr
        assert ask(state).returncode == 0
        sensor.stop()
    assert ask(state).returncode == 1


def test_a_restart_goes_on_with_the_alerts_that_were_open(wire: Wire, tmp_path: Path) -> None:
    """Stopped and started again: the alert stays open, is counted on under its id, and is not told as a new one."""
    state, frames = tmp_path / "state", capture("s7comm/plc_stop")
    told = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        with Sensor(folder, [wire.near], "--state-dir", str(state)) as sensor:
            play(frames, lambda _: wire, faster=1000)
            wait_for(sensor.alerts, "alerts arrive")
            sensor.stop()
        assert sensor.account()["held"] == 0
        told.append(sensor.alerts())
    first, second = told
    assert second.keys() == first.keys()
    for key, alert in second.items():
        assert (first[key]["state"], alert["state"]) == ("open", "open")
        assert alert["count"] == 2 * first[key]["count"] and alert["revision"] > first[key]["revision"]
    (state / "state.bin").write_bytes(b"torn")
    with Sensor(tmp_path, [wire.near], "--state-dir", str(state)) as sensor:
        assert "is cut off; starting without it" in sensor.said()
        sensor.stop()


def test_a_pack_is_installed_while_the_sensor_listens(wire: Wire, tmp_path: Path) -> None:
    """A pack that fires, and back: the running sensor has each at once."""
    maker, state = Maker(tmp_path), tmp_path / "state"
    packs = ["--rule-packs", str(tmp_path / "packs"), "--pack-keys", str(maker.keys)]
    frames = capture("s7comm/plc_stop")

    def pack(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "otus.cli", "rules", "pack", *arguments, *packs, "--state-dir", str(state)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    def states(sensor: Sensor) -> list[str]:
        return [alert["state"] for alert in sensor.alerts().values() if alert["rule.name"] == "S7 Stop of a Controller"]

    with Sensor(tmp_path, [wire.near], *packs, "--state-dir", str(state)) as sensor:
        installed = pack("install", str(maker.pack("1.0")), "--yes")
        assert installed.returncode == 0 and "1 added, 0 removed" in installed.stdout, installed
        play(frames, lambda _: wire, faster=1000)
        wait_for(lambda: states(sensor) == ["open"], "the pack's rule says so")
        gone = pack("rollback", "plant-rules")
        assert gone.returncode == 0 and "0 added, 1 removed" in gone.stdout, gone
        wait_for(lambda: states(sensor) == ["closed"], "its alert is closed with it")
        sensor.stop()
