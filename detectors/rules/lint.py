"""Lints: each a class with its name, its level and its advice.

Loading finds what cannot work, lints what should not stay.

A finding of level `error` makes `otus rules lint` fail; a `warning` is advice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from detectors.rules.loader import NURSERY, bundled, collect_rules
from detectors.rules.model import Not, Rule, checks
from detectors.rules.reader import KEYS
from detectors.rules.techniques import TECHNIQUES
from detectors.rules.vocabulary import Vocabulary, family, suggestion
from sensor.schema.classes import CLASSES


@dataclass(frozen=True)
class Finding:
    """What a lint has to say about a rule, with the way out."""

    place: str
    lint: str
    level: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.level}: {self.message} [{self.lint}]"


class Lint:
    """`look` yields the key it is about and the message; an empty key is the whole file."""

    name: ClassVar[str]
    level: ClassVar[str] = "error"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        raise NotImplementedError


def slug(title: str) -> str:
    """`Modbus Write From a Host` → `modbus_write_from_a_host`: how a rule's file is named."""
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")


class FileName(Lint):
    name = "file_name"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        if rule.path.name != f"{slug(rule.title)}.yml":
            yield "title", f"the file is named for the title; rename it to {slug(rule.title)}.yml"


class Namespace(Lint):
    name = "namespace"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        folders = _below(rule, root).parts[:-1]
        folder = family(rule.protocol)
        if folders and folders[0] not in (folder, NURSERY):
            yield "protocol", f"the folder is named for the protocol; move the file to {folder}/"


class MissingKey(Lint):
    name = "missing_key"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        wanted = ("id", "status", "description", "tags", "title_zh", "advice", "consequence", "falsepositives")
        missing = [key for key in wanted if key not in rule.given]
        if missing:
            yield "", f"add {', '.join(missing)}"


class MissingClass(Lint):
    name = "missing_class"
    level = "warning"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        if not rule.incident_class:
            yield "", f"add class, what kind of incident it is: {', '.join(CLASSES)}"


class UnknownKey(Lint):
    name = "unknown_key"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        for key in sorted(rule.given - set(KEYS)):
            yield key, f"unknown key {key} is not read{suggestion(key, KEYS) or '; leave it out'}"


class Description(Lint):
    name = "description"
    level = "warning"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        if rule.description and not rule.description.startswith("Detects "):
            yield "description", "begin with the word Detects"


class Technique(Lint):
    name = "technique"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        for technique in rule.technique:
            if technique not in TECHNIQUES:
                yield "tags", f"{technique} is not a technique of ATT&CK for ICS; look it up"
        if "tags" in rule.given and not rule.technique:
            yield "tags", "name at least one technique: attack.ics.tNNNN"


class FalsePositives(Lint):
    name = "falsepositives"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        for text in rule.falsepositives:
            if text.strip().lower() in ("none", "no", "n/a", "-"):
                yield "falsepositives", f"{text!r} is never true; write Unknown or Unlikely"


class Examples(Lint):
    name = "examples"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        if NURSERY in _below(rule, root).parts:
            return
        fires = [example for example in rule.examples if example.alerts > 0]
        silent = [example for example in rule.examples if example.alerts == 0]
        if not fires or not silent:
            lacking = "one of ordinary traffic that stays silent" if fires else "one that fires"
            if not rule.examples:
                lacking = "one that fires and one that stays silent"
            yield "examples", f"add an example: {lacking}; a rule without waits in {NURSERY}/"
        if rule.needs_baseline and not any(example.baseline for example in fires):
            yield "examples", "the rule asks what a link is known for; name a baseline in the example that fires"
        folders = {example.pcap.partition("/")[0] for example in silent}
        if silent and family(rule.protocol) not in folders:
            yield "examples", f"let one silent example hold {rule.protocol}: silence on other traffic proves little"


class Nursery(Lint):
    name = "nursery"
    level = "warning"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        if NURSERY not in _below(rule, root).parts:
            return
        counts = [example.alerts for example in rule.examples]
        if any(counts) and 0 in counts:
            yield "examples", f"it has its examples: move it to {family(rule.protocol)}/"
        else:
            yield "examples", "off by default (--nursery): it waits for an example that fires and one that stays silent"


class UnusedSelection(Lint):
    name = "unused_selection"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        for name in rule.selections:
            if name not in rule.used:
                yield f"detection.{name}", f"the condition does not use {name}; use it or leave it out"


class OnlyNegative(Lint):
    name = "only_negative"
    level = "warning"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        if isinstance(rule.condition, Not):
            yield "detection.condition", "the condition only excludes: it fires on all other messages; add a selection"


class Repetition(Lint):
    name = "repetition"
    level = "warning"

    def look(self, rule: Rule, root: Path) -> Iterator[tuple[str, str]]:
        for check in checks(rule.condition):
            twice = [value for value, count in Counter(check.values).items() if count > 1]
            if twice:
                yield "detection", f"{check.field} names {twice[0]!r} twice; leave one out"


LINTS: tuple[Lint, ...] = (
    FileName(),
    Namespace(),
    MissingKey(),
    MissingClass(),
    UnknownKey(),
    Description(),
    Technique(),
    FalsePositives(),
    Examples(),
    Nursery(),
    UnusedSelection(),
    OnlyNegative(),
    Repetition(),
)


def lint_rules(paths: Sequence[Path | str] | None = None, known: Vocabulary | None = None) -> list[Finding]:
    """Everything to say about the rules below those paths (none: the bundled ones), in the order of place and lint.

    Rules that do not load are findings of the lint `load`; the others are looked at all the same.
    """
    findings: list[Finding] = []
    for path in paths or (None,):
        root = bundled() if path is None else Path(path)
        rules, problems = collect_rules(path, known)
        findings += [Finding(f"{p.path}:{p.line}", "load", "error", p.message) for p in problems]
        for rule in rules:
            base = Path("rules") if path is None else root
            findings += [
                Finding(rule.place(key), lint.name, lint.level, message)
                for lint in LINTS
                for key, message in lint.look(rule, base)
            ]
    return findings


def _below(rule: Rule, root: Path) -> Path:
    return rule.path.relative_to(root) if rule.path.is_relative_to(root) and rule.path != root else Path(rule.path.name)
