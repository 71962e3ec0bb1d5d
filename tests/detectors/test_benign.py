"""Benign captures by others raise nothing of weight but what is listed, with its reason, in one file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from detectors.rules import load_rules
from sensor.schema import Level
from tests.captures import ROOT, SHARED
from tests.rules_replay import alerts_of

LABELS = ROOT / "testbed" / "labels"


def _files() -> list[str]:
    captures = yaml.safe_load((LABELS / "public-benign.yml").read_text(encoding="utf-8"))["captures"]
    return [row["file"] for row in captures]


def _accepted() -> set[tuple[str, str]]:
    rows = yaml.safe_load((ROOT / "testbed" / "accepted_alerts.yml").read_text(encoding="utf-8"))["accepted"]
    assert all(row["reason"].strip() for row in rows)
    return {(row["file"], row["rule"]) for row in rows}


def _raised(folder: Path, files: list[str]) -> Iterator[tuple[str, str]]:
    rules = load_rules()
    for file in files:
        for rule_id in alerts_of(rules, folder / file, None):
            rule = rules.by_id(rule_id)
            assert rule is not None
            if rule.level.rank >= Level.MEDIUM.rank:
                yield file, rule.title


def test_what_is_accepted_names_rules_and_captures_that_there_are() -> None:
    titles, files = {rule.title for rule in load_rules()}, set(_files())
    assert {(file, rule) for file, rule in _accepted() if file not in files or rule not in titles} == set()


def test_benign_captures_raise_only_what_is_accepted() -> None:
    files = [file for file in _files() if (SHARED / file).is_file()]
    if not files:
        pytest.skip("no captures by others here")
    accepted = {(file, rule) for file, rule in _accepted() if file in files}
    assert set(_raised(SHARED, files)) == accepted
