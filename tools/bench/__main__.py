"""`python -m tools.bench`: measure all parts, or some; write docs/performance.md when all were measured in full."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.bench import machine, report
from tools.bench.bench import Bench, Skipped, say
from tools.bench.parts import PARTS
from tools.bench.table import Table

PACKETS, RUNS = 20_000_000, 5
QUICK_PACKETS, QUICK_RUNS = 400_000, 1
QUICK_S = 45.0
"""After which a quick run begins no further part."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--packets", type=int, help=f"of the headline ({PACKETS:,}; quick: {QUICK_PACKETS:,})")
    parser.add_argument("--connections", type=int, help="conversations of the generated plant (1,000)")
    parser.add_argument("--runs", type=int, help=f"of which the median is taken ({RUNS}; quick: {QUICK_RUNS})")
    parser.add_argument("--only", metavar="PART,…", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="at most a minute: smaller, fewer runs, page not written")
    parser.add_argument("--folder", type=Path, help="where captures are made (the system's temporary folder)")
    parser.add_argument("--json", type=Path, default=report.JSON, help="where figures go (build/performance.json)")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    wanted = options.only.split(",") if options.only else list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        print(f"bench: no part {', '.join(unknown)}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    packets = options.packets or (QUICK_PACKETS if options.quick else PACKETS)
    runs = options.runs or (QUICK_RUNS if options.quick else RUNS)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    facts, tables, skipped = machine.facts(), list[Table](), dict[str, str]()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="otus-bench-", dir=options.folder) as folder:
        bench = Bench(Path(folder), packets, runs, options.connections, quick=options.quick)
        for name in wanted:
            if options.quick and not options.only and time.monotonic() - began > QUICK_S:
                skipped[name] = "no time left in a quick run; --only measures it"
                say(f"{name} skipped: {skipped[name]}")
                continue
            try:
                found = PARTS[name](bench)
            except Skipped as reason:
                skipped[name] = str(reason)
                say(f"{name} skipped: {reason}")
                continue
            except subprocess.CalledProcessError as error:
                skipped[name] = f"{' '.join(error.cmd[:5])} …: {str(error.stderr).strip().splitlines()[-1:]}"
                say(f"{name} failed: {skipped[name]}")
                continue
            for table in found:
                print(f"\n{table.text()}\n", flush=True)
            tables += found
    print(f"\n{'; '.join(f'{name} {value}' for name, value in facts.items())}")
    print(f"all in {time.monotonic() - began:.0f} s")
    report.write_json(options.json, facts, tables, skipped)
    whole = not (options.only or options.quick or options.connections) and runs >= RUNS and packets >= PACKETS
    if whole:
        report.write(facts, tables, skipped)
        print(f"written: {report.PAGE}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("bench: stopped; nothing is left behind", file=sys.stderr)
        sys.exit(130)
