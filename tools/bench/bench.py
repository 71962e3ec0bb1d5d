"""What every part of the benchmark shares: sizes, a folder that is cleaned up, captures and knowledge made once."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tools.bench import rules
from tools.bench.knowledge import window_s, write_baseline
from tools.bench.run import Median, Replay, replay
from tools.bench.traffic import PLANTS, Plant, write

LARGEST_FRAME = 320
"""Bytes of a record, at most, on average: for saying beforehand whether the disk is large enough."""
RESERVE = 2 << 30
RULES, TUPLES = 200, 100_000
OWN_SIZE = {"flows": (50_000, 100_000.0), "day": (10, 2.4)}
"""Plants whose size is what they are measured for; connections and packets a second of a quick run."""
MIXED = ("modbus", "s7comm", "opcua")

RULE = """\
title: Benchmark {what}
id: {id}
status: test
description: Made by the benchmark.
level: low
tags: [attack.ics.t0855]
protocol: {protocol}
detection:
  selection: {{{selection}}}
  condition: selection
falsepositives: [none]
"""


class Skipped(Exception):
    """A part that cannot run here; the message says what is missing."""


@dataclass(frozen=True)
class Case:
    """What one replay is given."""

    name: str
    capture: Path
    rules: Path | None
    baseline: Path | None
    cores: int = 1
    more: tuple[str, ...] = ()


@dataclass
class Bench:
    folder: Path
    packets: int
    """of the headline"""
    runs: int
    connections: int | None = None
    quick: bool = False
    made: dict[str, Path] = field(default_factory=dict)
    rates: dict[str, Median] = field(default_factory=dict)
    """of the headline, by kind of traffic: what others are compared with"""

    def plant(self, kind: str) -> Plant:
        """As listed; with fewer connections where that was asked for. A quick one is a quarter in size and pace."""
        plant = PLANTS[kind]
        if kind in OWN_SIZE:
            connections, pace = OWN_SIZE[kind]
            return replace(plant, connections=connections, packets_per_s=pace) if self.quick else plant
        if self.quick:
            plant = replace(plant, connections=plant.connections // 4, packets_per_s=plant.packets_per_s / 4)
        return replace(plant, connections=self.connections) if self.connections else plant

    @property
    def less(self) -> int:
        """Packets of runs that are compared with each other and not with the headline."""
        return min(self.packets, max(500_000, self.packets * 2 // 5))

    def capture(self, kind: str, packets: int) -> Path:
        """Made when it is first asked for; `drop` it when it will not be asked for again.

        Raises:
            Skipped: the disk has no room for it.
        """
        name = f"{kind}-{packets}"
        if name not in self.made:
            wanted, free = packets * LARGEST_FRAME, shutil.disk_usage(self.folder).free
            if wanted + RESERVE > free:
                raise Skipped(f"{self.folder}: {wanted >> 20} MiB wanted for {packets} packets, {free >> 20} free")
            path = self.folder / f"{name}.pcap"
            say(f"generating {packets:,} packets of {kind}")
            write(path, self.plant(kind), packets)
            self.made[name] = path
        return self.made[name]

    def drop(self, kind: str) -> None:
        """Captures and baselines of that kind."""
        for name in [name for name in self.made if name.split("-")[0] == kind]:
            path = self.made.pop(name)
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def baseline(
        self, kind: str, packets: int, tuples: int = TUPLES, *, model: bool = True, polls: bool = True
    ) -> Path:
        """A baseline that contains that traffic, with a model of its windows."""
        name = f"{kind}-{packets}-{tuples}-{model:d}{polls:d}"
        if name not in self.made:
            plant = self.plant(kind)
            capture = self.capture(kind, packets) if model else None
            say(f"writing a baseline of {tuples:,} rows" + (" with a model" if model else ""))
            path = self.folder / f"{name}.baseline"
            write_baseline(path, plant, tuples, capture, window_s(plant, packets), polls=polls)
            self.made[name] = path
        return self.made[name]

    def rules(self, count: int, protocol: str = "modbus") -> Path:
        """So many rules on what the traffic does, none of which fires.

        A folder without any rule is refused as a mistake: for none it holds one of a protocol that nobody speaks here.
        """
        name = f"rules-{protocol}-{count}"
        if name not in self.made:
            path = self.folder / name
            if not count:
                write_rule(path / "0", "nothing", "s7comm.function_name: none", protocol="s7comm")
            elif protocol == "mix":
                for each in MIXED:
                    rules.write(path / each, count // len(MIXED), protocol=each)
            else:
                rules.write(path / "0", count, protocol=protocol)
            self.made[name] = path
        return self.made[name]

    def usual_rules(self, kind: str) -> Path:
        return self.rules(RULES, kind)

    def measure(self, case: Case) -> tuple[list[Replay], Median]:
        """All runs of one case, and their rate."""
        return self.compare([case])[0]

    def compare(self, cases: Sequence[Case]) -> list[tuple[list[Replay], Median]]:
        """Runs of several cases in turn, there and back: what else the machine does falls on all of them alike."""
        runs: list[list[Replay]] = [[] for _ in cases]
        for number in range(1, self.runs + 1):
            turn = list(zip(cases, runs, strict=True))
            for case, own in turn if number % 2 else reversed(turn):
                say(f"{case.name}: run {number} of {self.runs}")
                own.append(replay(case.capture, case.rules, case.baseline, on=case.cores, more=case.more))
        return [(own, Median.of([run.packets_per_s for run in own])) for own in runs]


def write_rule(folder: Path, what: str, selection: str, protocol: str = "modbus", more: str = "") -> Path:
    """One rule in a folder of its own; `more`: lines of it behind the detection."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = f"00000000-0000-4000-8000-{sum(map(ord, selection)):012d}"
    text = RULE.format(what=what.title(), id=identity, selection=selection, protocol=protocol) + more
    (folder / f"benchmark_{what}.yml").write_text(text, encoding="utf-8")
    return folder


def takes(command: str, word: str) -> bool:
    """Whether the command line knows that option or choice."""
    done = subprocess.run(
        [sys.executable, "-m", "otus.cli", command, "--help"], capture_output=True, text=True, check=True
    )
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", done.stdout) is not None


def say(text: str) -> None:
    print(f"==> {text}", flush=True)
