"""`tests/tshark_differences.yml`: the classes of differences, and where each was found when somebody last looked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from tests.captures import ROOT, SHARED
from tests.second_opinion.compare import Difference, Evidence
from tests.second_opinion.reasons import CHECKS

LIST = ROOT / "tests" / "tshark_differences.yml"


@dataclass(frozen=True)
class Listed:
    """One class of differences."""

    reason: str
    """the check of that name in `reasons.py` has to hold for each difference"""
    only: tuple[str, ...]
    """who has the message: tshark, ours, or both of them each their own"""
    right: str
    """tshark, ours or both: who does what the specification says"""
    text: str
    captures: dict[str, int]
    """differences of this class by capture; captures that are not named may have some too, checked all the same"""


@cache
def load() -> list[Listed]:
    entries = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return [Listed(**{**entry, "only": tuple(entry["only"]), "captures": entry["captures"] or {}}) for entry in entries]


def name_of(capture: Path) -> str:
    """As in the list: from the folder that holds it."""
    for folder in (ROOT, SHARED):
        if capture.is_relative_to(folder):
            return capture.relative_to(folder).as_posix()
    return capture.name


def reason_of(evidence: Evidence, difference: Difference) -> str | None:
    """The first reason that holds."""
    return next((name for name, holds in CHECKS[difference.only].items() if holds(evidence, difference)), None)


def explain(evidence: Evidence) -> list[tuple[Difference, str | None]]:
    """Each difference with its reason, or without one."""
    return [(difference, reason_of(evidence, difference)) for difference in evidence.differences]
