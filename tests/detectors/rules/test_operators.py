"""Bit masks, regular expressions and named lists: what is read, what is refused, and what the core makes of them."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from detectors.rules import RuleError, load_rules
from detectors.rules.naive import matches
from detectors.rules.regex import MAX_LENGTH, RegexError, canonical, plain
from tests.rules_replay import PCAPS, events_of, hits_of

RULE = """\
title: A Rule
level: low
protocol: modbus
detection:
  selection: {{{}}}
  condition: selection
"""
LIST = """\
description: {{zh: 测试, en: a test}}
source: nobody
date: "2026-11-20"
type: {}
values: [{}]
"""


@pytest.mark.parametrize(
    ("text", "fits", "others"),
    [
        ("^read_", ["read_coils"], ["unread_", "Read_"]),
        ("coils?$", ["read_coil", "coils"], ["coils\n", "coilss"]),
        (r"\d{2,3}x", ["12x", "a123x"], ["1x", "x"]),
        (r"[^a-c\d]z", ["dz", "-z"], ["az", "5z"]),
        (r"a.c", ["abc", "a中c"], ["a\nc", "ac"]),
        (r"(ab|cd)+\.", ["abcd."], ["abcd", "."]),
        (r"[-a]\-[]x]?".replace("[]x]", r"[\]x]"), ["--]", "a-x"], ["b-"]),
        (r"\s\S\w\W", ["\va_-"], ["abcd"]),
        (r"\w", ["a"], ["中", "é"]),
    ],
)
def test_expressions(text: str, fits: list[str], others: list[str]) -> None:
    found = plain(canonical(text))
    assert all(found.search(one) for one in fits)
    assert not any(found.search(one) for one in others)


@pytest.mark.parametrize(
    "text",
    ["", "(?i)a", "(?P<n>a)", "(?=a)", r"\1", r"\bx", r"\p{L}", "a*?", "a++", "*a", "(", ")", "[", "[]", "[b-a]",
     "{2}", "a{3,2}", "a{101}", "a{,3}", "[[:alpha:]]", "[a&&b]", "x]", "x" * (MAX_LENGTH + 1), "\\"],
)  # fmt: skip
def test_what_the_two_would_read_differently_is_refused(text: str) -> None:
    with pytest.raises(RegexError):
        canonical(text)


def _rules(folder: Path, selection: str, **lists: tuple[str, str]):  # type: ignore[no-untyped-def]
    (folder / "rule.yml").write_text(RULE.format(selection), encoding="utf-8")
    for name, (kind, values) in lists.items():
        (folder / "lists").mkdir(exist_ok=True)
        (folder / "lists" / f"{name}.yml").write_text(LIST.format(kind, values), encoding="utf-8")
    return load_rules(folder)


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("modbus.address|mask: 5", "is written {and: 0x8000, equals: 0x8000}"),
        ("modbus.address|mask: {and: 0, equals: 0}", "fits everything"),
        ("modbus.address|mask: {and: 1, equals: 2}", "can never fit"),
        ("modbus.function_name|mask: {and: 1}", "|mask does not apply"),
        ("modbus.function_name|re: '(?i)a'", "only plain groups"),
        ("flaws|re: a", "|re does not apply"),
        ("client.ip|in_list: stations", "there is no list stations; lists are files lists/NAME.yml"),
        ("client.ip|in_list: bad_one", "there is no list bad_one; did you mean bad_ones?"),
        ("modbus.address|in_list: bad_ones", "never one of the addresses of list bad_ones"),
        ("client.ip|in_list: [bad_ones, others]", "takes the name of one list"),
    ],
)
def test_problems(tmp_path: Path, selection: str, message: str) -> None:
    with pytest.raises(RuleError, match=r"rule\.yml:5") as error:
        _rules(tmp_path, selection, bad_ones=("addresses", "10.0.0.1"))
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("addresses", "10.0.0.300", "'10.0.0.300' is none of the addresses"),
        ("numbers", "-1", "-1 is none of the numbers"),
        ("texts", "7", "7 is none of the texts"),
        ("addresses", "", "without values"),
        ("words", "a", "type is one of addresses, numbers, texts"),
    ],
)
def test_problems_of_lists(tmp_path: Path, kind: str, values: str, message: str) -> None:
    with pytest.raises(RuleError) as error:
        _rules(tmp_path, "modbus.address: 1", odd=(kind, values))
    assert message in str(error.value) and "lists/odd.yml" in str(error.value)


@pytest.mark.parametrize(
    ("selection", "lists"),
    [
        ("modbus.function_code|mask: {and: 0x03, equals: 0x01}", {}),
        ("modbus.address|mask: [{and: 1}, {and: 0x10, equals: 0}]", {}),
        (r"modbus.function_name|re: '^(read|write)_[a-z_]+s$'", {}),
        ("client.ip|in_list: hosts", {"hosts": ("addresses", "10.77.2.0/25, fd00::/8")}),
        ("modbus.function_code|in_list: codes", {"codes": ("numbers", "3, 0x10, 90")}),
        ("modbus.function_name|in_list: names", {"names": ("texts", "read_coils, report_server_id")}),
    ],
)
def test_core_and_twin_agree(tmp_path: Path, selection: str, lists: dict[str, tuple[str, str]]) -> None:
    rules, pcap = _rules(tmp_path, selection, **lists), PCAPS / "modbus/every_function.pcap"
    core = Counter(hit["frame.number"] for hit in hits_of(pcap, rules.to_core_json()))
    events = events_of(pcap)
    assert core == Counter(event["frame.number"] for event in events if matches(rules[0], event, rules.lists))
    assert 0 < core.total() <= len(events)


def test_a_list_of_a_million_loads_and_costs_no_more(tmp_path: Path) -> None:
    """Loaded from a file beside the list; the bound is far above what it takes, and far below what YAML would."""
    (tmp_path / "lists").mkdir()
    values = "\n".join(f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255} # {n}" for n in range(1_000_000))
    (tmp_path / "lists" / "many.txt").write_text(values, encoding="utf-8")
    text = LIST.format("addresses", "").replace("values: []", "values_from: many.txt")
    (tmp_path / "lists" / "many.yml").write_text(text, encoding="utf-8")
    begun = time.perf_counter()
    rules = _rules(tmp_path, "client.ip|in_list: many")
    assert len(rules.lists["many"].values) == 1_000_000
    pcap = PCAPS / "modbus/every_function.pcap"  # 10.77.2.101 is beyond the million
    assert hits_of(pcap, rules.to_core_json()) == []
    assert time.perf_counter() - begun < 60
