"""Rules for measuring: the same for the same seed, loadable together, and silent where they promise it."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.rules import load_rules
from detectors.rules.model import checks
from detectors.rules.naive import matches
from tools.bench.rules import SPEECHES, firing, write

ORDINARY = {
    "network.protocol": "modbus",
    "message.kind": "request",
    "client.ip": "10.1.0.7",
    "server.ip": "10.2.0.7",
    "modbus.unit_id": 1,
    "modbus.address": 4_000,
    "modbus.transaction_id": 1_234,
}


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    for folder in ("first", "again"):
        write(tmp_path / folder, 30)
    write(tmp_path / "other", 30, seed=2)
    texts = [
        [file.read_text() for file in sorted((tmp_path / folder).iterdir())] for folder in ("first", "again", "other")
    ]
    assert texts[0] == texts[1] != texts[2]


def test_rules_of_all_protocols_load_together_and_ask_for_operations(tmp_path: Path) -> None:
    for protocol in SPEECHES:
        write(tmp_path / protocol, 100, protocol=protocol)
    rules = load_rules(tmp_path)
    assert len(rules) == 300
    for rule in rules:
        assert SPEECHES[rule.protocol].operation in rule.fields
    patterns = [rule for rule in rules if "message.bytes" in rule.fields]
    assert len(patterns) == 30


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 15, 16])
def test_ordinary_modbus_is_met_by_the_operation_and_fires_nothing(tmp_path: Path, code: int) -> None:
    write(tmp_path, 400)
    event = {**ORDINARY, "modbus.function_code": code, "modbus.values": [0, 0x7FFF, 0xEFFF]}
    rules = list(load_rules(tmp_path))
    about = [
        r for r in rules if any(code in c.values for c in checks(r.condition) if c.field == "modbus.function_code")
    ]
    assert len(about) >= 20
    assert not [rule.title for rule in rules if matches(rule, event)]
    # From outside, and behind what is touched, they do fire: they are not merely impossible.
    outside = {**event, "client.ip": "192.168.10.70", "modbus.values": list(range(0xF000, 0x10000))}
    found = [rule for rule in rules for at in range(0, 65_536, 500) if matches(rule, {**outside, "modbus.address": at})]
    assert found


def test_patterns_hold_what_registers_cannot(tmp_path: Path) -> None:
    write(tmp_path, 400)
    patterns = [
        value for rule in load_rules(tmp_path) for c in checks(rule.condition) if c.field == "message.bytes"
        for value in c.values
    ]  # fmt: skip
    assert len(patterns) == 40
    assert all("ffffff" in str(pattern) for pattern in patterns)


def test_a_share_of_messages_fires(tmp_path: Path) -> None:
    firing(tmp_path, 0.05)
    [rule] = load_rules(tmp_path)
    fired = sum(matches(rule, {**ORDINARY, "modbus.transaction_id": number}) for number in range(10_000))
    assert fired == 500
    with pytest.raises(ValueError, match="opcua"):
        firing(tmp_path, 0.05, protocol="opcua")
