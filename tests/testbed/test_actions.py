"""The table action → alert is whole, and its judge neither sees what is not there nor misses what is."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed import score
from testbed.attacker import ACTIONS, BY_ID, write_truth
from testbed.demo_plant import STORY, benign_addresses
from testbed.hosts import BY_NAME

DETECTORS = {"signature", "baseline", "period", "anomaly"}
RULES = Path(__file__).resolve().parents[2] / "rules"


@pytest.mark.parametrize("action", [action.id for action in ACTIONS])
def test_every_action_has_an_expectation(action: str) -> None:
    wanted = score.expectations()[action]
    assert wanted.seen_as and wanted.technique and wanted.tiers
    assert {wish["detector"] for wish in wanted.seen_as} <= DETECTORS
    assert all(set(wish) <= {"detector", "cause", "rule"} for wish in wanted.seen_as)
    assert all(re.fullmatch(r"T0\d{3}", one) for one in wanted.technique)
    assert set(wanted.tiers) <= set(score.TIERS)
    assert BY_ID[action].source in BY_NAME and BY_ID[action].target in BY_NAME


def test_rules_named_in_the_table_exist() -> None:
    titles = {yaml.safe_load(path.read_text(encoding="utf-8"))["title"] for path in RULES.rglob("*.yml")}
    if not titles:
        pytest.skip("no rules in rules/ yet")
    named = {wish["rule"] for one in score.expectations().values() for wish in one.seen_as if "rule" in wish}
    assert named <= titles


def test_the_story_is_made_of_known_actions_and_ends_with_the_rhythm() -> None:
    assert set(STORY) <= set(BY_ID) and STORY[-1] == "rhythm_change"
    assert benign_addresses() == {BY_NAME[name].address for name in
                                  ("boiler", "cooling", "turbine", "gateway", "scada", "engineer")}


def alert(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "detector": "signature", "cause": "rule:1", "title": {"zh": "停机", "en": "S7 PLC Stop"}, "level": "high",
        "client": {"ip": "10.77.1.66"}, "server": {"ip": "10.77.1.21"}, "source": {"ip": "10.77.1.66"},
        "destination": {"ip": "10.77.1.21"}, "first_ns": 2000, "last_ns": 2000,
    }
    return {"kind": "alert", "origin": "sensor-1", "id": "a" * 32, "body": body | changes}


STOP = score.TruthLine(1000, "s7_plc_stop", "10.77.1.66", "10.77.1.21", "S7 PLC stopped")


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, True),
        ({"client": None, "server": None}, True),
        ({"source": {"ip": "10.77.1.21"}, "destination": {"ip": "10.77.1.66"}}, True),  # the answer came first
        ({"last_ns": 999}, False),  # over before it began
        ({"title": {"zh": "", "en": "Modbus Function Code Scan"}}, False),
        ({"detector": "baseline"}, False),
        ({"server": {"ip": "10.77.1.11"}}, False),  # another PLC
        ({"client": {"ip": "10.77.1.101"}, "source": {"ip": "10.77.1.101"}}, False),  # another host
    ],
)
def test_judge(changes: dict[str, Any], seen: bool) -> None:
    (verdict,) = score.judge([STOP], [alert(**changes)])
    assert verdict.seen_by == ((("sensor-1", "a" * 32),) if seen else ())


@pytest.mark.parametrize(
    ("client", "level", "count"),
    [("10.77.1.66", "high", 0), ("10.77.1.101", "medium", 1), ("10.77.1.101", "low", 0), ("10.77.1.21", "critical", 1)],
)
def test_wronged(client: str, level: str, count: int) -> None:
    record = copy.deepcopy(alert(client={"ip": client}, level=level))
    assert len(score.wronged([STOP], [record, {"kind": "asset", "body": {}}])) == count


def test_truth_is_written_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "truth.ndjson"
    for action in ACTIONS:
        write_truth(path, action)
    lines = score.read_truth(path)
    assert [line.action for line in lines] == [action.id for action in ACTIONS]
    assert [line.time_ns for line in lines] == sorted(line.time_ns for line in lines)
    assert lines[0].source == BY_NAME[ACTIONS[0].source].address
