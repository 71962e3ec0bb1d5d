"""What a rule says about a hit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from detectors.rules import load_rules
from detectors.signature import MAX_VALUES, describe
from sensor.schema import Level, Reason


@dataclass(frozen=True)
class Hit:
    rule: int | None
    held: dict[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        return self.held

    def params(self) -> dict[str, Any]:
        return {"took_ns": 1_000_000_000}


def test_the_words_come_from_the_rule() -> None:
    rules = load_rules()
    number = next(at for at, rule in enumerate(rules) if rule.title == "S7 PLC Stop")
    said = describe(Hit(number, {"s7comm.function": 0x29, "message.kind": "request", "s7comm.rosctr": 1}), rules)
    assert (said.detector, said.level, said.rule_id) == ("signature", Level.CRITICAL, rules[number].id)
    assert (said.title.zh, said.title.en) == ("S7 控制器停机命令", "S7 PLC Stop")
    assert said.technique == ("T0858", "T0816")
    assert said.incident_class == "violation"
    assert said.advice and said.consequence
    assert said.reason == Reason("rule_matched", {"message.kind": "request", "s7comm.function": 0x29})


def test_a_rule_about_many_messages_says_what_it_counted() -> None:
    rules = load_rules()
    number = next(at for at, rule in enumerate(rules) if rule.title == "Modbus Function Code Scan")
    said = describe(Hit(number, {"message.kind": "request", "modbus.function_code": 3}), rules)
    counted = {"took_ns": 1_000_000_000, "counted": "modbus.function_code", "group_by": list(rules[number].fold)}
    assert counted.items() <= said.reason.params.items()


def test_long_lists_are_cut_in_the_reason() -> None:
    rules = load_rules()
    number = next(at for at, rule in enumerate(rules) if "modbus.file_numbers" in rule.fields)
    said = describe(Hit(number, {"modbus.file_numbers": list(range(100))}), rules)
    assert said.reason.params["modbus.file_numbers"] == list(range(MAX_VALUES))


@pytest.mark.parametrize("number", [None, -1, 10_000])
def test_a_hit_of_other_rules_is_refused(number: int | None) -> None:
    with pytest.raises(LookupError, match="the hit points at rule"):
        describe(Hit(number), load_rules())
