"""The proposed class of an incident travels in its record and has words; a code of a newer child is kept."""

from __future__ import annotations

import pytest

from console.words import Words
from detectors.rules import load_rules
from sensor.schema import Alert, Level, Reason, Text
from sensor.schema.classes import CLASSES, class_name


def _alert(incident_class: str | None) -> Alert:
    return Alert(
        cause="rule:x",
        detector="signature",
        level=Level.LOW,
        title=Text("某事", "a thing"),
        reason=Reason("rule_matched", {}),
        protocol="modbus",
        first_ns=1,
        last_ns=1,
        count=1,
        incident_class=incident_class,
    )


@pytest.mark.parametrize("code", [None, *CLASSES, "of_a_newer_child"])
def test_it_travels(code: str | None) -> None:
    body = _alert(code).to_json()
    assert body["class"] == code
    assert Alert.from_json(body).incident_class == code
    assert Alert.from_json(body).extra == {}


def test_a_record_of_before_has_none() -> None:
    body = _alert(None).to_json()
    del body["class"]
    assert Alert.from_json(body).incident_class is None


def test_there_are_ten_and_each_has_words() -> None:
    assert len(CLASSES) == 10
    assert {Words("zh").incident_class(code) for code in CLASSES} == {name.zh for name in CLASSES.values()}
    assert Words("en").incident_class("exposure") == "exposure"
    assert class_name("of_a_newer_child").zh == "of_a_newer_child"


def test_not_every_rule_is_about_an_attack() -> None:
    used = {rule.incident_class for rule in load_rules()}
    assert {"attack", "violation", "exposure", "deviation", "data", "fault", "malware"} <= used
