"""The `correlation` of a rule: so many messages, so many different values, or one message after the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from detectors.rules.condition import ConditionError, parse
from detectors.rules.document import Entry, Node
from detectors.rules.model import Correlation, Expression, Step
from detectors.rules.vocabulary import ALIASES, NOT_IN_RULES, UNCOUNTED, Vocabulary, suggestion

Complain = Callable[[int, str], None]

KINDS = ("count", "distinct", "sequence")
KEYS = {
    "count": ("type", "group_by", "timespan", "at_least"),
    "distinct": ("type", "group_by", "timespan", "at_least", "field"),
    "sequence": ("type", "group_by", "timespan", "steps"),
}
LEAST, MOST = 2, 10_000
"""Messages or values that a rule may ask for (`rules/plan.rs`)."""
MAX_STEPS = 8
MAX_TIMESPAN_NS = 31 * 86_400 * 10**9
_UNITS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}
_TIMESPAN = re.compile(r"([1-9][0-9]{0,8})(ms|s|m|h|d)\Z")


class CorrelationReader:
    """Reads the correlation of one rule. Every problem goes to `complain`."""

    def __init__(
        self,
        protocol: str,
        known: Vocabulary,
        complain: Complain,
        selections: Mapping[str, Expression],
    ) -> None:
        self._protocol, self._known, self._complain, self._selections = protocol, known, complain, selections
        self.used: set[str] = set()
        """Selections that the steps name."""

    def read(self, entry: Entry) -> Correlation | None:
        if not isinstance(entry.node.value, dict):
            self._complain(entry.line, "correlation is a map with type, timespan, and what is counted")
            return None
        entries = entry.node.value
        kind = _text(entries.get("type"))
        if kind not in KINDS:
            line = entries["type"].line if "type" in entries else entry.line
            hint = suggestion(kind, KINDS) or f"; known are {', '.join(KINDS)}"
            self._complain(line, f"correlation: unknown type {kind}{hint}" if kind else "correlation: no type" + hint)
            return None
        for key, item in entries.items():
            if key not in KEYS[kind]:
                self._complain(item.line, f"correlation: a {kind} has no {key}{suggestion(key, KEYS[kind])}")
        missing = [key for key in KEYS[kind] if key not in entries]
        if missing:
            self._complain(entry.line, f"correlation: a {kind} needs {', '.join(missing)}")
            return None
        timespan_ns = self._timespan("timespan", entries["timespan"])
        group_by = self._group_by(entries["group_by"])
        at_least = self._at_least(entries["at_least"]) if "at_least" in entries else 0
        field = self._field(entries["field"]) if "field" in entries else ""
        steps = self._steps(entries["steps"], timespan_ns or 0) if "steps" in entries else ()
        if timespan_ns is None or group_by is None or at_least is None or field is None or steps is None:
            return None
        return Correlation(kind, timespan_ns, group_by, at_least, field, steps)

    def _timespan(self, key: str, entry: Entry) -> int | None:
        found = _TIMESPAN.match(_text(entry))
        if found is None:
            self._complain(entry.line, f"correlation: {key} is written 500ms, 30s, 10m, 24h or 7d")
            return None
        span_ns = int(found[1]) * _UNITS[found[2]]
        if span_ns > MAX_TIMESPAN_NS:
            self._complain(entry.line, f"correlation: {key} is longer than 31d")
            return None
        return span_ns

    def _at_least(self, entry: Entry) -> int | None:
        number = entry.node.value
        if isinstance(number, bool) or not isinstance(number, int) or not LEAST <= number <= MOST:
            self._complain(entry.line, f"correlation: at_least is a number from {LEAST} to {MOST}")
            return None
        return number

    def _group_by(self, entry: Entry) -> tuple[str, ...] | None:
        nodes = entry.node.value if isinstance(entry.node.value, list) else [entry.node]
        names = [node.value for node in nodes if isinstance(node.value, str)]
        if not names or len(names) != len(nodes):
            self._complain(entry.line, "correlation: group_by is a list of fields, like [client] or [client, server]")
            return None
        fields = tuple(ALIASES.get(name, name) for name in names)
        sound = [self._countable("group_by", field, entry.line, many=False) for field in fields]
        return fields if all(sound) else None

    def _field(self, entry: Entry) -> str | None:
        name = _text(entry)
        field = ALIASES.get(name, name)
        return field if self._countable("field", field, entry.line, many=True) else None

    def _countable(self, key: str, field: str, line: int, *, many: bool) -> bool:
        kind = self._known.fields.get(field)
        if kind is None or not self._known.readable(field, self._protocol):
            usable = [name for name in self._known.fields if self._known.readable(name, self._protocol)]
            self._complain(line, f"correlation: {key}: unknown field {field}{suggestion(field, usable)}")
            return False
        if field in NOT_IN_RULES or field in UNCOUNTED or (kind.many and not many):
            self._complain(line, f"correlation: {key}: {field} has no single value to count by")
            return False
        return True

    def _steps(self, entry: Entry, timespan_ns: int) -> tuple[Step, ...] | None:
        nodes = entry.node.value
        if not isinstance(nodes, list) or not LEAST <= len(nodes) <= MAX_STEPS:
            self._complain(entry.line, f"correlation: steps is a list of {LEAST} to {MAX_STEPS} selections")
            return None
        steps = [self._step(node, timespan_ns) for node in nodes]
        sound = tuple(step for step in steps if step is not None)
        if len(sound) != len(steps):
            return None
        if all(step.absent_ns is not None for step in sound):
            self._complain(entry.line, "correlation: steps: at least one of them must come; all are absent")
            return None
        return sound

    def _step(self, node: Node, timespan_ns: int) -> Step | None:
        """`selection`, a condition of selections, or `{absent: selection, within: 10s}`."""
        text, absent_ns = node.value, None
        if isinstance(node.value, dict):
            if "absent" not in node.value or node.value.keys() - {"absent", "within"}:
                self._complain(node.line, "correlation: a step is a selection, or {absent: SELECTION, within: TIME}")
                return None
            text, absent_ns = node.value["absent"].node.value, timespan_ns
            if "within" in node.value:
                within_ns = self._timespan("within", node.value["within"])
                if within_ns is None:
                    return None
                absent_ns = within_ns
        if not isinstance(text, str):
            self._complain(node.line, "correlation: a step is a selection, or {absent: SELECTION, within: TIME}")
            return None
        try:
            condition, used = parse(text, self._selections)
        except ConditionError as error:
            self._complain(node.line, str(error).replace("condition:", "correlation: steps:", 1))
            return None
        self.used |= used
        return Step(text, condition, absent_ns)


def _text(entry: Entry | None) -> str:
    return entry.node.value if entry is not None and isinstance(entry.node.value, str) else ""
