"""`python -m tools.fuzz`: fuzz all targets, or some, sharing the minutes; write the figures of docs/security.md."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from tools.fuzz import build, totals
from tools.fuzz.run import fuzz

MINUTES = 10.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="PART", help="parts of targets' names: modbus, stored, …")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"of all targets together ({MINUTES:g})")
    parser.add_argument("--due", action="store_true", help=f"bring those to {totals.WANTED:,} inputs that had fewer")
    parser.add_argument("--page", action="store_true", help="only write the figures into docs/security.md")
    parser.add_argument("--list", action="store_true", help="only print the targets' names")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.page:
        totals.write_page(totals.load())
        return 0
    every = build.targets()
    chosen = build.wanted(every, options.targets)
    if not chosen:
        print(f"fuzz: no target {', '.join(options.targets)}; --list prints all", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(target.name for target in chosen))
        return 0
    print("fuzz: building (a few minutes the first time)", file=sys.stderr, flush=True)
    programs = build.programs()
    found = []
    ends = time.monotonic() + options.minutes * 60
    if options.due:
        chosen = [target for target in chosen if totals.missing(target.name)]
    for place, target in enumerate(chosen):
        runs = totals.missing(target.name) if options.due else -1
        seconds = max(1, round((ends - time.monotonic()) / (len(chosen) - place)))
        ran = fuzz(programs, target, seconds, runs)
        totals.add(target.name, ran)
        rate = ran.inputs / max(1, ran.seconds)
        state = "no crash" if ran.crash is None else f"CRASH {ran.said}"
        line = f"{target.name:22} {ran.inputs:>12,} inputs {rate:>9,.0f}/s {ran.edges:>7,} edges {ran.corpus:>6,} kept"
        print(f"{line}  {state}", flush=True)
        if ran.crash is not None:
            found.append(f"fuzz: {target.name}: {ran.said}; kept as {ran.crash.relative_to(build.ROOT)}")
    totals.write_page(totals.load())
    print("\n".join(found), end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(f"fuzz: {' '.join(map(str, error.cmd[:3]))} failed:\n{error.stderr or ''}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("fuzz: stopped; what was found so far is kept", file=sys.stderr)
        sys.exit(130)
