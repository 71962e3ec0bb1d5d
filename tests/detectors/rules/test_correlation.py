"""What loading says of rules about many messages, and what the plain twin finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from detectors.rules import RuleError, load_rules
from detectors.rules.naive_correlation import hits

HEAD = """\
title: A Rule
level: low
protocol: modbus
detection:
  ask: {message.kind: request}
  answer: {message.kind: response}
"""
COUNT = """\
  condition: ask
correlation:
  type: count
  at_least: 3
  timespan: 10s
  group_by: [client]
"""
DISTINCT = COUNT.replace("count", "distinct") + "  field: modbus.unit_id\n"
SEQUENCE = """\
correlation:
  type: sequence
  steps: [ask, {absent: answer, within: 2s}]
  timespan: 10s
  group_by: [client, server]
"""

PROBLEMS = [
    (COUNT.replace("type: count", "type: counts"), 9, "unknown type counts; did you mean count?"),
    (COUNT.replace("  type: count\n", ""), 8, "no type"),
    (COUNT.replace("  at_least: 3\n", ""), 8, "a count needs at_least"),
    (COUNT.replace("3", "1"), 10, "at_least is a number from 2 to 10000"),
    (COUNT.replace("3", "true"), 10, "at_least is a number"),
    (COUNT.replace("10s", "10"), 11, "written 500ms, 30s, 10m, 24h or 7d"),
    (COUNT.replace("10s", "32d"), 11, "longer than 31d"),
    (COUNT.replace("[client]", "[clint]"), 12, "unknown field clint"),
    (COUNT.replace("[client]", "[modbus.values]"), 12, "modbus.values has no single value"),
    (COUNT.replace("[client]", "[source.mac]"), 12, "no single value to count by"),
    (COUNT.replace("[client]", "[]"), 12, "group_by is a list of fields"),
    (COUNT + "  field: modbus.unit_id\n", 13, "a count has no field"),
    (COUNT + "fold: [client]\n", 13, "folds by its group_by"),
    (DISTINCT.replace("modbus.unit_id", "flaws"), 13, "no single value"),
    (DISTINCT.replace("modbus.unit_id", "s7comm.function"), 13, "unknown field s7comm.function"),
    ("  condition: ask\n" + SEQUENCE, 7, "a sequence has steps and no condition"),
    (SEQUENCE.replace("[ask,", "[aks,"), 9, "unknown selection aks; did you mean ask?"),
    (SEQUENCE.replace("absent: answer, within: 2s", "missing: answer"), 9, "a step is a selection, or {absent"),
    (SEQUENCE.replace("within: 2s", "within: soon"), 9, "within is written"),
    (SEQUENCE.replace("[ask, ", "[{absent: ask}, "), 9, "all are absent"),
    (SEQUENCE.replace("[ask, {absent: answer, within: 2s}]", "[ask]"), 9, "2 to 8 selections"),
    ("  condition: ask\ncorrelation: often\n", 8, "correlation is a map"),
]


@pytest.mark.parametrize(("tail", "line", "message"), PROBLEMS)
def test_problems_name_line_and_way_out(tmp_path: Path, tail: str, line: int, message: str) -> None:
    (tmp_path / "rule.yml").write_text(HEAD + tail, encoding="utf-8")
    with pytest.raises(RuleError) as error:
        load_rules(tmp_path)
    assert any(message in p.message and p.line == line for p in error.value.problems), str(error.value)


@pytest.mark.parametrize(
    ("tail", "reason"),
    [(COUNT, "rule_count"), (DISTINCT, "rule_distinct"), (SEQUENCE, "rule_absence"),
     (SEQUENCE.replace("{absent: answer, within: 2s}", "answer"), "rule_sequence")],
)  # fmt: skip
def test_the_reason_says_what_was_counted(tmp_path: Path, tail: str, reason: str) -> None:
    (tmp_path / "rule.yml").write_text(HEAD + tail, encoding="utf-8")
    rule = load_rules(tmp_path)[0]
    assert rule.reason == reason and rule.correlation is not None
    assert rule.fold == rule.correlation.group_by


def _events(*messages: tuple[float, str, int]) -> list[dict[str, Any]]:
    """At so many seconds a message of that kind to that unit."""
    return [
        {
            "@timestamp": f"2026-01-01T00:{int(at) // 60:02}:{int(at) % 60:02}.{round(at % 1 * 1e9):09}Z",
            "frame.number": number,
            "network.protocol": "modbus",
            "client.ip": "10.0.0.1",
            "server.ip": "10.0.0.2",
            "message.kind": kind,
            "modbus.unit_id": unit,
        }
        for number, (at, kind, unit) in enumerate(messages, 1)
    ]


ASK, ANSWER = "request", "response"


@pytest.mark.parametrize(
    ("tail", "messages", "frames"),
    [
        (COUNT, [(0, ASK, 1), (5, ASK, 1), (10, ASK, 1), (16, ASK, 1)], [3]),
        (COUNT, [(0, ASK, 1), (5, ANSWER, 1), (10, ASK, 1)], []),
        (DISTINCT, [(0, ASK, 1), (1, ASK, 2), (2, ASK, 2), (3, ASK, 3), (11, ASK, 4), (12, ASK, 4)], [4, 5, 6]),
        (SEQUENCE, [(0, ASK, 1), (2, ANSWER, 1), (3, ASK, 1), (5.5, ANSWER, 1), (6, ASK, 1)], [3]),
        (SEQUENCE, [(0, ASK, 1), (1, ASK, 1), (9, ASK, 1)], [1]),
    ],
)
def test_the_twin(tmp_path: Path, tail: str, messages: list[tuple[float, str, int]], frames: list[int]) -> None:
    (tmp_path / "rule.yml").write_text(HEAD + tail, encoding="utf-8")
    assert [frame for _, frame in hits(load_rules(tmp_path), _events(*messages))] == frames
