"""The core's matcher against the plain one: on every capture, with the bundled rules and with rules made from the
captures' own values."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from detectors.rules import RuleSet, load_rules, naive_correlation
from detectors.rules.lists import NamedList
from detectors.rules.model import DEFAULT_FOLD, And, Check, Correlation, Expression, Not, Or, Rule, Step, Value, checks
from detectors.rules.naive import matches
from detectors.rules.regex import MAX_LENGTH, canonical
from detectors.rules.selection import ALLOWED, APART
from detectors.rules.vocabulary import NOT_IN_RULES, UNCOUNTED, vocabulary
from sensor.schema import Level, Text
from tests.captures import bundled_captures
from tests.rules_replay import PCAPS, ROOT, events_of, hits_of

MAX_SHARED_BYTES = 300_000
"""Of a capture by others: the plain matcher is slow, and there are many."""


def _compare(rules: RuleSet, pcap: Path, baseline: Path | None) -> int:
    """Assert that both find the same; returns how many hits there were."""
    core = Counter(
        (hit["rule_id"], hit["frame.number"])
        for hit in hits_of(pcap, rules.to_core_json(), baseline)
        if rules.by_id(hit["rule_id"])
    )
    events = events_of(pcap, baseline, rules.to_core_json())
    of: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.correlation is None:
            of[rule.protocol].append(rule)
    plain = Counter(
        (rule.id, event.get("frame.number", 0))
        for event in events
        for rule in of[event["network.protocol"]]
        if matches(rule, event, rules.lists)
    )
    plain.update(naive_correlation.hits(rules, events, rules.lists))
    titles = {rule.id: rule.title for rule in rules}
    assert {(titles[i], frame) for i, frame in core - plain} == set(), f"only the core, {pcap.name}"
    assert {(titles[i], frame) for i, frame in plain - core} == set(), f"only the plain matcher, {pcap.name}"
    return core.total()


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@cache
def _bundled() -> RuleSet:
    """Without those that look into a message's bytes, which events do not print. Read once: a hundred and fifty files
    of YAML take longer than most captures."""
    rules = load_rules()
    seen = (rule for rule in rules if all(check.field != "message.bytes" for check in checks(rule.condition)))
    return replace(rules, rules=tuple(seen))


@pytest.mark.parametrize("pcap", bundled_captures(), ids=_name)
def test_bundled_rules_on_bundled_captures(pcap: Path) -> None:
    baseline = PCAPS / pcap.parent.name / "reader.pcap"
    for learned in (None, baseline if baseline.exists() else PCAPS / "plant/normal.pcap"):
        _compare(_bundled(), pcap, learned)


def test_the_bundled_rules_hit_at_all() -> None:
    assert _compare(_bundled(), PCAPS / "plant/attack.pcap", PCAPS / "plant/normal.pcap") > 50


def _captures_to_make_rules_from() -> list[Path]:
    names = (
        "modbus/errors",
        "modbus/maintenance",
        "modbus/write_outside_range",
        "s7comm/errors",
        "s7comm/status_panel",
    )
    more = ("s7comm/download_completed", "opcua/add_nodes", "opcua/encrypted_password", "opcua/errors", "plant/ledger")
    return [PCAPS / f"{name}.pcap" for name in (*names, *more)]


@cache
def _made() -> RuleSet:
    """600 rules whose fields and values occur in the captures, from one seed."""
    chance = random.Random(20261120)
    events = [event for pcap in _captures_to_make_rules_from() for event in events_of(pcap)]
    rules = []
    for number in range(600):
        event = chance.choice(events)
        condition = _expression(chance, event, depth=2)
        counted = _correlation(chance, event) if number >= 400 else None
        if counted is not None and counted.steps:
            condition = Or(tuple(step.condition for step in counted.steps))
        rules.append(
            Rule(
                title=f"made {number}: {condition} {counted}",
                id=f"made-{number}",
                level=Level.LOW,
                protocol=event["network.protocol"],
                condition=condition,
                condition_text="",
                selections={},
                used=frozenset(),
                path=Path("made.yml"),
                fold=counted.group_by if counted is not None else DEFAULT_FOLD,
                correlation=counted,
            )
        )
    return RuleSet(tuple(rules), LISTS)


def _correlation(chance: random.Random, event: dict[str, Any]) -> Correlation:
    """Something to count among messages like that one."""
    known = vocabulary()
    usable = sorted(name for name in event if name in known.fields and name not in NOT_IN_RULES | UNCOUNTED)
    single = [name for name in usable if not known.fields[name].many]
    # Not below a tenth of a second: the core counts by the time at which it read a message, and one behind a gap in its
    # stream is read when the gap is given up, milliseconds after the time that the twin sees.
    timespan_ns = chance.choice((10**11, 10**8, 10**9, 10**10, 10**12))
    group_by = chance.choice((("client.ip",), ("client.ip", "server.ip"), ("server.ip",), (chance.choice(single),)))
    kind = chance.choice(("count", "distinct", "sequence"))
    if kind == "sequence":
        steps = [
            Step("made", _expression(chance, event, 1), chance.choice((None, None, 10**8, 10**9)))
            for _ in range(chance.randint(1, 3))
        ]
        # One of them must come.
        steps.insert(chance.randint(0, len(steps)), Step("made", _expression(chance, event, 1)))
        return Correlation(kind, timespan_ns, group_by, steps=tuple(steps))
    field = chance.choice(usable) if kind == "distinct" else ""
    return Correlation(kind, timespan_ns, group_by, chance.randint(2, 5), field)


def _expression(chance: random.Random, event: dict[str, Any], depth: int) -> Expression:
    shape = chance.random() if depth else 1.0
    if shape < 0.3:
        return And((_expression(chance, event, depth - 1), _expression(chance, event, depth - 1)))
    if shape < 0.5:
        return Or((_expression(chance, event, depth - 1), _expression(chance, event, depth - 1)))
    if shape < 0.6:
        return Not(_expression(chance, event, depth - 1))
    return _check(chance, event)


def _check(chance: random.Random, event: dict[str, Any]) -> Check:
    known = vocabulary()
    usable = [name for name in event if name in known.fields and name not in NOT_IN_RULES]
    field = chance.choice(sorted(usable))
    kind = known.fields[field].kind
    held = event[field]
    values = [value for value in (held if isinstance(held, list) else [held]) if value is not None]
    operator = chance.choice(ALLOWED[kind])
    if operator in ("re", "in_list") and field in APART:
        operator = "in"
    if operator == "exists" or not values:
        return Check(field, "exists", (chance.random() < 0.5,))
    if operator == "in_list":
        return Check(field, operator, (_listed(kind, [chance.choice(values) for _ in range(2)]),))
    picked = [_vary(chance, operator, chance.choice(values)) for _ in range(chance.randint(1, 3))]
    if kind == "any":  # numbers and texts do not share every operator
        texts = operator in ("contains", "startswith", "endswith", "re")
        ordered = operator in ("gte", "lte", "gt", "lt")
        picked = [value for value in picked if isinstance(value, str) is texts or (operator == "in" and not ordered)]
        if not picked:
            return Check(field, "exists", (True,))
    return Check(field, operator, tuple(picked))


LISTS: dict[str, NamedList] = {}


def _listed(kind: str, values: list[Any]) -> str:
    """The name of a list that has them; of a field whose type the wire decides those of the first one's type."""
    texts = isinstance(values[0], str)
    type_ = "addresses" if kind == "ip" else "texts" if texts else "numbers"
    kept = [value for value in values if isinstance(value, str) is texts and (texts or isinstance(value, int))]
    name = f"made_{len(LISTS)}"
    sound = [value for value in kept if texts or (value >= 0 and not isinstance(value, bool))] or [0]
    LISTS[name] = NamedList(name, type_, tuple(sound), Text("造", "made"), "made", "2026-11-20")
    return name


