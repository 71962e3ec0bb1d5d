"""`otus explain`: each room's statement about one packet agrees with what the other commands print."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from detectors.rules import load_rules
from detectors.rules.naive import first_failure, matches
from tests.captures import ROOT

ATTACK = ROOT / "pcaps" / "plant" / "attack.pcap"
ERRORS = ROOT / "pcaps" / "modbus" / "errors.pcap"


def otus(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "otus.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def explained(file: Path, number: int, *more: str) -> dict[str, Any]:
    done = otus("explain", file, "--packet", str(number), "--format", "json", *more)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def lines(*arguments: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in otus(*arguments).stdout.splitlines()]


def test_messages_pairing_and_alerts_are_those_of_the_other_commands(tmp_path: Path) -> None:
    events = lines("events", ATTACK)
    otus("replay", ATTACK, "--hits", tmp_path / "hits")
    hits = [json.loads(line) for line in (tmp_path / "hits").read_text(encoding="utf-8").splitlines()]
    alerts = {line["event.id"]: line for line in lines("replay", ATTACK, "--format", "ndjson")}
    response = next(event for event in events if "request.frame.number" in event)
    for number in (response["request.frame.number"], response["frame.number"], hits[0]["frame.number"]):
        found = explained(ATTACK, number)
        assert found["protocol"]["messages"] == [event for event in events if event["frame.number"] == number]
        here = [hit["cause"] for hit in hits if hit.get("frame.number") == number]
        assert [alert["cause"] for alert in found["alerts"]] == here
        for alert in found["alerts"]:
            assert alerts[alert["id"]]["cause"] == alert["cause"]
            assert alerts[alert["id"]]["frame.number"] == alert["opened_by"] <= number
    asked = explained(ATTACK, response["request.frame.number"])["pairing"]
    assert (asked["response"], asked["latency_ns"]) == (response["frame.number"], response["event.duration"])
    answered = explained(ATTACK, response["frame.number"])["pairing"]
    assert answered["request"] == response["request.frame.number"]


def test_every_packet_of_a_capture_is_one_in_the_account() -> None:
    """The account of packet after packet adds up to that of the whole; each is in one class at the end."""
    from otus.explaining import Replay, difference
    from sensor._core import Engine

    def replay() -> Replay:
        engine = Engine(json.dumps({"listing": True}))
        engine.open_files([ERRORS])
        return Replay(engine)

    whole, step = replay(), replay()
    whole.read(1_000_000)
    total: dict[str, int] = {}
    for _ in range(whole.received):
        before = step.ledger
        step.read(1)
        for name, count in difference(before, step.ledger).items():
            total[name] = total.get(name, 0) + count
    assert step.received == whole.received
    classes = {
        name: count for name, count in total.items() if name.partition(".")[0] in ("parsed", "skipped", "lost", "held")
    }
    assert sum(classes.values()) == whole.received


def test_a_packet_without_a_message_says_why() -> None:
    found = explained(ERRORS, 1)
    assert found["frame"]["flags"] == ["SYN"] and found["flow"]["place"] == "nothing_to_read"
    assert found["flow"]["client"] == f"{found['frame']['source']}:{found['frame']['source_port']}"
    assert found["ledger"]["skipped.no_payload"] == 1 and found["protocol"]["messages"] == []


def test_why_a_rule_does_not_fire() -> None:
    number = next(event["frame.number"] for event in lines("events", ERRORS) if event["modbus.unit_id"] == 1)
    statement = explained(ERRORS, number, "--rule", "modbus_broadcast_write")["asked"][0]
    assert (statement["fires"], statement["field"], statement["expected"]) == (False, "modbus.unit_id", [0])
    assert statement["found"] == 1
    needs = explained(ERRORS, number, "--rule", "modbus_write_from_a_host_that_only_read_before")["asked"][0]
    assert needs["why"] == "baseline"
    other = explained(ERRORS, number, "--rule", "s7_plc_stop")["asked"][0]
    assert (other["why"], other["expected"], other["found"]) == ("protocol", "s7comm", "modbus")


def test_a_rule_that_counts_says_what_it_counts(tmp_path: Path) -> None:
    scan = ROOT / "pcaps" / "modbus" / "silent_scan.pcap"
    otus("replay", scan, "--hits", tmp_path / "hits")
    hits = [json.loads(line) for line in (tmp_path / "hits").read_text(encoding="utf-8").splitlines()]
    rule = next(rule for rule in load_rules() if rule.title == "Modbus Function Code Scan")
    number = next(hit["frame.number"] for hit in hits if hit.get("rule_id") == rule.id)
    found = explained(scan, number, "--rule", rule.id)
    said = "distinct modbus.function_code ≥ 12 in 10m by client.ip, server.ip"
    assert (found["asked"][0]["counts"], found["asked"][0]["correlation"]) == (True, said)
    assert "fires" not in found["asked"][0]
    assert {"id": rule.id, "title": rule.title, "correlation": said} in found["rules"]


def test_the_end_of_a_conversation_has_no_packet() -> None:
    """Rules about flows have the core tell how conversations end: such an event has no frame number."""
    scan = ROOT / "pcaps" / "flow" / "port_scan.pcap"
    assert explained(scan, 1, "--rule", "tcp_port_scan")["packet"] == 1


def test_the_first_failure_is_there_exactly_when_the_rule_is_silent() -> None:
    rules = load_rules()
    fired = 0
    for event in lines("events", ATTACK):
        for rule in rules:
            if rule.protocol == event["network.protocol"] and not rule.needs_baseline:
                silent = first_failure(rule.condition, event) is not None
                assert silent is not matches(rule, event), rule.title
                fired += not silent
    assert fired > 10


@pytest.mark.parametrize(("language", "words"), [("zh", ("账本变化", "没有载荷")), ("en", ("ledger", "no payload"))])
def test_both_languages(language: str, words: tuple[str, ...]) -> None:
    shown = otus("explain", ERRORS, "--packet", "1", "--lang", language).stdout
    assert all(word in shown for word in words)


def test_what_cannot_be_explained_is_one_clear_line() -> None:
    for arguments, words in (
        (("--packet", "99999"), "ends before packet 99999"),
        (("--packet", "1", "--rule", "no_such_rule"), "no rule has that id"),
    ):
        done = otus("explain", ERRORS, *arguments)
        assert done.returncode == 1 and words in done.stderr and len(done.stderr.splitlines()) == 1
