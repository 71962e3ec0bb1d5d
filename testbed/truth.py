"""The ground truth the attacker wrote, and the table of what each action must be seen as (actions.yml)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from testbed.attacker import BY_ID
from testbed.commands import RangeError

ACTIONS_FILE = Path(__file__).with_name("actions.yml")
TIERS = ("enterprise", "province", "ministry")


@dataclass(frozen=True)
class Expectation:
    """One entry of actions.yml; the keys are explained there."""

    action: str
    seen_as: tuple[Mapping[str, str], ...]
    technique: tuple[str, ...]
    outcome: str | None
    tiers: tuple[str, ...]


@dataclass(frozen=True)
class TruthLine:
    """One line the attacker wrote: what happened, from when, between whom."""

    time_ns: int
    action: str
    source: str
    target: str
    detail: str


@cache
def expectations() -> Mapping[str, Expectation]:
    """actions.yml, checked against the actions there are.

    Raises:
        RangeError: file and actions differ.
    """
    raw = yaml.safe_load(ACTIONS_FILE.read_text(encoding="utf-8"))["actions"]
    if unlike := set(raw) ^ set(BY_ID):
        raise RangeError(f"{ACTIONS_FILE.name} and testbed/attacker.py differ in: {', '.join(sorted(unlike))}")
    return {
        action: Expectation(
            action, tuple(entry["seen_as"]), tuple(entry["technique"]), entry.get("outcome"), tuple(entry["tiers"])
        )
        for action, entry in raw.items()
    }


def read_truth(path: Path) -> list[TruthLine]:
    """Every action of a run, in order."""
    return [TruthLine(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