def _vary(chance: random.Random, operator: str, value: Any) -> Value:
    if operator == "mask":
        mask = chance.choice((1, 3, 0xF0, 0xFF, 0xFFFF))
        return mask, (value if chance.random() < 0.7 else 1) & mask
    if operator == "re":
        text = str(value)
        cut = chance.randint(0, len(text))
        front, rest = re.escape(text[:cut]), re.escape(text[cut:])
        pieces = ("^" + front, rest + "$", re.sub(r"[0-9]", r"\\d", front + rest), front + ".*", "[a-m]+" + rest,
                  front + rest + "|x{2,3}")  # fmt: skip
        return canonical(chance.choice(pieces)[:MAX_LENGTH] if len(text) < 60 else "^.")
    if isinstance(value, str):
        if operator == "cidr":
            return f"{value}/{chance.choice((8, 16, 24, 31, 32))}"
        cut = chance.randint(1, len(value)) if value else 0
        return {
            "contains": value[cut - 1 :] or "x",
            "startswith": value[:cut] or "x",
            "endswith": value[-cut:] or "x",
        }.get(operator, value)
    if isinstance(value, bool):
        return value
    changed: Value = max(0, value + chance.choice((-1, 0, 0, 0, 1)))
    return changed


def test_made_rules_about_many_messages_find_something() -> None:
    counting = RuleSet(tuple(rule for rule in _made() if rule.correlation is not None), LISTS)
    found: Counter[str] = Counter()
    for pcap in _captures_to_make_rules_from():
        found.update({hit["rule_id"] for hit in hits_of(pcap, counting.to_core_json())})
    kinds = Counter(rule.correlation.kind for rule in counting if rule.correlation and rule.id in found)
    assert min(kinds[kind] for kind in ("count", "distinct", "sequence")) > 10, kinds


