"""Every cause of the core has words, a level that fits what was done, and techniques."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from detectors.baseline.describe import CAUSES, WORDS, describe
from sensor.schema import Level

CORE = Path(__file__).parents[3] / "sensor" / "core" / "wire" / "src" / "baseline"


@dataclass(frozen=True)
class Hit:
    cause: str
    found: dict[str, Any] = field(default_factory=dict)

    def params(self) -> dict[str, Any]:
        return self.found


def hit(cause: str, kind: str) -> Hit:
    return Hit(cause, {"operation_class": kind, "operation": "x", "operation_code": 1})


def test_the_causes_are_the_cores() -> None:
    named = set()
    for source in CORE.rglob("*.rs"):
        named |= set(re.findall(r'"((?:baseline|period):[a-z_]+)"', source.read_text("utf-8")))
    assert named == set(CAUSES)


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("kind", [*WORDS, "a class of tomorrow"])
def test_every_cause_and_class_has_words_in_both_languages(cause: str, kind: str) -> None:
    said = describe(hit(cause, kind))
    assert said.detector == cause.partition(":")[0]
    for text in (said.title, said.advice, said.consequence):
        assert text is not None
        assert re.search(r"[一-鿿]", text.zh)
        assert text.en.isascii()
        assert "{" not in text.zh + text.en
    assert all(re.fullmatch(r"T0\d{3}", technique) for technique in said.technique)
    assert dict(said.reason.params)["operation_class"] == kind


@pytest.mark.parametrize(
    ("cause", "kind", "level"),
    [
        ("baseline:new_asset", "read", Level.MEDIUM),
        ("baseline:new_link", "read", Level.MEDIUM),
        ("baseline:new_link", "write", Level.HIGH),
        ("baseline:new_operation", "read", Level.LOW),
        ("baseline:new_operation", "program", Level.HIGH),
        ("baseline:new_operation", "session", Level.LOW),
        ("baseline:new_object", "read", Level.LOW),
        ("baseline:new_object", "write", Level.HIGH),
        ("baseline:new_object", "control", Level.HIGH),
        ("baseline:new_order", "control", Level.MEDIUM),
        ("period:stopped", "read", Level.MEDIUM),
        ("period:faster", "read", Level.MEDIUM),
        ("period:resumed", "read", Level.NOTICE),
    ],
)
def test_the_level_follows_what_was_done(cause: str, kind: str, level: Level) -> None:
    assert describe(hit(cause, kind)).level is level


def test_reason_codes_are_distinct() -> None:
    codes = [describe(hit(cause, "read")).reason.code for cause in CAUSES]
    assert len(set(codes)) == len(codes)


def test_an_unknown_cause_is_no_guess() -> None:
    with pytest.raises(LookupError, match="baseline:new_thing"):
        describe(Hit("baseline:new_thing"))
