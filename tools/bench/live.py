"""Live capture over a veth pair: what is offered, captured, parsed and lost, and the highest rate without a drop.

A namespace of its own holds the pair. `blast` (an example of the crate `tap`) has the kernel send the frames of a
capture on one core; the kernel's half of the reception runs there too, as it would in an interrupt. `otus sensor run`
has the other.
Every trial has a sensor of its own, so that its last line is the account of that trial.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.bench.traffic import places

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "sensor" / "core"
GIGABIT_PER_S = 1_270_000
"""Frames of 75 bytes (and preamble, check sequence and gap) that fill a gigabit."""
START_S, STOP_S = 60.0, 60.0
FAR, NEAR = "far0", "near0"


@dataclass(frozen=True)
class Trial:
    """One rate for some seconds: the sender's account, and the sensor's."""

    rate: int
    offered: int
    offered_per_s: int
    received: int
    parsed: int
    skipped: int
    lost: int
    held: int
    sensor_cpu: float
    """share of its core that the sensor used while frames came"""

    @property
    def before_ring(self) -> int:
        """Dropped by the pair itself: its queue was full before the ring saw them."""
        return self.offered - self.received

    @property
    def kept_up(self) -> bool:
        """Nothing was lost between the sender and the engine."""
        return self.lost == 0 and self.before_ring == 0

    @property
    def balanced(self) -> bool:
        return self.received == self.parsed + self.skipped + self.lost + self.held


def unavailable() -> str | None:
    """Why live capture cannot be measured here; None when it can."""
    if os.geteuid() != 0:
        return "needs root, for a network namespace and raw sockets"
    for program in ("ip", "nsenter"):
        if shutil.which(program) is None:
            return f"needs {program} (iproute2, util-linux)"
    if len(os.sched_getaffinity(0)) < 2:
        return "needs two cores: one sends, the sensor has the other"
    return None


def measure(
    capture: Path,
    rules: Path | None = None,
    baseline: Path | None = None,
    *,
    quick: bool = False,
    settings: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Offer rates to a sensor with these rules and this baseline (its model included); figures by name.

    `capture` (pcap, its connections from their first SYN on) is sent over and over; every second round has other
    sequence numbers, so that each round opens its connections anew. `settings` are those of `otus sensor run`.

    Raises:
        RuntimeError: this machine cannot do it (the message says why), or the sensor did not start.
    """
    if (why := unavailable()) is not None:
        raise RuntimeError(f"live capture is not measured: {why}")
    blast = build_blast()
    seconds, length_s, steps = (2.0, 5.0, 3) if quick else (6.0, 60.0, 7)
    more = {"ring_mib": 256, **(settings or {})}
    flags = [f"--rules={rules}"] if rules else []
    flags += [f"--baseline={baseline}"] if baseline else []
    with tempfile.TemporaryDirectory(prefix="otus-live-") as folder, wire() as namespace:
        rounds = Path(folder, "rounds.pcap")
        two_rounds(capture, rounds)

        def offer(rate: int, for_s: float) -> Trial:
            return trial(namespace, blast, rounds, rate, for_s, Path(folder), flags, more)

        top = offer(10 * GIGABIT_PER_S, seconds)  # as fast as this machine can send
        best, trials = highest(lambda rate: offer(rate, seconds), top.offered_per_s, steps)
        gigabit = offer(GIGABIT_PER_S, length_s)
        longest = gigabit if best >= GIGABIT_PER_S and gigabit.kept_up else offer(best, length_s)
    for each in (*trials, gigabit, longest):
        if not each.balanced:
            raise RuntimeError(f"the ledger does not balance: {each}")
    return {
        "highest_without_a_drop_per_s": longest.offered_per_s if longest.kept_up else None,
        "for_s": length_s,
        **{f"{name}": getattr(longest, name) for name in ("offered", "received", "parsed", "skipped", "lost", "held")},
        "before_ring": longest.before_ring,
        "sensor_cpu": round(longest.sensor_cpu, 2),
        "sender_at_most_per_s": top.offered_per_s,
        "gigabit_asked_per_s": GIGABIT_PER_S,
        "gigabit_offered_per_s": gigabit.offered_per_s,
        "gigabit_lost": gigabit.lost + gigabit.before_ring,
        "gigabit_sensor_cpu": round(gigabit.sensor_cpu, 2),
    }


def two_rounds(capture: Path, out: Path) -> None:
    """The capture, and once more with 2^30 added to every TCP sequence number; checksums stay right.

    Only plain Ethernet/IPv4/TCP frames are changed. To the sensor the second round is other connections on the same
    ports; the same numbers again would be one long retransmission.
    """
    content = np.fromfile(capture, dtype=np.uint8)
    raw = content.tobytes()
    frames = np.array([begin for begin, _ in places(raw) if begin + 54 <= len(raw)], dtype=np.int64)
    kind = content[frames[:, None] + np.array([12, 13, 14, 23])]
    frames = frames[(kind == [0x08, 0x00, 0x45, 6]).all(axis=1)]
    again = content.copy()
    acknowledges = frames[(content[frames + 47] & 0x10) != 0]
    for where, field in ((frames, 38), (acknowledges, 42)):
        before, total = _word(again, where + field), _word(again, where + 50)
        after = (before + 0x4000) & 0xFFFF
        summed = (~total & 0xFFFF) + (~before & 0xFFFF) + after  # RFC 1624, equation 3
        summed = (summed & 0xFFFF) + (summed >> 16)
        summed = (summed & 0xFFFF) + (summed >> 16)
        _put(again, where + field, after)
        _put(again, where + 50, ~summed & 0xFFFF)
    with out.open("wb") as file:
        file.write(raw)
        file.write(again[24:].tobytes())


