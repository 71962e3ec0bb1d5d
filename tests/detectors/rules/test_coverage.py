"""Coverage counts what examples prove, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

from click.testing import CliRunner

from detectors.rules import Result, covered, load_rules
from detectors.rules.model import Example, Rule
from otus.rules import rules


def _results(rule: Rule, *problems: str) -> list[Result]:
    return [
        Result(rule, example, example.alerts, problem) for example, problem in zip(rule.examples, problems, strict=True)
    ]


def test_a_rule_covers_what_it_proved() -> None:
    stop = next(rule for rule in load_rules() if rule.title == "S7 PLC Stop")
    stop = replace(stop, examples=(Example("a", 1), Example("b", 0)))
    found = covered([stop], _results(stop, "", ""))
    assert found.cells == {("T0858", "s7comm"): ("S7 PLC Stop",), ("T0816", "s7comm"): ("S7 PLC Stop",)}
    assert found.unproven == ()
    for problems in (("0 alerts", ""), ("", "1 alert")):
        failed = covered([stop], _results(stop, *problems))
        assert (failed.cells, failed.unproven) == ({}, ("S7 PLC Stop",))
    only_fires = replace(stop, examples=(Example("a", 1),))
    assert covered([only_fires], _results(only_fires, "")).unproven == ("S7 PLC Stop",)
    assert covered([stop], []).unproven == ("S7 PLC Stop",)


def test_a_rule_on_the_transport_covers_the_protocol_it_belongs_to() -> None:
    rule = next(rule for rule in load_rules() if rule.protocol == "cotp")
    rule = replace(rule, examples=(Example("a", 1), Example("b", 0)))
    assert {protocol for _, protocol in covered([rule], _results(rule, "", "")).cells} == {"s7comm"}


def test_the_layer_is_one_that_a_navigator_reads() -> None:
    done = CliRunner().invoke(rules, ["coverage", "--rules", "rules/ftp", "--format", "navigator"])
    assert done.exit_code == 0, done.output
    layer = json.loads(done.stdout)
    assert (layer["domain"], layer["versions"]["layer"]) == ("ics-attack", "4.5")
    of = {item["techniqueID"]: item for item in layer["techniques"]}
    known = {technique for rule in load_rules("rules/ftp") for technique in rule.technique}
    assert set(of) == known
    for item in of.values():
        assert item["score"] == sum(int(one["value"]) for one in item["metadata"]) >= 1
        assert item["score"] <= layer["gradient"]["maxValue"]


def test_table_and_json_agree() -> None:
    shown = CliRunner().invoke(rules, ["coverage", "--rules", "rules/ftp"]).stdout.splitlines()
    told = json.loads(CliRunner().invoke(rules, ["coverage", "--rules", "rules/ftp", "--format", "json"]).stdout)
    assert shown[0].split() == ["technique", "ftp"]
    assert [line.split()[0] for line in shown[1:-1]] == sorted(told["techniques"])
    assert [int(line.split()[1]) for line in shown[1:-1]] == [
        len(told["techniques"][one]["ftp"]) for one in sorted(told["techniques"])
    ]
    assert told["unproven"] == []
