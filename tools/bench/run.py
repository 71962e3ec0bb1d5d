"""One measured run: `otus replay` as a process of its own, held to some cores, its memory watched from outside."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOOK_S = 0.02
MIB = 1 << 20


@dataclass(frozen=True)
class Look:
    """What a process had used at one moment."""

    at_s: float
    rss_bytes: int
    cpu_s: float


@dataclass(frozen=True)
class Watched:
    """What a process cost, seen from outside."""

    seconds: float
    peak_bytes: int
    """resident; from /proc, because what wait4 tells begins with the memory of the process that forked"""
    looks: tuple[Look, ...]


@dataclass(frozen=True)
class Replay:
    """One `otus replay`. Its own figures, counted from the first capture opened to the last alert written."""

    packets: int
    packets_per_s: float
    seconds: float
    startup_s: float
    events: int
    hits: int
    alerts: int
    peak_bytes: int
    stats: dict[str, Any] = field(repr=False)
    looks: tuple[Look, ...] = field(repr=False, default=())

    def after(self, share: float) -> Look:
        """What it had used when that share of the reading time had passed."""
        at = self.startup_s + share * self.seconds
        return next((look for look in reversed(self.looks) if look.at_s <= at), self.looks[0])

    @property
    def packets_per_cpu_s(self) -> float:
        """The same rate by the processor time it got: on a machine that others use, too, this is the steadier one."""
        used = self.after(1.0).cpu_s - self.after(0.0).cpu_s
        return self.packets / used if used > 0 else 0.0


def cores(count: int) -> set[int]:
    """The last `count` cores this process may use: the first ones serve interrupts."""
    return set(sorted(os.sched_getaffinity(0))[-count:])


def watch(command: Sequence[str], *, on: int = 1, out: Path | None = None, most_s: float = 600.0) -> Watched:
    """Run a command on `on` cores.

    Raises:
        subprocess.CalledProcessError: it failed; its last lines of error output are the message.
        subprocess.TimeoutExpired: it took longer than `most_s` and was stopped.
    """
    held = cores(on)
    with (out or Path(os.devnull)).open("wb") as stdout:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=stdout, stderr=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, held)
        )
        try:
            peak, looks = 0, []
            while process.poll() is None:
                now = time.perf_counter() - started
                memory = _memory(process.pid)
                peak = max(peak, memory.get("VmHWM", 0))
                looks.append(Look(now, memory.get("VmRSS", 0), _cpu_s(process.pid)))
                if now > most_s:
                    raise subprocess.TimeoutExpired(command, most_s)
                time.sleep(LOOK_S)
            seconds = time.perf_counter() - started
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        assert process.stderr is not None
        said = process.stderr.read().decode(errors="replace")
        process.stderr.close()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=said[-2000:])
    return Watched(seconds, peak, tuple(looks))


def _memory(pid: int) -> dict[str, int]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    parts = [line.split() for line in lines if line.startswith(("VmHWM:", "VmRSS:"))]
    return {part[0].rstrip(":"): int(part[1]) * 1024 for part in parts}


def _cpu_s(pid: int) -> float:
    """User and system time of all its threads."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def replay(
    capture: Path,
    rules: Path | None,
    baseline: Path | None,
    *,
    on: int = 1,
    more: Sequence[str] = (),
    most_s: float = 600.0,
) -> Replay:
    """Replay a capture; alerts go to a file beside it, as NDJSON."""
    stats, alerts = capture.with_suffix(".stats.json"), capture.with_suffix(".alerts.ndjson")
    command = [sys.executable, "-m", "otus.cli", "replay", str(capture), "--stats", str(stats), "--format", "ndjson"]
    command += ["--rules", str(rules)] if rules else []
    command += ["--baseline", str(baseline)] if baseline else []
    seen = watch([*command, *more], on=on, out=alerts, most_s=most_s)
    said = json.loads(stats.read_text(encoding="utf-8"))
    alerts.unlink()
    stats.unlink()
    return Replay(
        packets=said["packets"],
        packets_per_s=said["packets"] / said["seconds"],
        seconds=said["seconds"],
        startup_s=said["startup_s"],
        events=said["events"],
        hits=said["hits"],
        alerts=said["alerts"],
        peak_bytes=seen.peak_bytes,
        stats=said,
        looks=seen.looks,
    )


@dataclass(frozen=True)
class Median:
    """The middle of several runs, and how far apart they were."""

    value: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Median:
        return cls(statistics.median(values), min(values), max(values))


def against(runs: Sequence[Replay], first: Sequence[Replay], *, wall: bool = False) -> float:
    """Rate of one case as a multiple of another's: the middle of what each round says, for the two runs of a round are
    neighbours in time and the machine was as slow for both. By processor time; `wall`: by the clock."""
    rate = (lambda run: run.packets_per_s) if wall else (lambda run: run.packets_per_cpu_s)
    return statistics.median(rate(one) / rate(other) for one, other in zip(runs, first, strict=True))