def test_made_rules_can_be_compiled_and_are_not_idle() -> None:
    total = sum(_compare(_made(), pcap, None) for pcap in _captures_to_make_rules_from())
    assert total > 1000


@pytest.mark.parametrize("name", ["modbus/function_code_scan", "s7comm/szl_read", "opcua/failed_logins"])
def test_made_rules_on_recorded_captures(name: str) -> None:
    _compare(_made(), PCAPS / f"{name}.pcap", None)


def test_all_rules_on_captures_by_others(shared: Sequence[Path]) -> None:
    """Rules about many messages only on captures of our own: theirs have gaps, and what came behind one is counted by
    the core when it was read, which the twin cannot see (docs/notes.md)."""
    alone = tuple(rule for rule in (*_bundled(), *_made()) if rule.correlation is None)
    both = RuleSet(alone, {**_bundled().lists, **LISTS})
    small = [path for path in shared if path.stat().st_size <= MAX_SHARED_BYTES]
    found = sum(_compare(both, path, None) for path in small[::4])
    assert found > 0


def test_what_the_commands_print_agrees(tmp_path: Path) -> None:
    """The same, through `otus events` and `otus replay --hits`, as anybody else can do it."""
    pytest.importorskip("sensor._core", reason="the core is not built: make build")
    pcap, hits = PCAPS / "s7comm/download_completed.pcap", tmp_path / "hits.ndjson"
    command = [sys.executable, "-m", "otus.cli"]
    printed = subprocess.run(
        [*command, "events", str(pcap), "--format", "ndjson"], cwd=ROOT, capture_output=True, check=True, timeout=60
    )
    subprocess.run(
        [*command, "replay", str(pcap), "--format", "ndjson", "--hits", str(hits)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    )
    events = [json.loads(line) for line in printed.stdout.splitlines()]
    rules = _bundled()
    alone = [rule for rule in rules if rule.correlation is None]
    plain = Counter((rule.id, event["frame.number"]) for event in events for rule in alone if matches(rule, event))
    plain.update(naive_correlation.hits(rules, events))
    core = Counter((hit["rule_id"], hit["frame.number"]) for hit in map(json.loads, hits.read_text().splitlines()))
    assert core == plain
    assert core.total() > 0
