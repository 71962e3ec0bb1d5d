"""This tree against another checkout, round by round: whether a change made `otus replay` slower.

`python -m tools.bench.against TREE`: the other tree, its core built into it. Each plays captures and knowledge of its
own making (formats change) as the headline does, there and back again in turn, so that what else the machine does
falls on both alike. The ratios are this tree's rate by the other's: of the medians, the median of the rounds' own, and
of the best. On a machine that others use, too, the best of many rounds is what to go by.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.bench.parts.headline import KINDS
from tools.bench.run import cores

HERE = Path(__file__).resolve().parents[2]
PREPARE = """
import json, sys
from pathlib import Path
from tools.bench.bench import Bench
kind, packets = sys.argv[2], int(sys.argv[3])
bench = Bench(Path(sys.argv[1]), packets, 1)
given = [bench.capture(kind, packets), bench.usual_rules(kind), bench.baseline(kind, packets)]
print(json.dumps([str(path) for path in given]))
"""


def python(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the last core with that tree's packages.

    Raises:
        SystemExit: it failed; its last line of error output is said.
    """
    done = subprocess.run(
        [sys.executable, *arguments], cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, text=True,
        capture_output=True, check=False, preexec_fn=lambda: os.sched_setaffinity(0, cores(1)),
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"against: {tree}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    return done


def rate(tree: Path, given: list[str], stats: Path) -> float:
    """Millions of packets a second of one replay."""
    capture, rules, baseline = given
    command = ["-m", "otus.cli", "replay", capture, "--rules", rules, "--baseline", baseline, "--format", "ndjson"]
    python(tree, *command, "--stats", str(stats))
    said = json.loads(stats.read_text(encoding="utf-8"))
    return float(said["packets"]) / float(said["seconds"]) / 1e6


def compare(other: Path, kind: str, packets: int, rounds: int, folder: Path) -> str:
    """One line for a kind of traffic."""
    trees = (other, HERE)
    given = {}
    for tree, name in zip(trees, ("other", "this"), strict=True):
        (folder / name).mkdir()
        given[tree] = json.loads(
            python(tree, "-c", PREPARE, str(folder / name), kind, str(packets)).stdout.splitlines()[-1]
        )
    rates: dict[Path, list[float]] = {tree: [] for tree in trees}
    for number in range(rounds):
        for tree in trees if number % 2 else reversed(trees):
            rates[tree].append(rate(tree, given[tree], folder / "stats.json"))
    before, after = rates[other], rates[HERE]
    own = statistics.median(b / a for a, b in zip(before, after, strict=True))
    medians = [statistics.median(found) for found in (before, after)]
    return (
        f"{KINDS[kind]}: median {medians[0]:.2f} → {medians[1]:.2f} ({medians[1] / medians[0]:.3f}),"
        f" round by round {own:.3f}, best {max(before):.2f} → {max(after):.2f} ({max(after) / max(before):.3f})"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.against", description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"some of: {', '.join(KINDS)}")
    parser.add_argument("--packets", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    kinds = options.kinds.split(",")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        print(f"against: no traffic {', '.join(unknown)}; there are: {', '.join(KINDS)}", file=sys.stderr)
        return 2
    if not (options.tree / "sensor" / "_core.abi3.so").exists():
        print(f"against: {options.tree}: no tree with a built core", file=sys.stderr)
        return 2
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="otus-against-") as folder:
            print(compare(options.tree.resolve(), kind, options.packets, options.rounds, Path(folder)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
