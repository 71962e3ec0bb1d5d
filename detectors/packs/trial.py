"""A pack tried before it counts: its examples, and what its rules would have said to evidence that was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from detectors.rules import Result, RuleSet, run_examples
from detectors.rules.examples import Replay, bundled_captures

MAX_SLICES = 1_000
MAX_SLICE_BYTES = 256 * 1024 * 1024
"""Of evidence that is looked at, the latest: some ten seconds. Older evidence is of other days' plants."""

Alerts = Callable[[RuleSet, Path], Sequence[str]]
"""Rule ids of the alerts that a capture raises, after folding."""


@dataclass(frozen=True)
class Trial:
    """`alerts`: what the pack's rules would have said, by title; `new`: of these what is not said as things are now.
    `looked` slices of `slices` that are kept."""

    looked: int
    slices: int
    alerts: Counter[str]
    new: Counter[str]
    unread: int = 0
    """slices that could not be read"""

    def __str__(self) -> str:
        return (
            f"on {self.looked} of {self.slices} kept slices of evidence it would have alerted"
            f" {self.alerts.total()} times, {self.new.total()} of them new"
        )


def latest(slices: Sequence[tuple[int, int, Path]]) -> list[Path]:
    """Of `(time, bytes, file)` the files that are looked at, the latest first."""
    chosen: list[Path] = []
    total = 0
    for _, size, path in sorted(slices, key=lambda one: (-one[0], one[2].name))[:MAX_SLICES]:
        total += size
        if total > MAX_SLICE_BYTES:
            break
        chosen.append(path)
    return chosen


def try_on(slices: Sequence[Path], kept: int, before: RuleSet, after: RuleSet, of_pack: frozenset[str],
           alerts: Alerts) -> Trial:  # fmt: skip
    """Replay each slice with the rules as they are and as they would be; rules with the ids `of_pack` are counted.

    Only those run: of others nothing changes.
    """
    now, then = (replace(rules, rules=tuple(rule for rule in rules if rule.id in of_pack)) for rules in (before, after))
    titles = {rule.id: rule.title for rule in then}
    said: Counter[str] = Counter()
    fresh: Counter[str] = Counter()
    unread = 0
    for path in slices:
        try:
            found = Counter(alerts(then, path))
            known = Counter(alerts(now, path)) if found and len(now) else Counter[str]()
        except (OSError, ValueError):  # deleted by the sensor meanwhile, or damaged
            unread += 1
            continue
        for rule_id, count in found.items():
            said[titles[rule_id]] += count
            fresh[titles[rule_id]] += max(0, count - known[rule_id])
    return Trial(len(slices) - unread, kept, said, +fresh, unread)


def examples(rules: RuleSet, folder: Path, replay: Replay) -> list[Result]:
    """The examples of a pack's rules: captures that it brings (`pcaps/`), else those that came with this version."""
    own = folder / "pcaps"

    def here(name: str | None) -> bool:
        return name is None or (own / name).is_file()

    results: list[Result] = []
    for captures, brought in ((own, True), (bundled_captures(), False)):
        picked = tuple(
            replace(
                rule, examples=tuple(one for one in rule.examples if (here(one.pcap) and here(one.baseline)) == brought)
            )
            for rule in rules
        )
        results += run_examples(replace(rules, rules=picked), replay, captures)
    return results
