"""How many instructions the engine takes for a packet, counted by valgrind: the one figure that no neighbour disturbs.

`python -m tools.bench.instructions` counts and compares with `instructions.json`; `--record` rewrites that file. A
small capture of each protocol goes through `sensor/core/wire/examples/engine_run.rs`: the whole engine, rules and a
baseline that contains the traffic, windows on, nothing fires, no Python inside. Counts differ between compilers: the
recorded ones hold for the compiler named beside them. `--storms` counts what storms and alarms take instead, beside
the silence each is compared with.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from tools.bench.bench import MIXED, RULES, Bench
from tools.bench.cargo import NoCargo, example
from tools.bench.knowledge import write_baseline
from tools.bench.machine import said
from tools.bench.parts import alerting, storm
from tools.bench.rules import write as write_rules
from tools.bench.traffic import PLANTS, write

RECORDED = Path(__file__).with_suffix(".json")
STORM_PACKETS = 40_000
KINDS = ("functions", "s7comm", "opcua", "mix")
PACKETS, CONNECTIONS, TUPLES = 20_000, 60, 20_000
MORE = 1.10
"""Beyond so much of what was recorded it is a regression."""


def count() -> dict[str, float]:
    """Instructions per packet, by kind of traffic.

    Raises:
        NoCargo: Rust or valgrind is missing.
    """
    if shutil.which("valgrind") is None:
        raise NoCargo("valgrind is not installed")
    program = example("wire", "engine_run")
    with tempfile.TemporaryDirectory(prefix="otus-instructions-") as folder:
        return {kind: _count(program, kind, Path(folder)) for kind in KINDS}


def _count(program: Path, kind: str, folder: Path) -> float:
    from detectors.baseline.folder import TABLE
    from detectors.rules import load_rules

    capture, rules, baseline = folder / "capture.pcap", folder / "rules.json", folder / f"{kind}.baseline"
    plant = replace(PLANTS[kind], connections=CONNECTIONS, packets_per_s=CONNECTIONS * 100)
    write(capture, plant, PACKETS)
    write_baseline(baseline, plant, TUPLES)
    for each in MIXED if kind == "mix" else ("modbus",) if kind == "functions" else (kind,):
        write_rules(folder / kind / each, RULES, protocol=each)
    rules.write_text(load_rules(folder / kind).to_core_json(("default",)), encoding="utf-8")
    found, per_packet = _run(program, capture, rules, baseline / TABLE)
    if found["hits"] or found["parsed"] < PACKETS * 0.9:
        raise AssertionError(f"{kind}: not the silent traffic that was meant: {found}")
    return per_packet


def storms() -> dict[str, float]:
    """Instructions per packet, by case of the benchmark's storms and alarms; 60 connections.

    Raises:
        NoCargo: Rust or valgrind is missing.
    """
    from detectors.baseline.folder import TABLE
    from detectors.rules import load_rules

    if shutil.which("valgrind") is None:
        raise NoCargo("valgrind is not installed")
    program, counted = example("wire", "engine_run"), {}
    with tempfile.TemporaryDirectory(prefix="otus-instructions-") as name:
        bench = Bench(Path(name), STORM_PACKETS, runs=1, connections=CONNECTIONS)
        rules = bench.folder / "rules.json"
        for case in (*storm.cases_of(bench, STORM_PACKETS), *alerting.cases_of(bench, STORM_PACKETS, model=False)):
            assert case.baseline is not None
            rules.write_text(load_rules(case.rules).to_core_json(("default",)), encoding="utf-8")
            found, counted[case.name] = _run(program, case.capture, rules, case.baseline / TABLE)
            if (found["hits"] == 0) != (case.name in (storm.SILENT, alerting.SILENT)):
                raise AssertionError(f"{case.name}: not the traffic that was meant: {found}")
    return counted


def _run(program: Path, capture: Path, rules: Path, table: Path) -> tuple[dict[str, int], float]:
    """What the program said, and instructions per packet."""
    command = ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=engine_run::measured*"]
    command += ["--callgrind-out-file=/dev/null", str(program), str(capture), str(rules), str(table)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    found: dict[str, int] = json.loads(done.stdout)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    assert collected is not None, done.stderr[-500:]
    return found, round(int(collected[1]) / found["received"], 1)


def recorded() -> dict[str, Any] | None:
    """What `--record` wrote; nothing before it did."""
    if not RECORDED.exists():
        return None
    found: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def compiler() -> str:
    return said("rustc", "--version")


def grown(found: dict[str, float], before: dict[str, float]) -> list[str]:
    """What takes more than was recorded, and by how much; a line each."""
    return [
        f"{kind}: {found[kind]:.0f} instructions per packet, {before[kind]:.0f} recorded (at most × {MORE})"
        for kind in before
        if found[kind] > before[kind] * MORE
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.instructions", description=__doc__)
    parser.add_argument("--record", action="store_true", help=f"rewrite {RECORDED.name}")
    parser.add_argument("--storms", action="store_true", help="count what storms and alarms take")
    options = parser.parse_args()
    try:
        found = storms() if options.storms else count()
    except NoCargo as reason:
        print(f"instructions: {reason}", file=sys.stderr)
        return 2
    if options.storms:
        print("\n".join(f"{number:8.1f} instructions per packet: {case}" for case, number in found.items()))
        return 0
    before = (recorded() or {"per_packet": {}})["per_packet"]
    for kind, number in found.items():
        print(f"{kind:10} {number:8.1f} instructions per packet, {before.get(kind, 0):8.1f} recorded")
    if options.record:
        content = {"compiler": compiler(), "per_packet": found}
        RECORDED.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        return 0
    worse = grown(found, before)
    print("\n".join(worse), file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
