"""Rules as the JSON document the core compiles (`sensor/core/wire/src/rules/ir.rs`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from detectors.rules.model import And, Check, Expression, Not, Or, Rule

VERSION = 1


def document(rules: Sequence[Rule], segments: Sequence[str]) -> str:
    """The order of the rules is the order of the core's rule numbers."""
    content = {"version": VERSION, "segments": list(segments), "rules": [_rule(rule) for rule in rules]}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "protocol": rule.protocol,
        "needs_baseline": rule.needs_baseline,
        "fold": list(rule.fold),
        "condition": expression(rule.condition),
    }


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
