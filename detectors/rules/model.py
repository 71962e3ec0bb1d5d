"""A rule as it is after loading: typed, checked, frozen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sensor.schema import Level, Text

if TYPE_CHECKING:
    from detectors.rules.lists import NamedList
    from detectors.rules.site_filters import SiteFilter

Value = bool | int | float | str | tuple[int, int]
"""A pair is of `mask`: which bits are looked at, and what they must be."""

OPERATORS = ("in", "gte", "lte", "gt", "lt", "cidr", "contains", "startswith", "endswith", "re", "mask", "in_list",
             "exists")  # fmt: skip
"""What may stand behind a field: `field|operator`. Without one it is `in`. A list of values means any of them."""

DEFAULT_FOLD = ("client.ip", "server.ip")


@dataclass(frozen=True)
class Check:
    """One field held against values. False when the field is missing, except for `exists: false`."""

    field: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class And:
    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Not:
    """True when the part is false, also where the part is false because its field is missing."""

    part: Expression


Expression = Check | And | Or | Not


def checks(expression: Expression) -> Iterator[Check]:
    """Every check in an expression, from left to right."""
    match expression:
        case Check():
            yield expression
        case Not(part):
            yield from checks(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from checks(part)


def _span(ns: int) -> str:
    """`10m`: as it would be written in a rule, in the largest unit that divides it."""
    for unit, name in ((86_400 * 10**9, "d"), (3600 * 10**9, "h"), (60 * 10**9, "m"), (10**9, "s")):
        if ns % unit == 0:
            return f"{ns // unit}{name}"
    return f"{ns // 10**6}ms"


@dataclass(frozen=True)
class Step:
    """A step of a sequence. `absent_ns`: it must not come, for so long before the first step or behind the last;
    between two others as long as these lie apart."""

    text: str
    condition: Expression
    absent_ns: int | None = None


@dataclass(frozen=True)
class Correlation:
    """What is counted of the messages that fit: `kind` is count, distinct or sequence. Messages that agree in the
    fields `group_by` are counted together; one that lacks such a field is not counted."""

    kind: str
    timespan_ns: int
    group_by: tuple[str, ...]
    at_least: int = 0
    field: str = ""
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        """`distinct modbus.unit_id ≥ 8 in 24h by client.ip, server.ip`, `sequence stop → no start (10m) in …`."""
        if self.steps:
            parts = [s.text if s.absent_ns is None else f"no {s.text} ({_span(s.absent_ns)})" for s in self.steps]
            what = " → ".join(parts)
        else:
            what = " ".join(part for part in (self.field, f"≥ {self.at_least}") if part)
        return f"{self.kind} {what} in {_span(self.timespan_ns)} by {', '.join(self.group_by)}"

    @property
    def reason(self) -> str:
        """Code of the alert's reason: what waits for a message that does not come says so."""
        waits = bool(self.steps) and self.steps[-1].absent_ns is not None
        return "rule_absence" if waits else f"rule_{self.kind}"


@dataclass(frozen=True)
class Example:
    """What a rule must do on a capture: paths are relative to the captures' folder; `alerts` counts after folding."""

    pcap: str
    alerts: int
    baseline: str | None = None


@dataclass(frozen=True)
class Rule:
    """A signature. `path` and `line` say where it stands; `lines` where its selections begin."""

    title: str
    id: str
    level: Level
    protocol: str
    condition: Expression
    condition_text: str
    selections: Mapping[str, Expression]
    used: frozenset[str]
    path: Path
    title_zh: str = ""
    status: str = "experimental"
    description: str = ""
    tags: tuple[str, ...] = ()
    incident_class: str = ""
    """Proposed class of GB/T 20986-2023, a code of `CLASSES`; empty where the rule proposes none."""
    falsepositives: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    advice: Text | None = None
    consequence: Text | None = None
    fold: tuple[str, ...] = DEFAULT_FOLD
    reason: str = "rule_matched"
    correlation: Correlation | None = None
    """None: each message that fits is a hit."""
    given: frozenset[str] = frozenset()
    """Keys that stand in the file."""
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def needs_baseline(self) -> bool:
        """Inactive where there is no baseline: it asks what the link is known for."""
        return any(check.field.startswith("link.") for check in checks(self.condition))

    @property
    def technique(self) -> tuple[str, ...]:
        """ATT&CK for ICS techniques, as `T0855`."""
        head = "attack.ics.t"
        return tuple(tag.removeprefix("attack.ics.").upper() for tag in self.tags if tag.startswith(head))

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields the rule looks at, each once, in the order in which they stand; what it counts comes first."""
        counted = () if self.correlation is None or not self.correlation.field else (self.correlation.field,)
        return tuple(dict.fromkeys((*counted, *(check.field for check in checks(self.condition)))))

    def place(self, key: str = "") -> str:
        """`rules/modbus/x.yml:12`: the file, and the line of that key."""
        return f"{self.path}:{self.lines.get(key, 1)}"


@dataclass(frozen=True)
class Problem:
    """Something wrong with a rule file, and the way out."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class RuleError(ValueError):
    """Rules could not be loaded. `problems` has every problem of every file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass(frozen=True)
class RuleSet:
    """Rules in the order of the core's rule numbers."""

    rules: tuple[Rule, ...]
    lists: Mapping[str, NamedList] = field(default_factory=dict)
    """Named lists that its rules may refer to."""
    filters: tuple[SiteFilter, ...] = ()
    """What the site takes out of their hits."""

    def __len__(self) -> int:
        return len(self.rules)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __getitem__(self, index: int) -> Rule:
        return self.rules[index]

    def by_id(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    def of(self, label: str) -> RuleSet:
        """Only the rules that a pack of this label brought."""
        return replace(self, rules=tuple(rule for rule in self.rules if rule.path.parts[:1] == (label,)))

    def without(self, labels: Collection[str]) -> RuleSet:
        """The rules that packs of these labels did not bring."""
        return replace(self, rules=tuple(rule for rule in self.rules if rule.path.parts[0] not in labels))

    def to_core_json(self, segments: tuple[str, ...] = ("default",)) -> str:
        """What `sensor._core.Engine` takes as `rules`; `segments` are the names of the engine's segments."""
        from detectors.rules.core import document

        return document(self.rules, segments, self.lists, self.filters)
