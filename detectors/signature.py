"""Signatures: what a rule says about a message that matched it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from detectors.describe import Description
from detectors.rules.model import Rule, RuleSet
from sensor.schema import Reason, Text

DETECTOR = "signature"

MAX_VALUES = 16
"""Values of a list that go into the reason; the alert's fields have all of them."""


class Hit(Protocol):
    """What is asked of the core's hit here."""

    @property
    def rule(self) -> int | None: ...
    def fields(self) -> dict[str, Any]: ...
    def params(self) -> dict[str, Any]: ...


def describe(hit: Hit, ruleset: RuleSet) -> Description:
    """The alert's words from the rule the hit points at.

    Raises:
        LookupError: the hit is not of a rule of this set; engine and description were given different rules.
    """
    if hit.rule is None or not 0 <= hit.rule < len(ruleset):
        raise LookupError(f"the hit points at rule {hit.rule}, the set has {len(ruleset)}")
    rule = ruleset[hit.rule]
    return Description(
        detector=DETECTOR,
        level=rule.level,
        title=Text(zh=rule.title_zh or rule.title, en=rule.title),
        reason=Reason(rule.reason, _counted(rule, hit.params()) | _looked_at(rule, hit.fields())),
        advice=rule.advice,
        consequence=rule.consequence,
        rule_id=rule.id,
        technique=rule.technique,
        incident_class=rule.incident_class or None,
    )


def _counted(rule: Rule, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule about many messages counted: the core's numbers, and what they are numbers of."""
    if rule.correlation is None:
        return {}
    named = {"counted": rule.correlation.field} if rule.correlation.field else {}
    steps = [step.text for step in rule.correlation.steps if step.absent_ns is None]
    return {**params, **named, "group_by": list(rule.fold), **({"steps": steps} if steps else {})}


def _looked_at(rule: Rule, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields the rule looked at, with what the message had in them."""
    seen = {name: fields[name] for name in rule.fields if name in fields}
    return {name: value[:MAX_VALUES] if isinstance(value, list) else value for name, value in seen.items()}
