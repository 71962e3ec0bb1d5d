"""What a condition means, on events written down here. The plain matcher is held against these; the core against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from detectors.rules import load_rules
from detectors.rules.naive import matches

EVENT: dict[str, Any] = {
    "network.protocol": "modbus",
    "message.kind": "request",
    "modbus.function_code": 16,
    "modbus.function_name": "write_multiple_registers",
    "modbus.values": [1, 500],
    "modbus.data": "0ab1",
    "client.ip": "10.1.2.3",
    "flaws": ["modbus.byte_count"],
}

CASES = [
    ("selection: {modbus.function_code: 16}", "selection", True),
    ("selection: {modbus.function_code: [5, 16]}", "selection", True),
    ("selection: {modbus.function_code: 0x10}", "selection", True),
    ("selection: {modbus.function_code|gt: 16}", "selection", False),
    ("selection: {modbus.function_code|gte: 16}", "selection", True),
    ("selection: {modbus.values: 500}", "selection", True),  # any element
    ("selection: {modbus.values|gt: 500}", "selection", False),
    ("selection: {modbus.function_name: Write_Multiple_Registers}", "selection", False),  # case counts
    ("selection: {modbus.function_name|startswith: write_}", "selection", True),
    ("selection: {modbus.function_name|contains: [coil, register]}", "selection", True),
    ("selection: {modbus.data|startswith: 0AB}", "selection", True),  # hex digits in either case
    ("selection: {client.ip|cidr: 10.0.0.0/8}", "selection", True),
    ("selection: {client.ip|cidr: 'fd00::/8'}", "selection", False),
    ("selection: {flaws: modbus.byte_count}", "selection", True),
    ("selection: {flaws|exists: false}", "selection", False),
    ("selection: {modbus.exception_code: 2}", "selection", False),  # missing: false
    ("selection: {modbus.exception_code: 2}", "not selection", True),  # and true under not
    ("selection: {modbus.exception_code|exists: false}", "selection", True),
    ("selection: {modbus.function_code: 16, modbus.values: 7}", "selection", False),  # a map: all of it
    ("selection: [{modbus.function_code: 3}, {modbus.values: 1}]", "selection", True),  # a list: one of it
    ("a: {modbus.values: 1}\n  b: {modbus.values: 7}", "a and not b", True),
    ("a: {modbus.values: 1}\n  b: {modbus.values: 7}", "a and b", False),
    ("a: {modbus.values: 7}\n  b: {modbus.values: 1}\n  c: {modbus.values: 7}", "a and c or b", True),
    ("a: {modbus.values: 7}\n  b: {modbus.values: 1}\n  c: {modbus.values: 7}", "c and (a or b)", False),
    ("f_a: {modbus.values: 1}\n  f_b: {modbus.values: 7}", "1 of f_*", True),
    ("f_a: {modbus.values: 1}\n  f_b: {modbus.values: 7}", "all of f_*", False),
    ("f_a: {modbus.values: 1}\n  f_b: {modbus.values: 7}", "not all of them", True),
    ("a: {link.known: false}", "a", False),  # no baseline: the rule rests
    ("a: {link.known: false}", "not a", False),
]


@pytest.mark.parametrize(("selections", "condition", "expected"), CASES)
def test_a_condition(tmp_path: Path, selections: str, condition: str, expected: bool) -> None:
    path = tmp_path / "rule.yml"
    path.write_text(
        f"title: T\nlevel: low\nprotocol: modbus\ndetection:\n  {selections}\n  condition: {condition}\n", "utf-8"
    )
    rule = load_rules(path)[0]
    assert matches(rule, EVENT) is expected
    assert not matches(rule, {**EVENT, "network.protocol": "opcua"})
