"""The bundled rules: linted, tested by their own examples, killed by their mutants."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from detectors.rules import RuleSet, lint_rules, load_rules, run_examples
from detectors.rules.condition import parse
from detectors.rules.model import Not, Or, Rule
from sensor.schema import Level
from tests.rules_replay import PCAPS, alerts_of

NORMAL = ("modbus/normal_polling", "s7comm/normal_polling", "opcua/normal_polling", "plant/normal")


@cache
def bundled() -> RuleSet:
    return load_rules()


def test_nothing_is_to_be_said_about_them() -> None:
    assert [str(finding) for finding in lint_rules() if finding.lint != "nursery"] == []


def test_there_are_enough_over_enough_techniques() -> None:
    rules = bundled()
    per_protocol = Counter(rule.path.parts[1] for rule in rules)
    assert sum(per_protocol[name] for name in ("modbus", "s7comm", "opcua")) >= 75
    assert len(rules) >= 200
    seen = {"modbus", "s7comm", "opcua", "flow", "arp", "icmp", "dns", "ftp", "http", "smb", "ssh", "telnet", "tls"}
    assert seen <= set(per_protocol)
    assert len({technique for rule in rules for technique in rule.technique}) >= 12
    assert any(rule.needs_baseline for rule in rules)


def test_examples_do_what_they_say() -> None:
    failed = [str(result) for result in run_examples(bundled(), alerts_of) if not result.passed]
    assert failed == []


def test_every_example_that_stays_silent_holds_messages_of_the_protocol() -> None:
    """Silence on nothing proves nothing: one silent capture of each rule has messages the rule looks at."""
    from tests.rules_replay import events_of

    for rule in bundled():
        silent = [example.pcap for example in rule.examples if example.alerts == 0]
        core_rules = RuleSet((rule,), bundled().lists).to_core_json()
        seen = {event["network.protocol"] for pcap in silent for event in events_of(PCAPS / pcap, None, core_rules)}
        assert rule.protocol in seen, rule.title


def _mutants(rule: Rule) -> list[Rule]:
    """The rule with its condition inverted, and with each of its selections inverted; of a sequence each step."""
    if rule.correlation is not None and rule.correlation.steps:
        return [_mutant_of_sequence(rule, at) for at in range(len(rule.correlation.steps))]
    conditions = [Not(rule.condition)]
    for name in sorted(rule.used):
        turned = {**rule.selections, name: Not(rule.selections[name])}
        conditions.append(parse(rule.condition_text, turned)[0])  # type: ignore[arg-type]
    return [replace(rule, condition=condition, id=f"{rule.id}#{at}") for at, condition in enumerate(conditions)]


def _mutant_of_sequence(rule: Rule, at: int) -> Rule:
    assert rule.correlation is not None
    steps = list(rule.correlation.steps)
    steps[at] = replace(steps[at], condition=Not(steps[at].condition))
    correlation = replace(rule.correlation, steps=tuple(steps))
    return replace(
        rule, correlation=correlation, condition=Or(tuple(step.condition for step in steps)), id=f"{rule.id}#{at}"
    )


def test_every_mutant_breaks_an_example() -> None:
    mutants = [mutant for rule in bundled() for mutant in _mutants(rule)]
    assert len(mutants) > 2 * len(bundled())
    told = run_examples(RuleSet(tuple(mutants), bundled().lists), alerts_of)
    broken = {result.rule.id for result in told if not result.passed}
    assert [mutant.place() + mutant.id for mutant in mutants if mutant.id not in broken] == []


@pytest.mark.parametrize("name", NORMAL)
def test_normal_operation_raises_nothing_of_weight(name: str) -> None:
    rules, pcap = bundled(), PCAPS / f"{name}.pcap"
    for baseline in (None, pcap):
        raised = {rule_id for rule_id in alerts_of(rules, pcap, baseline)}
        heavy = [rule.title for rule in rules if rule.id in raised and rule.level.rank >= Level.MEDIUM.rank]
        assert heavy == []


def test_each_action_of_the_range_has_a_rule_of_that_name() -> None:
    """`testbed/actions.yml` names rules by title; a renamed rule would leave an action unseen."""
    import yaml

    actions = yaml.safe_load(Path("testbed/actions.yml").read_text(encoding="utf-8"))["actions"]
    named = {row["rule"] for action in actions.values() for row in action["seen_as"] if "rule" in row}
    assert named - {rule.title for rule in bundled()} == set()
