"""What the core is watched at: ordinary hours of the range, the bundled captures (attacks among them), load, storms."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from testbed.play.plants import SCENARIOS
from tools.bench.bench import Bench, Case
from tools.bench.parts import alerting, storm

ROOT = Path(__file__).resolve().parents[2]
PACKETS = 1_000_000
"""Of each kind of load."""
TOGETHER = 25
"""Captures of one run."""
STORM_PACKETS = 500_000
"""Of each kind of storm: together less than half of what load is, so that ordinary traffic stays most of it. Enough for
alerts to be open and hits to be nothing but counted."""
LOADS = ("modbus", "s7comm", "opcua", "mix")
SEED = 71
"""Not one that quality is reported on."""


def runs(folder: Path) -> Iterator[list[str]]:
    """Arguments of `otus`, one run after the other; what a run needs was made by those before it."""
    for scenario in SCENARIOS:
        learned, day = (folder / f"{scenario.name}-{part}.pcap" for part in ("learned", "day"))
        baseline = folder / f"{scenario.name}.baseline"
        for capture, seed in ((learned, SEED), (day, SEED + 1)):
            yield ["range", "play", scenario.name, "--seed", str(seed), "--hours", "1", "--output", str(capture)]
        yield ["baseline", "learn", str(learned), "--output", str(baseline), "--trust-all"]
        yield ["replay", str(day), "--baseline", str(baseline), "--format", "ndjson"]
        yield ["events", str(day), "--format", "ndjson", "--output", str(folder / "events.ndjson")]
        yield ["events", str(day), "--format", "parquet", "--output", str(folder / "events.parquet")]
    captures = [str(capture) for capture in sorted((ROOT / "pcaps").rglob("*.pcap*"))]
    for first in range(0, len(captures), TOGETHER):
        yield ["replay", *captures[first : first + TOGETHER], "--format", "ndjson"]
    bench = Bench(folder, PACKETS, runs=1)
    for kind in LOADS:
        given = [str(bench.capture(kind, PACKETS)), "--rules", str(bench.usual_rules(kind))]
        yield ["replay", *given, "--baseline", str(bench.baseline(kind, PACKETS)), "--format", "ndjson"]
        if kind == "modbus":
            yield from (_replay(case) for case in alerting.cases_of(bench, PACKETS) if case.name != alerting.SILENT)
        bench.drop(kind)
    yield from (_replay(case) for case in storm.cases_of(bench, STORM_PACKETS) if case.name != storm.SILENT)


def _replay(case: Case) -> list[str]:
    given = [str(case.capture), "--rules", str(case.rules), "--baseline", str(case.baseline)]
    return ["replay", *given, "--format", "ndjson"]


def train(package: Path, profiles: Path, folder: Path) -> None:
    """Run everything with the package unpacked at `package`, whose core writes what it counts into `profiles`.

    Raises:
        SystemExit: a run failed; its last line of error output is said.
    """
    where = {"PYTHONPATH": str(package), "LLVM_PROFILE_FILE": str(profiles / "%p-%m.profraw")}
    for arguments in runs(folder):
        command = [sys.executable, "-P", "-m", "otus.cli", *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        done = subprocess.run(command, cwd=folder, env={**os.environ, **where}, text=True, check=False, **quiet)
        if done.returncode not in (0, 1):
            last = (done.stderr.strip().splitlines() or ["failed"])[-1]
            sys.exit(f"profile: otus {' '.join(arguments[:3])}: {last}")
