"""What a site takes out of its rules' hits: read, applied in the core, counted, and over when its day is over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detectors.rules import RuleError, load_rules, with_filters
from tests.rules_replay import PCAPS, core

FILTERS = """\
filters:
  - id: reader
    rules: [Modbus Function Code Not Supported by Device]
    when: {client.ip: 10.77.1.66}
    person: 王工
    reason: a test of the device
    until: "2026-12-31"
"""
RULE = "Modbus Function Code Not Supported by Device"


def _filtered(tmp_path: Path, text: str):  # type: ignore[no-untyped-def]
    (tmp_path / "filters.yml").write_text(text, encoding="utf-8")
    return with_filters(load_rules(), tmp_path / "filters.yml")


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        ("until:", "till:", "lacks until"),
        ("    person: 王工\n", "", "lacks person"),
        ('"2026-12-31"', "soon", "'soon' is no day"),
        ("Not Supported by Device", "Not Suported by Device", "did you mean Modbus Function Code Not Supported"),
        ("client.ip:", "client.pi:", "unknown field client.pi; did you mean client.ip?"),
        ("id: reader", "id: A Reader", "is not written like backup-server"),
        ("filters:", "filter:", "one key, filters"),
    ],
)
def test_problems(tmp_path: Path, line: str, instead: str, message: str) -> None:
    assert line in FILTERS
    with pytest.raises(RuleError) as error:
        _filtered(tmp_path, FILTERS.replace(line, instead))
    assert message in str(error.value)


def _run(rules) -> tuple[list[str], list[tuple[str, str, int]], int]:  # type: ignore[no-untyped-def]
    engine = core().Engine(json.dumps({}), rules.to_core_json())
    engine.open_files([PCAPS / "modbus/function_code_scan.pcap"])
    found: list[str] = []
    while True:
        batch = engine.poll()
        found += [rules[hit.rule].title for hit in batch.hits if hit.kind == "first" and hit.rule is not None]
        if batch.done:
            return found, engine.suppressed(), batch.ledger["notes"]["hits_suppressed"]


def test_hits_are_taken_out_and_counted(tmp_path: Path) -> None:
    before, none, _ = _run(load_rules())
    assert RULE in before and none == []
    after, suppressed, noted = _run(_filtered(tmp_path, FILTERS))
    rule = next(rule for rule in load_rules() if rule.title == RULE)
    assert [title for title in before if title != RULE] == after
    assert suppressed == [("reader", rule.id, 37)] and noted == 37


@pytest.mark.parametrize("change", [("2026-12-31", "2026-11-19"), ("10.77.1.66", "10.77.1.67")])
def test_the_end_is_by_the_packets_time_and_others_stay(tmp_path: Path, change: tuple[str, str]) -> None:
    """The capture is of 2026-11-20."""
    after, suppressed, _ = _run(_filtered(tmp_path, FILTERS.replace(*change)))
    assert RULE in after and suppressed == []


def test_what_is_taken_out_does_not_count(tmp_path: Path) -> None:
    scan = "Modbus Function Code Scan"
    assert scan in _run(load_rules())[0]
    assert scan not in _run(_filtered(tmp_path, FILTERS.replace(RULE, scan)))[0]
