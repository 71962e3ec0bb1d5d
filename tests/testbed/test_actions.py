"""The table action → alert is whole, and the ground truth is written as it is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from testbed import truth
from testbed.attacker import ACTIONS, BY_ID, write_truth
from testbed.demo_plant import STORY, benign_addresses
from testbed.hosts import BY_NAME

DETECTORS = {"signature", "baseline", "period", "anomaly"}
RULES = Path(__file__).resolve().parents[2] / "rules"


@pytest.mark.parametrize("action", [action.id for action in ACTIONS])
def test_every_action_has_an_expectation(action: str) -> None:
    wanted = truth.expectations()[action]
    assert wanted.seen_as and wanted.technique and wanted.tiers
    assert {wish["detector"] for wish in wanted.seen_as} <= DETECTORS
    assert all(set(wish) <= {"detector", "cause", "rule"} for wish in wanted.seen_as)
    assert all(re.fullmatch(r"T0\d{3}", one) for one in wanted.technique)
    assert set(wanted.tiers) <= set(truth.TIERS)
    assert BY_ID[action].source in BY_NAME and BY_ID[action].target in BY_NAME


def test_rules_named_in_the_table_exist() -> None:
    rules = [path for path in RULES.glob("*/*.yml") if path.parent.name != "lists"]
    titles = {yaml.safe_load(path.read_text(encoding="utf-8"))["title"] for path in rules}
    if not titles:
        pytest.skip("no rules in rules/ yet")
    named = {wish["rule"] for one in truth.expectations().values() for wish in one.seen_as if "rule" in wish}
    assert named <= titles


def test_the_story_is_made_of_known_actions_and_ends_with_the_rhythm() -> None:
    assert set(STORY) <= set(BY_ID) and STORY[-1] == "rhythm_change"
    assert benign_addresses() == {BY_NAME[name].address for name in
                                  ("boiler", "cooling", "turbine", "gateway", "scada", "engineer")}


def test_truth_is_written_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "truth.ndjson"
    for action in ACTIONS:
        write_truth(path, action)
    lines = truth.read_truth(path)
    assert [line.action for line in lines] == [action.id for action in ACTIONS]
    assert [line.time_ns for line in lines] == sorted(line.time_ns for line in lines)
    assert lines[0].source == BY_NAME[ACTIONS[0].source].address