def _word(content: NDArray[np.uint8], at: NDArray[np.int64]) -> NDArray[np.int64]:
    return (content[at].astype(np.int64) << 8) | content[at + 1]


def _put(content: NDArray[np.uint8], at: NDArray[np.int64], word: NDArray[np.int64]) -> None:
    content[at], content[at + 1] = word >> 8, word & 0xFF


def highest(offer: Callable[[int], Trial], most: int, steps: int) -> tuple[int, list[Trial]]:
    """Bisection between nothing and what the sender can do: the highest rate that lost nothing."""
    low, high, trials = 0, most, list[Trial]()
    for step in range(steps):
        rate = most if step == 0 else (low + high) // 2
        trials.append(offer(rate))
        if trials[-1].kept_up:
            low = rate
            if rate >= high:
                break
        else:
            high = rate
    return low or high // 2, trials


def trial(
    namespace: Sequence[str],
    blast: Path,
    capture: Path,
    rate: int,
    for_s: float,
    folder: Path,
    flags: Sequence[str],
    settings: dict[str, Any],
) -> Trial:
    send_on, sense_on = sorted(os.sched_getaffinity(0))[:2]
    config = folder / "sensor.yml"
    config.write_text(json.dumps({"interfaces": [NEAR], **settings}), encoding="utf-8")
    command = [*namespace, sys.executable, "-m", "otus.cli", "sensor", "run", "--config", str(config), *flags]
    log = folder / "sensor.log"
    with log.open("wb") as said:
        sensor = subprocess.Popen(
            [*command, "--alerts", str(folder / "alerts.ndjson")],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=said,
            preexec_fn=lambda: os.sched_setaffinity(0, {sense_on}),
        )
    try:
        _until(lambda: "capturing on" in log.read_text(encoding="utf-8"), START_S, sensor, log)
        used, begun = _cpu_s(sensor.pid), time.monotonic()
        sender = [*namespace, str(blast), FAR, NEAR, str(capture), str(rate), str(for_s), str(send_on)]
        done = subprocess.run(sender, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"nothing can be sent here: {done.stderr.strip()}")
        cpu = (_cpu_s(sensor.pid) - used) / (time.monotonic() - begun)
        sensor.send_signal(signal.SIGTERM)
        sensor.wait(STOP_S)
    finally:
        if sensor.poll() is None:
            sensor.kill()
            sensor.wait()
    sent, account = json.loads(done.stdout), _account(log)
    return Trial(
        rate=rate,
        offered=sent["offered"],
        offered_per_s=round(sent["packets_per_s"]),
        received=account["received"],
        parsed=account["parsed"],
        skipped=account["skipped"],
        lost=account["lost"],
        held=account["held"],
        sensor_cpu=cpu,
    )


def _account(log: Path) -> dict[str, int]:
    """The sensor's last line: `otus: received 9 = parsed 8 + skipped 1 + lost 0 + held 0; …`."""
    line = log.read_text(encoding="utf-8").splitlines()[-1]
    words = line.replace(",", "").replace(";", "").removeprefix("otus: ").replace("=", "").replace("+", "").split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


def _until(true: Callable[[], bool], patience_s: float, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + patience_s
    while not true():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the sensor did not start: {log.read_text(encoding='utf-8')[-500:]}")
        time.sleep(0.05)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def wire() -> Iterator[list[str]]:
    """A namespace with a pair whose ends are silent by themselves; what to put in front of a command to enter it."""
    name = f"otus-bench-{os.getpid()}"
    enter = ["nsenter", f"--net=/run/netns/{name}", "--"]
    _run("ip", "netns", "add", name)
    try:
        _run(*enter, "ip", "link", "add", FAR, "type", "veth", "peer", "name", NEAR)
        for end in (FAR, NEAR):
            _run(*enter, "sh", "-c", f"echo 1 > /proc/sys/net/ipv6/conf/{end}/disable_ipv6")
            _run(*enter, "ip", "link", "set", end, "arp", "off", "up")
        yield enter
    finally:
        _run("ip", "netns", "delete", name)


def blast_path() -> Path:
    return Path(os.environ.get("CARGO_TARGET_DIR", CORE / "target")) / "release" / "examples" / "blast"


def build_blast() -> Path:
    """The sender, built where it is not there yet."""
    built = ["cargo", "build", "--quiet", "--release", "-p", "tap", "--example", "blast"]
    subprocess.run(built, cwd=CORE, check=True)
    return blast_path()


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    arguments = sys.argv[1:]
    found = measure(Path(arguments[0]), *(Path(each) for each in arguments[1:3]), quick="QUICK" in os.environ)
    for key, value in found.items():
        print(f"{key:32}{value}")
