"""What every target has got so far: a file in the repository, and the table of `docs/security.md`, made of it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from tools.fuzz.build import CORE, ROOT
from tools.fuzz.run import REGRESSIONS, Ran

FILE = CORE / "fuzz" / "totals.json"
PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- figures: python -m tools.fuzz --page -->\n", "<!-- end of figures -->\n"
WANTED = 10_000_000
"""inputs of a target"""


@dataclass(frozen=True)
class Total:
    """Of one target, over all runs."""

    inputs: int = 0
    seconds: float = 0.0
    edges: int = 0
    corpus: int = 0

    def and_then(self, ran: Ran) -> Total:
        # Edges and corpus are what the latest run reached: it began with what was grown before.
        more = replace(self, inputs=self.inputs + ran.inputs, seconds=self.seconds + ran.seconds)
        return replace(more, edges=ran.edges, corpus=ran.corpus)


def load() -> dict[str, Total]:
    if not FILE.is_file():
        return {}
    return {name: Total(**row) for name, row in json.loads(FILE.read_text(encoding="utf-8")).items()}


def missing(name: str) -> int:
    """Inputs that this target has not had yet."""
    return max(0, WANTED - load().get(name, Total()).inputs)


def save(totals: Mapping[str, Total]) -> None:
    rows = {name: asdict(totals[name]) for name in sorted(totals)}
    FILE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def add(name: str, ran: Ran) -> None:
    """Others may fuzz other targets at the same time: one on each core."""
    folder = os.open(FILE.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        known = load()
        save({**known, name: known.get(name, Total()).and_then(ran)})
    finally:
        os.close(folder)


def table(totals: Mapping[str, Total]) -> str:
    """In Markdown; `regressions` are inputs that found a defect and are replayed by every `cargo test`."""
    lines = ["| target | inputs | inputs a second | edges | corpus | regressions |", "|---|---:|---:|---:|---:|---:|"]
    for name, total in sorted(totals.items()):
        folder = REGRESSIONS / name
        found = sum(path.is_file() for path in folder.iterdir()) if folder.is_dir() else 0
        rate = total.inputs / total.seconds if total.seconds else 0.0
        lines.append(f"| {name} | {total.inputs:,} | {rate:,.0f} | {total.edges:,} | {total.corpus:,} | {found} |")
    there = sum(total.inputs >= WANTED for total in totals.values())
    every = sum(total.inputs for total in totals.values())
    summary = f"{every:,} inputs in all; {there} of {len(totals)} targets have had {WANTED:,} or more."
    return "\n".join([*lines, "", summary]) + "\n"


def page(text: str, totals: Mapping[str, Total]) -> str:
    """The page with the figures as they are now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(totals)}\n{END}{after}"


def write_page(totals: Mapping[str, Total]) -> None:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), totals), encoding="utf-8")
