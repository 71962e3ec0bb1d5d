"""Indicators in STIX and CSV, imported: what is listed, what is left out and why, and that traffic is held against
them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from detectors.imports.indicators import Bounds, Collected, files, read_indicators
from detectors.imports.indicators.kinds import guessed, kind_of
from detectors.imports.indicators.pattern import PatternError, Term, alternatives
from detectors.rules import RuleSet, lint_rules, load_rules
from detectors.rules.vocabulary import vocabulary
from pcaps.make.talk import Talk
from pcaps.make.tls import new_hello, record
from testbed.pcapfile import Frame, write
from tests.detectors.imports.traffic import dns, http, modbus
from tests.rules_replay import PCAPS, core, events_of, hits_of

NOW = Bounds(datetime(2026, 11, 27, tzinfo=UTC))
BAD = ("198.51.100.7", "02:00:5e:77:02:99")


def indicator(pattern: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "indicator", "id": f"indicator--{number}", "pattern_type": "stix", "pattern": pattern,
            "valid_from": "2026-01-01T00:00:00Z", **more}  # fmt: skip


def bundle(tmp_path: Path, *objects: Any) -> Path:
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects}), encoding="utf-8")
    return path


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def states(collected: Collected) -> list[str]:
    return [outcome.state for outcome in collected.outcomes]


def loaded(collected: Collected, folder: Path) -> RuleSet:
    for path, content in files(collected, "test", "high", "2026-11-27", ["x.json"], vocabulary()).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    return load_rules(folder, nursery=True)


PATTERNS: list[tuple[str, list[tuple[Term, ...]]]] = [
    ("[ipv4-addr:value = '192.0.2.1']", [(Term("ipv4-addr:value", ("192.0.2.1",)),)]),
    ("[ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]", [(Term("ipv4-addr:value", ("192.0.2.1", "192.0.2.2")),)]),
    ("[ ipv4-addr:value ISSUBSET '192.0.2.0/24' ]", [(Term("ipv4-addr:value", ("192.0.2.0/24",), subset=True),)]),
    ("[file:hashes.'SHA-256' = 'ab'] OR [domain-name:value = 'a\\'b']",
     [(Term("file:hashes.SHA-256", ("ab",)),), (Term("domain-name:value", ("a'b",)),)]),
    ("[a:b = '1' AND (a:c = '2' OR a:d = 3)]",
     [(Term("a:b", ("1",)), Term("a:c", ("2",))), (Term("a:b", ("1",)), Term("a:d", ("3",)))]),
    ("([a:b[*].c = 'x'])", [(Term("a:b.c", ("x",)),)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found"), PATTERNS)
def test_patterns(text: str, found: list[tuple[Term, ...]]) -> None:
    assert alternatives(text) == found


WRONG = [
    ("", r"the end where \[ should stand"),
    ("[ipv4-addr:value = '192.0.2.1'", "the end where ] should stand"),
    ("[ipv4-addr:value = 192.0.2.1]", "where ] should stand|no pattern"),
    ("[ipv4-addr:value = '192.0.2.1]", "no pattern at character"),
    ("[a:b = 'x'] FOLLOWEDBY [a:c = 'y']", "FOLLOWEDBY: several observations"),
    ("[a:b = 'x'] AND [a:c = 'y']", "AND: several observations"),
    ("[a:b = 'x'] REPEATS 5 TIMES", "REPEATS"),
    ("[a:b LIKE 'x%']", "LIKE: lists hold what equals a value"),
    ("[a:b != 'x']", "!=: lists hold"),
    ("[a:b NOT = 'x']", "NOT: lists hold"),
    ("(" * 40 + "[a:b = 'x']" + ")" * 40, "32 deep"),
    ("[" + " AND ".join(["(a:b = '1' OR a:c = '2')"] * 20) + "]", "4096 alternatives"),
    ("[" + "a" * 300_000, "characters"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[row[1][:20] for row in WRONG])
def test_patterns_that_are_refused(text: str, said: str) -> None:
    with pytest.raises(PatternError, match=said) as error:
        alternatives(text)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


def test_what_a_bundle_comes_to(tmp_path: Path) -> None:
    path = bundle(
        tmp_path,
        indicator("[ipv4-addr:value = '198.51.100.7' OR ipv6-addr:value = '2001:DB8::7']", 1, name="a\nb"),
        indicator("[ipv4-addr:value = '198.51.100.7']", 2),
        indicator("[ipv4-addr:value = '198.51.100.8']", 3, valid_until="2026-11-26T00:00:00Z"),
        indicator("[ipv4-addr:value = '198.51.100.9']", 4, revoked=True),
        indicator("[ipv4-addr:value = '198.51.100.10']", 5, valid_from="2027-01-01T00:00:00Z"),
        indicator("[ipv4-addr:value = '198.51.100.11']", 6, confidence=20),
        indicator("[ipv4-addr:value = '198.51.100.300']", 7),
        indicator("[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']", 8),
        indicator("[x509-certificate:hashes.'SHA-256' = 'aa']", 9),
        indicator("alert tcp any any -> any any (sid:1;)", 10, pattern_type="suricata"),
        indicator("[network-traffic:dst_ref.value = '192.0.2.9' AND network-traffic:dst_port = 4444]", 11),
        indicator("[url:value = 'http://bad.example/a?b=c' OR url:value = 'https://bad.example/a']", 12),
        indicator("[domain-name:value = 'Bad.Example.']", 13, modified="2026-01-01T00:00:00Z"),
        indicator("[domain-name:value = 'worse.example']", 13, modified="2026-02-01T00:00:00Z"),
        indicator("[network-traffic:dst_port = 4444]", 14),
        indicator("[ipv4-addr:value = '192.0.2.77']", 15, valid_until="soon"),
        {"type": "malware", "id": "malware--1"},
    )
    collected = read_indicators([path], Bounds(NOW.at, 50))
    assert states(collected) == [
        "listed", "listed", "expired", "revoked", "early", "doubtful", "not", "not", "not", "not", "combined",
        "combined", "listed", "not", "not",
    ]  # fmt: skip
    assert list(collected.values["addresses"]) == ["198.51.100.7", "2001:db8::7"] and collected.folded == 1
    assert list(collected.values["names"]) == ["worse.example"], "of two versions the later one"
    assert collected.combined["flow"] == [
        {"operation.name": "ended", "server.ip|cidr": "192.0.2.9", "server.port": 4444}]  # fmt: skip
    assert collected.combined["http"] == [{"http.host": "bad.example", "http.path": "/a"}]
    said = {outcome.id: outcome.reason for outcome in collected.outcomes}
    assert "of files SHA-256 is computed" in said["indicator--8"] and "not yet" in said["indicator--9"]
    assert "otus rules import suricata" in said["indicator--10"] and "of https its host alone" in said["indicator--12"]
    assert "question mark (broader)" in said["indicator--12"] and "soon is no time" in said["indicator--15"]
    assert all("\n" not in str(outcome) for outcome in collected.outcomes)
    assert collected.outcomes[6].place.endswith("bundle.json: objects[6]")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"type": "bundle", "objects": [', r"bundle\.json:1: not JSON"),
        ('{"type": "bundle", "objects": 3}', "no STIX bundle"),
        ("[1, 2]", "no STIX bundle"),
        ('{"a": 1}', "no STIX objects"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_file_that_is_no_bundle(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=said) as error:
        read_indicators([tmp_path / "bundle.json"], NOW)
    assert "\n" not in str(error.value)


JA4 = "t13d1516h2_8daaf6152771_02713d6af862"


def test_tables_with_names_of_columns(tmp_path: Path) -> None:
    text = (
        "# made for a test\n"
        "type;value;valid_until;comment\n"
        "ip;198.51.100[.]7;;c2\n"
        "ip;not one;;\n"
        "域名;Bad.Example;2026-12-31;下载站\n"
        "domain;old.example;2020-01-01;\n"
        "sha1;da39a3ee5e6b4b0d3255bfef95601890afd80709;;\n"
        f"ja4;{JA4};;\n"
        "strange;203.0.113.0/24;;\n"
        ";;;\n"
    )
    collected = read_indicators([table(tmp_path, text)], NOW)
    assert states(collected) == ["listed", "not", "listed", "expired", "not", "listed", "listed"]
    assert list(collected.values["addresses"]) == ["198.51.100.7", "203.0.113.0/24"]
    assert list(collected.values["names"]) == ["bad.example"] and list(collected.values["ja4"]) == [JA4]
    assert collected.guesses == {"addresses": 1}, "a type that is not known is guessed, and that is said"
    assert collected.outcomes[1].place.endswith("table.csv:4") and "下载站" in collected.values["names"]["bad.example"]


def test_tables_without_names(tmp_path: Path) -> None:
    text = "198.51.100.7,c2\nhxxp://bad[.]example/x,kit\nnonsense,x\n" + "0" * 70_000 + ",x\nworse.example,y\n"
    collected = read_indicators([table(tmp_path, text)], NOW)
    assert list(collected.values["addresses"]) == ["198.51.100.7"] and list(collected.values["names"]) == [
        "worse.example"
    ]
    assert collected.combined["http"] == [{"http.host": "bad.example", "http.path": "/x"}]
    assert collected.guesses == {"addresses": 1, "url": 1, "names": 1}
    assert "not" in states(collected) and all("\n" not in str(outcome) for outcome in collected.outcomes)


def test_what_values_look_like() -> None:
    assert [guessed(text) for text in ("192.0.2.1", "2001:db8::/32", "a.example", "http://a/b", "ab" * 32, "ab" * 16,
    JA4, "x")] == [
        "addresses", "addresses", "names", "url", "blocks", "md5", "ja4", None]  # fmt: skip
    assert kind_of("network-traffic:extensions.tls-ext.ja4") == "ja4"


BLOCK = "4fd6de63adc811695484f2bea7c1da5f1b6ee6f94e8e810305859150e0f1d082"
"""Of the block that s7comm/download_completed.pcap loads."""


def _tls(name: str) -> list[Frame]:
    frames: list[Frame] = []
    talk = Talk(frames, 443)
    talk.ask(record(new_hello(name), version=0x0301))
    talk.end()
    return frames


def _from_bad() -> list[Frame]:
    """Modbus, with the indicator's address as its client."""
    made: list[Frame] = []
    talk = Talk(made, 502, client=BAD)
    talk.ask(bytes.fromhex("000100000006010300000001"))
    talk.end()
    return made


