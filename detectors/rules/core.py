"""Rules as the JSON document the core compiles (`sensor/core/wire/src/rules/ir.rs`)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from detectors.rules.lists import NamedList
from detectors.rules.model import And, Check, Correlation, Expression, Not, Or, Rule, Step, checks

if TYPE_CHECKING:
    from detectors.rules.site_filters import SiteFilter

VERSION = 1


def document(
    rules: Sequence[Rule],
    segments: Sequence[str],
    lists: Mapping[str, NamedList] | None = None,
    filters: Sequence[SiteFilter] = (),
) -> str:
    """The order of the rules is the order of the core's rule numbers."""
    content: dict[str, Any] = {"version": VERSION, "segments": list(segments), "rules": [_rule(rule) for rule in rules]}
    conditions = [rule.condition for rule in rules] + [part.condition for one in filters for part in one.parts]
    named = {value for part in conditions for check in checks(part) if check.operator == "in_list"
             for value in check.values}  # fmt: skip
    if named and lists is not None:
        content["lists"] = {name: lists[name].to_core() for name in sorted(lists) if name in named}
    if filters:
        content["filters"] = [
            {"id": one.id, "rules": list(part.rules), "until_ns": one.until_ns, "condition": expression(part.condition)}
            for one in filters
            for part in one.parts
        ]
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _rule(rule: Rule) -> dict[str, Any]:
    written = {
        "id": rule.id,
        "protocol": rule.protocol,
        "needs_baseline": rule.needs_baseline,
        "fold": list(rule.fold),
        "condition": expression(rule.condition),
    }
    if rule.correlation is not None:
        written["correlation"] = _correlation(rule.correlation)
    return written


def _correlation(counted: Correlation) -> dict[str, Any]:
    content: dict[str, Any] = {"timespan_ns": counted.timespan_ns}
    if counted.kind == "sequence":
        content["steps"] = [_step(step) for step in counted.steps]
    else:
        content["at_least"] = counted.at_least
    if counted.kind == "distinct":
        content["field"] = counted.field
    return {counted.kind: content}


def _step(step: Step) -> dict[str, Any]:
    written: dict[str, Any] = {"condition": expression(step.condition)}
    if step.absent_ns is not None:
        written["absent_ns"] = step.absent_ns
    return written


def expression(part: Expression) -> dict[str, Any]:
    match part:
        case Check(field, operator, values):
            return {"test": {"field": field, "operator": operator, "values": list(values)}}
        case And(parts):
            return {"and": [expression(inner) for inner in parts]}
        case Or(parts):
            return {"or": [expression(inner) for inner in parts]}
        case Not(inner):
            return {"not": expression(inner)}
