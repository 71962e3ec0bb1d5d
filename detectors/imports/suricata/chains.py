"""Flowbits → sequences: one message sets a mark, a later one of the same conversation asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detectors.imports.detection import BROADER, NARROWER, Remark
from detectors.imports.suricata.translate import Translated
from detectors.rules.correlation import MAX_STEPS

CONVERSATION = ["client", "client.port", "server", "server.port"]
TIMESPAN = "1h"
"""How long a mark is remembered, where there it is as long as the conversation: a sequence needs an end, and what
belongs together in an hour is together."""


@dataclass(frozen=True)
class Written:
    """`detection` and `correlation` of a rule file."""

    detection: dict[str, Any]
    correlation: dict[str, Any] | None
    remarks: tuple[Remark, ...]


def write(rule: Translated, setters: Mapping[str, Sequence[Translated]], taken_back: frozenset[str]) -> Written:
    """The rule with what it asks of others."""
    selections, condition = rule.detection.written()
    remarks = list(rule.remarks)
    steps: list[Any] = []
    for kind, expression in rule.asks:
        bits = [bit.strip() for bit in expression.split("|")]
        part = f"flowbits:{kind},{expression}"
        found = [
            one for bit in bits for one in setters.get(bit, ()) if one.protocol == rule.protocol and one is not rule
        ]
        if len(bits) > 1 and any("&" in bit for bit in bits):
            remarks.append(Remark(part, BROADER, "marks with and and or"))
            continue
        if not found or any(one.asks or one.correlation for one in found):
            why = "no imported rule of its protocol sets it" if not found else "what sets it waits for another one"
            remarks.append(Remark(part, BROADER, why))
            continue
        if len(steps) >= MAX_STEPS - 1:
            remarks.append(Remark(part, BROADER, f"more than {MAX_STEPS} steps"))
            continue
        alternatives = []
        for number, one in enumerate(found, 1):
            more, when = one.detection.written(f"before_{len(steps) + 1}_{number}_")
            selections |= more
            alternatives.append(f"({when})" if len(found) > 1 else when)
            remarks += [Remark(f"{part}: {remark.part}", remark.effect, remark.why) for remark in one.remarks]
        before = " or ".join(alternatives)
        steps.append(before if kind == "isset" else {"absent": before, "within": TIMESPAN})
        effect = NARROWER if kind == "isset" else BROADER
        remarks.append(Remark(part, effect, f"a mark is remembered for {TIMESPAN}"))
        if any(bit in taken_back for bit in bits):
            remarks.append(Remark(part, BROADER if kind == "isset" else NARROWER, "other rules take the mark back"))
    if not steps:
        return Written({**selections, "condition": condition}, rule.correlation, tuple(remarks))
    if rule.correlation is not None:
        remarks.append(Remark("threshold", BROADER, "a rule counts or has an order, not both"))
    # What must not have come stands in front: between two steps it would have to stay out there only.
    steps.sort(key=lambda step: isinstance(step, str))
    correlation = {"type": "sequence", "steps": [*steps, condition], "timespan": TIMESPAN, "group_by": CONVERSATION}
    return Written(selections, correlation, tuple(remarks))
