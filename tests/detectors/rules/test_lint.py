"""Each lint has something to say about a rule that deserves it, and says what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detectors.rules import LINTS, RuleError, lint_rules, load_rules
from detectors.rules.lint import slug

GOOD = """\
title: Modbus Thing
title_zh: 某事
id: 0d9f6f0e-7a3c-4a43-9a52-0d7f7b0d3c11
status: experimental
description: Detects a thing.
level: low
class: deviation
tags: [attack.ics.t0855]
protocol: modbus
detection:
  selection: {modbus.function_code: [5, 6]}
  condition: selection
falsepositives: [Unlikely]
advice: {zh: 查, en: look}
consequence: {zh: 有, en: some}
examples:
  - {pcap: modbus/a.pcap, alerts: 1}
  - {pcap: modbus/b.pcap, alerts: 0}
"""

BAD = {
    "file_name": ("title: Modbus Thing", "title: Modbus Other Thing", "rename it to modbus_other_thing.yml"),
    "namespace": ("protocol: modbus", "protocol: opcua", "move the file to opcua/"),
    "missing_key": ("title_zh: 某事\n", "", "add title_zh"),
    "missing_class": ("class: deviation\n", "", "add class, what kind of incident it is: malware, attack"),
    "unknown_key": ("falsepositives", "falsepositive", "did you mean falsepositives?"),
    "description": ("Detects a thing", "A thing", "begin with the word Detects"),
    "technique": ("t0855", "t0999", "T0999 is not a technique"),
    "falsepositives": ("[Unlikely]", "[None]", "write Unknown or Unlikely"),
    "examples": ("  - {pcap: modbus/b.pcap, alerts: 0}\n", "", "ordinary traffic that stays silent"),
    "unused_selection": ("  condition", "  filter: {modbus.unit_id: 1}\n  condition", "does not use filter"),
    "only_negative": ("condition: selection", "condition: not selection", "only excludes"),
    "repetition": ("[5, 6]", "[5, 5]", "names 5 twice"),
}


def _lint(tmp_path: Path, text: str) -> list[tuple[str, str, str]]:
    (tmp_path / "modbus").mkdir(exist_ok=True)
    (tmp_path / "modbus" / "modbus_thing.yml").write_text(text, encoding="utf-8")
    return [(finding.lint, finding.level, str(finding)) for finding in lint_rules([tmp_path])]


def test_a_good_rule_has_no_findings(tmp_path: Path) -> None:
    assert _lint(tmp_path, GOOD) == []


def test_every_lint_is_tested() -> None:
    assert {lint.name for lint in LINTS} == {*BAD, "nursery"}


@pytest.mark.parametrize("name", BAD)
def test_a_lint_finds_and_advises(tmp_path: Path, name: str) -> None:
    old, new, advice = BAD[name]
    text = GOOD.replace(old, new, 1)
    if name == "namespace":
        text = text.replace("modbus.function_code", "opcua.service_id").replace("modbus/", "opcua/")
    level = next(lint.level for lint in LINTS if lint.name == name)
    found = [said for lint, how, said in _lint(tmp_path, text) if lint == name and how == level]
    assert any(advice in said for said in found), found


def test_a_rule_that_does_not_load_is_a_finding_and_the_others_are_linted(tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("title: X\n", encoding="utf-8")
    names = {lint for lint, _, _ in _lint(tmp_path, GOOD.replace("title_zh: 某事\n", ""))}
    assert names == {"load", "missing_key"}


def test_a_nursery_rule_may_wait_for_examples_and_is_off(tmp_path: Path) -> None:
    file = tmp_path / "nursery" / "modbus_thing.yml"
    file.parent.mkdir()
    file.write_text(GOOD[: GOOD.index("examples:")], encoding="utf-8")
    said = lint_rules([tmp_path])
    assert [(finding.lint, finding.level) for finding in said] == [("nursery", "warning")]
    assert "off by default" in said[0].message
    with pytest.raises(RuleError, match=r"no \*\.yml rule"):
        load_rules(tmp_path)
    assert [rule.title for rule in load_rules(tmp_path, nursery=True)] == ["Modbus Thing"]
    assert len(load_rules(tmp_path / "nursery")) == len(load_rules(file)) == 1
    file.write_text(GOOD, encoding="utf-8")
    assert "move it to modbus/" in lint_rules([tmp_path])[0].message


def test_slugs() -> None:
    assert slug("S7 PLC Stop") == "s7_plc_stop"
    assert slug("OPC UA: Read/Write (odd)") == "opc_ua_read_write_odd"


def test_the_vocabulary_is_the_cores() -> None:
    """Fields, their types and the names of flaws stand in two languages; they must be the same ones."""
    core = pytest.importorskip("sensor._core", reason="the core is not built: make build")
    from detectors.rules.vocabulary import vocabulary

    known = vocabulary()
    ours = {name: (field.kind, field.many) for name, field in known.fields.items()}
    theirs = {name: (kind.lower(), many) for name, kind, many in core.fields()}
    assert ours == theirs
    for name, _, flaws, _ in core.protocols():
        assert set(known.flaw_names(name)) >= set(flaws), name
        assert [flaw for flaw in known.flaws.get(name, ()) if flaw not in flaws] == [], name


def test_the_core_knows_the_stream_flaws() -> None:
    core = pytest.importorskip("sensor._core", reason="the core is not built: make build")
    from detectors.rules.vocabulary import STREAM

    test = {"test": {"field": "flaws", "operator": "in", "values": list(STREAM)}}
    core.Engine("{}", json.dumps({"version": 1, "rules": [{"id": "x", "protocol": "modbus", "condition": test}]}))
