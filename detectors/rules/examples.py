"""Running the examples that stand in rules: what `otus rules test` shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from detectors.rules.model import Example, Rule, RuleSet

Replay = Callable[[RuleSet, Path, Path | None], Sequence[str]]
"""Replays a capture, with a baseline learned from another where one is named, and returns the rule id of every alert
(after folding) that a rule raised."""


@dataclass(frozen=True)
class Result:
    """`problem` is empty when the example did what it says."""

    rule: Rule
    example: Example
    found: int | None
    problem: str

    @property
    def passed(self) -> bool:
        return not self.problem

    def __str__(self) -> str:
        return f"{self.rule.place('examples')}: {self.example.pcap}: {self.problem or 'as said'}"


def bundled_captures() -> Path:
    """The folder of the captures that came with this version."""
    return Path(str(files("pcaps")))


def run_examples(ruleset: RuleSet, replay: Replay, pcaps: Path | None = None) -> list[Result]:
    """Every example of every rule, in order. A capture is replayed once for all rules that name it.

    `pcaps` is the folder the examples' paths start from; none: the captures that came with this version.
    """
    folder = bundled_captures() if pcaps is None else pcaps
    wanted = {(example.pcap, example.baseline) for rule in ruleset for example in rule.examples}
    counts: dict[tuple[str, str | None], Counter[str]] = {}
    for pcap, baseline in sorted(wanted, key=lambda pair: (pair[0], pair[1] or "")):
        if _missing(folder, pcap, baseline) is None:
            found = replay(ruleset, folder / pcap, None if baseline is None else folder / baseline)
            counts[pcap, baseline] = Counter(found)
    return [_result(rule, example, counts, folder) for rule in ruleset for example in rule.examples]


def _result(
    rule: Rule, example: Example, counts: Mapping[tuple[str, str | None], Counter[str]], folder: Path
) -> Result:
    missing = _missing(folder, example.pcap, example.baseline)
    if missing is not None:
        return Result(rule, example, None, f"no capture {missing} in {folder}; record it or correct the path")
    found = counts[example.pcap, example.baseline][rule.id]
    problem = "" if found == example.alerts else f"{example.alerts} alerts said, {found} found"
    return Result(rule, example, found, problem)


def _missing(folder: Path, pcap: str, baseline: str | None) -> str | None:
    """The first capture that is not a file below the folder: an example names nothing outside."""
    for name in (pcap, baseline):
        if name is not None:
            path = (folder / name).resolve()
            if not path.is_relative_to(folder.resolve()) or not path.is_file():
                return name
    return None
