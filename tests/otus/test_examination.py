"""The sensor examines itself."""

from __future__ import annotations

import time

import pytest

from detectors.rules import load_rules
from otus import examination
from otus.examination import PLANS, Examined, Examiner

ACTS = sorted(act for acts in PLANS.values() for act in acts)


@pytest.fixture(scope="module")
def core_rules() -> str:
    return load_rules(None).to_core_json()


def test_the_bundled_rules_find_every_act_whatever_the_seed(core_rules: str) -> None:
    for seed in (1, 2, 3):
        examined = examination.examine(core_rules, seed)
        assert list(examined.acts) == ACTS
        assert sorted(examined.found) == ACTS


def test_a_sensor_that_finds_nothing_says_so() -> None:
    told = Examiner(lambda: '{"rules": []}').result(5)
    assert not told["alive"]


def test_what_was_found_once_is_missed_when_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([frozenset({"a", "b"}), frozenset({"a"}), frozenset({"a", "b"})])
    monkeypatch.setattr(examination, "examine", lambda rules, seed: Examined(("a", "b", "c"), next(answers)))
    examiner = Examiner(lambda: "rules")
    assert examiner.result(1) == {"alive": True, "time_ns": 1, "acts": 3, "found": 2, "failed": []}
    assert examiner.result(2) == {"alive": False, "time_ns": 2, "acts": 3, "found": 1, "failed": ["b"]}
    assert examiner.result(3)["alive"]


def test_other_rules_are_held_against_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([frozenset({"a", "b"}), frozenset({"a"})])
    monkeypatch.setattr(examination, "examine", lambda rules, seed: Examined(("a", "b"), next(answers)))
    rules = iter(["one", "other"])
    examiner = Examiner(lambda: next(rules))
    assert examiner.result(1)["alive"] and examiner.result(2)["alive"]


def test_it_comes_when_it_is_due_and_is_told_once(core_rules: str) -> None:
    now_s = [0.0]
    examiner = Examiner(lambda: core_rules, every_s=3600, first_s=20, clock=lambda: now_s[0])
    assert examiner.tend(7) is None
    now_s[0] = 21.0
    assert examiner.tend(0) is None  # no packet yet: no time to say
    assert examiner.tend(7) is None
    examiner.end(60)
    told = None
    for _ in range(100):
        if (told := examiner.tend(8)) is not None:
            break
        time.sleep(0.05)
    assert told == {"alive": True, "time_ns": 7, "acts": len(ACTS), "found": len(ACTS), "failed": []}
    assert examiner.tend(9) is None


def test_a_box_without_the_range_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(rules: str, seed: int) -> Examined:
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    monkeypatch.setattr(examination, "examine", missing)
    told = Examiner(lambda: "rules").result(1)
    assert told["alive"] is None and "otus[range]" in told["failed"][0]