def _unknown() -> list[Frame]:
    frames: list[Frame] = []
    talk = Talk(frames, 9999, client=BAD)
    talk.ask(b"nobody knows this")
    talk.end()
    return frames


def test_traffic_is_held_against_what_was_listed(tmp_path: Path) -> None:
    """Each kind fires once on its own traffic and nowhere else."""
    core()
    write(tmp_path / "tls.pcap", _tls("bad.example"))
    seen = next(event["tls.client.ja4"] for event in events_of(tmp_path / "tls.pcap") if "tls.client.ja4" in event)
    path = bundle(
        tmp_path,
        indicator(f"[ipv4-addr:value = '{BAD[0]}']", 1),
        indicator("[domain-name:value = 'bad.example']", 2),
        indicator("[url:value = 'http://shared.example/kit']", 3),
        indicator(f"[network-traffic:extensions.'tls-ext'.ja4 = '{seen}']", 4),
        indicator(f"[file:hashes.'SHA-256' = '{BLOCK.upper()}']", 5),
        indicator("[network-traffic:dst_ref.value = '10.77.2.11' AND network-traffic:dst_port = 502]", 6),
    )
    rules = loaded(read_indicators([path], NOW), tmp_path / "rules")
    assert not [finding for finding in lint_rules([tmp_path / "rules"]) if finding.level == "error"]
    text = rules.to_core_json()
    get = "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n"

    def titles(frames: list[Frame]) -> set[str]:
        write(tmp_path / "x.pcap", frames)
        found = (rules.by_id(hit["rule_id"]) for hit in hits_of(tmp_path / "x.pcap", text))
        return {rule.title.removesuffix(" (test)") for rule in found if rule is not None}

    assert titles(_from_bad()) == {
        "Traffic With an Indicator Address in Modbus",
        "Conversation of Indicators in Conversation",
    }
    assert titles(_unknown()) == {"Traffic With an Indicator Address in Conversation"}
    assert titles(modbus("03 0000 0001")) == {"Conversation of Indicators in Conversation"}
    assert titles(dns("bad.example")) == {"Indicator Name Asked For in DNS"} and titles(dns("good.example")) == set()
    assert titles(http(get.format("/kit", "shared.example"))) == {"Address of an Indicator Asked For in HTTP"}
    assert titles(http(get.format("/other", "shared.example"))) == set()
    assert titles(http(get.format("/", "bad.example"))) == {"Indicator Name Asked For in HTTP"}
    assert titles(_tls("bad.example")) == {"Indicator Name Asked For in TLS", "TLS Client of an Indicator in TLS"}
    assert titles(_tls("good.example")) == {"TLS Client of an Indicator in TLS"}
    blocks = [rules.by_id(hit["rule_id"]) for hit in hits_of(PCAPS / "s7comm/download_completed.pcap", text)]
    assert [rule.title for rule in blocks if rule is not None] == ["Program Block of an Indicator in S7comm (test)"]
    assert hits_of(PCAPS / "s7comm/upload.pcap", text) == []
