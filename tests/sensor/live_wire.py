"""A wire with a sensor on one end: veth pairs, frames from captures, and `otus sensor run` as the process it is."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detectors.open_alert import REVISIONS_UNSEEN
from testbed.commands import run
from testbed.pcapfile import Frame, read
from tests.captures import ROOT

PATIENCE_S = 30.0
"""For what takes milliseconds on an idle machine and must come."""


@dataclass
class Wire:
    """A veth pair: frames sent on `far` are seen on `near`. Both ends are silent by themselves."""

    near: str
    far: str

    @classmethod
    def lay(cls, name: str) -> Wire:
        wire = cls(f"{name}n", f"{name}f")
        run(["ip", "link", "add", wire.near, "type", "veth", "peer", "name", wire.far])
        for end in (wire.near, wire.far):
            Path(f"/proc/sys/net/ipv6/conf/{end}/disable_ipv6").write_text("1", encoding="ascii")
            run(["ip", "link", "set", end, "arp", "off"])
        for end in (wire.near, wire.far):
            run(["ip", "link", "set", end, "up"])
        wait_for(lambda: _operstate(wire.near) == "up", "the wire comes up")
        return wire

    def remove(self) -> None:
        run(["ip", "link", "delete", self.near], check=False)

    def send(self, frames: Iterable[bytes]) -> int:
        sent = 0
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as out:
            out.bind((self.far, 0))
            for frame in frames:
                out.send(frame)
                sent += 1
        return sent


def _operstate(interface: str) -> str:
    return Path(f"/sys/class/net/{interface}/operstate").read_text(encoding="ascii").strip()


def play(frames: Iterable[Frame], way: Callable[[bytes], Wire], faster: float = 1.0) -> int:
    """Send frames in the rhythm they were recorded in; `way` says on which wire each of them goes."""
    sockets: dict[str, socket.socket] = {}
    begun_s, first_ns, sent = time.monotonic(), None, 0
    try:
        for frame in frames:
            first_ns = frame.ts_ns if first_ns is None else first_ns
            wait_s = (frame.ts_ns - first_ns) / 1e9 / faster - (time.monotonic() - begun_s)
            if wait_s > 0.001:
                time.sleep(wait_s)
            far = way(frame.data).far
            if far not in sockets:
                sockets[far] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
                sockets[far].bind((far, 0))
            sockets[far].send(frame.data)
            sent += 1
    finally:
        for out in sockets.values():
            out.close()
    return sent


def capture(name: str) -> list[Frame]:
    return list(read(ROOT / "pcaps" / f"{name}.pcap"))


def wait_for(true: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, f"not within {patience_s:.0f} s: {what}"
        time.sleep(0.02)


class Sensor:
    """`otus sensor run` as a process; killed at the end if the test did not stop it."""

    def __init__(self, folder: Path, interfaces: Iterable[str], *arguments: str, **settings: Any) -> None:
        self.alerts_path = folder / "alerts.ndjson"
        self._said = folder / f"sensor-{time.monotonic_ns()}.log"
        config = folder / "sensor.yml"
        config.write_text(json.dumps({"heartbeat_s": 1, **settings}), encoding="utf-8")
        command = [sys.executable, "-m", "otus.cli", "sensor", "run", "--config", str(config)]
        command += ["--alerts", str(self.alerts_path), *arguments]
        for interface in interfaces:
            command += ["-i", interface]
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=said, start_new_session=True)

    def __enter__(self) -> Sensor:
        try:
            wait_for(lambda: "capturing on" in self.said() or self.process.poll() is not None, "the sensor starts")
            assert self.process.poll() is None, self.said()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> float:
        """End it as its service manager does; returns how long that took."""
        begun_s = time.monotonic()
        self.process.send_signal(sign)
        assert self.process.wait(PATIENCE_S) == 0, self.said()
        return time.monotonic() - begun_s

    def account(self) -> dict[str, int]:
        """The last line it says, as numbers: received, parsed, skipped, lost, held, events, hits, alerts."""
        line = self.said().splitlines()[-1]
        words = line.replace(",", "").replace(";", "").removeprefix("otus: ").replace("=", "").replace("+", "").split()
        found = dict(zip(words[::2], map(int, words[1::2]), strict=True))
        assert found["received"] == found["parsed"] + found["skipped"] + found["lost"] + found["held"], line
        return found

    def alerts(self) -> dict[str, dict[str, Any]]:
        """The last line of each alert, by its id."""
        return latest(self.alerts_path)


def latest(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):  # the last one may just be being written
            alert = json.loads(line)
            before = found.get(alert["event.id"])
            # Far above it goes on after a restart.
            first = alert["revision"] if alert["revision"] > REVISIONS_UNSEEN else 1
            assert alert["revision"] == (first if before is None else before["revision"] + 1), "revisions grow by one"
            found[alert["event.id"]] = alert
    return found


def told(alerts: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What must be equal for equal traffic, whenever it came by."""
    return sorted((a["cause"], a["client.ip"], a["server.ip"], a["count"], a["event.outcome"]) for a in alerts)


def replayed(paths: Iterable[Path], *arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "otus.cli", "replay", *map(str, paths), "--format", "ndjson", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def is_root() -> bool:
    return os.geteuid() == 0


def halt(sensor: Sensor) -> None:
    """Stop it until SIGCONT, all threads: the signal is on its way for a moment, and who reads goes on until then."""
    sensor.process.send_signal(signal.SIGSTOP)
    threads = list(Path(f"/proc/{sensor.process.pid}/task").iterdir())
    states = lambda: {(one / "stat").read_text().rpartition(")")[2].split()[0] for one in threads}  # noqa: E731
    wait_for(lambda: states() == {"T"}, "each of its threads stands still")
