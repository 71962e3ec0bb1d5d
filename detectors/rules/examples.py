"""Running the examples that stand in rules: what `otus rules test` shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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


def run_examples(ruleset: RuleSet, pcaps: Path, replay: Replay) -> Iterator[Result]:
    """Every example of every rule, in order. A capture is replayed once for all rules that name it."""
    wanted = {(example.pcap, example.baseline) for rule in ruleset for example in rule.examples}
    counts: dict[tuple[str, str | None], dict[str, int]] = {}
    problems: dict[tuple[str, str | None], str] = {}
    for key in sorted(wanted, key=lambda pair: (pair[0], pair[1] or "")):
        pcap, baseline = key
        missing = [name for name in (pcap, baseline) if name is not None and not _inside(pcaps, name)]
        if missing:
            problems[key] = f"no capture {missing[0]} in {pcaps}; record it or correct the path"
            continue
        alerts = replay(ruleset, pcaps / pcap, None if baseline is None else pcaps / baseline)
        counts[key] = {rule_id: list(alerts).count(rule_id) for rule_id in set(alerts)}
    for rule in ruleset:
        for example in rule.examples:
            key = (example.pcap, example.baseline)
            found = None if key in problems else counts[key].get(rule.id, 0)
            problem = problems.get(key, "")
            if found is not None and found != example.alerts:
                problem = f"{example.alerts} alerts said, {found} found"
            yield Result(rule, example, found, problem)


def _inside(folder: Path, name: str) -> bool:
    """A capture below the folder: an example from elsewhere names no other file."""
    path = (folder / name).resolve()
    return path.is_relative_to(folder.resolve()) and path.is_file()
