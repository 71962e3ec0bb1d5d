"""Score detection on the range's acts and on labelled public captures, and write docs/detection-quality.md.

`python -m tools.quality --captures FOLDER` (a folder of the public captures; without it only the range is scored).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from detectors.evaluation import Result, read_labels
from detectors.evaluation.page import section
from otus.evaluate import judge
from testbed.play.plants import SCENARIOS
from testbed.play.play import Order, fitting, play_into
from tools.quality import benign

ROOT = Path(__file__).resolve().parents[2]
LABELS = ROOT / "testbed" / "labels"
HEAD = """\
# How good detection is

Written by `python -m tools.quality`; how alerts are scored: [evaluation.md](evaluation.md). An event counts once;
precision and false ones go by incidents (a story with its alerts), the lists below name the alerts; level low and above
count. Misses stand in bold with their reason: they are the list of what comes next. Of work and special days (kinds
`work`, `benign`) *found* says how often they passed without an alarm of level medium or above.
"""


def ranged(seeds: range, quiet_s: float) -> list[tuple[str, str, list[Result]]]:
    """Every plant with everything that can be done to it, for each seed."""
    found = []
    for scenario in SCENARIOS:
        results = []
        for seed in seeds:
            with tempfile.TemporaryDirectory(prefix="otus-quality-") as folder:
                path = Path(folder) / f"{scenario.name}-{seed}.pcap"
                truth = path.with_suffix(".truth.json")
                acts = tuple(fitting(scenario.name))
                play_into(Order(scenario.name, seed, None, acts, quiet_s), path, truth)
                results += [judge(one) for one in read_labels(truth)]
            print(scenario.name, seed, flush=True)
        about = f"{scenario.zh} / {scenario.en}. Seeds {seeds[0]} to {seeds[-1]}, {quiet_s / 3600:g} h learned from."
        found.append((f"靶场 range: {scenario.name}", about, results))
    return found


def public(captures: Path) -> list[tuple[str, str, list[Result]]]:
    found = []
    for path in sorted(LABELS.glob("*.yml")):
        results = [judge(one) for one in read_labels(path, captures)]
        about = f"Labels: `testbed/labels/{path.name}`, {len(results)} captures. Nothing is learned: rules alone."
        found.append((f"公开抓包 public captures: {path.stem}", about, results))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captures", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--quiet-hours", type=float, default=4.0)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "detection-quality.md")
    wanted = parser.parse_args()
    parts = ranged(range(1, wanted.seeds + 1), wanted.quiet_hours * 3600)
    if wanted.captures is not None:
        parts += public(wanted.captures)
    kept = benign.written(wanted.output)  # it was measured by itself, and takes hours
    wanted.output.write_text("\n".join([HEAD, *(section(*part) for part in parts)]).rstrip() + "\n", encoding="utf-8")
    if kept:
        benign.write_section(wanted.output, kept)


if __name__ == "__main__":
    main()
