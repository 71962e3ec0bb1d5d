"""Announced work passes as such, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detectors.maintenance import Expected, Suppliers, read_orders, read_suppliers
from detectors.maintenance.expected import still_expected
from detectors.maintenance.orders import moment_ns
from sensor.schema import Alert, Endpoint, Level, Reason, Text

BEGIN, END = (moment_ns(f"2026-03-02T{hour}:00+08:00") for hour in ("09", "12"))
ORDERS = """
maintenance:
  - work_order: WO-1
    from: 2026-03-02T09:00
    to: 2026-03-02T12:00:00+08:00
    person: 王工
    supplier: 甲公司
    who: [192.168.1.50]
    where: [192.168.1.20, 10.1.0.0/24]
    expected: [write, program, interruption]
"""
LISTED = """
suppliers:
  - {name: 甲公司, assessed: [control], until: 2026-12-31, suspended: SUSPENDED}
"""


def alert(**changes: Any) -> Alert:
    found = Alert(
        cause="baseline:new_link",
        detector="baseline",
        level=Level.HIGH,
        title=Text("出现学习期内没有的通信关系", "New conversation"),
        reason=Reason("new_link", {"operation_class": "write"}),
        protocol="modbus",
        first_ns=BEGIN + 60,
        last_ns=BEGIN + 60,
        count=1,
        client=Endpoint("192.168.1.50", 40000, None),
        server=Endpoint("10.1.0.7", 502, None),
    )
    return replace(found, **changes)


@pytest.fixture
def expected(tmp_path: Path) -> Expected:
    (tmp_path / "orders.yml").write_text(ORDERS, "utf-8")
    return Expected(read_orders(tmp_path / "orders.yml"))


def test_what_was_announced_is_a_notice_with_its_order(expected: Expected) -> None:
    told, more = expected.judge(alert(), "default")
    assert told.level == Level.NOTICE and more == []
    assert told.title.zh == "［检修 WO-1］出现学习期内没有的通信关系"
    params = told.reason.params
    assert (params["work_order"], params["person"], params["level_otherwise"]) == ("WO-1", "王工", "high")
    assert params["operation_class"] == "write"


RULE = {
    "detector": "signature",
    "cause": "rule:x",
    "reason": Reason("rule_matched", {}),
    "fields": {"operation.class": "program"},
}


@pytest.mark.parametrize(
    ("changes", "is_expected"),
    [
        ({}, True),
        ({"reason": Reason("new_link", {"operation_class": "session"})}, True),  # whoever writes connects
        (RULE, True),
        ({"detector": "period", "reason": Reason("period_stopped", {}), "client": Endpoint("192.168.1.10")}, True),
        ({"detector": "anomaly", "reason": Reason("window_deviates", {})}, True),
        # What the order does not say stays an incident.
        ({"reason": Reason("new_link", {"operation_class": "control"})}, False),
        ({"first_ns": BEGIN - 1}, False),
        ({"first_ns": END + 1}, False),
        ({"client": Endpoint("192.168.1.51")}, False),
        ({"server": Endpoint("10.1.1.7")}, False),
        ({"server": None}, False),
        ({"level": Level.CRITICAL}, False),
        ({**RULE, "fields": {"operation.class": "session"}}, False),
        ({**RULE, "reason": Reason("rule_count", {})}, False),
        ({**RULE, "reason": Reason("rule_matched", {"flaws": ["bad_length"]})}, False),
        ({**RULE, "detector": "network"}, False),
        ({"detector": "period", "reason": Reason("period_stopped", {}), "server": Endpoint("10.9.0.1")}, False),
    ],
)
def test_what_an_order_covers(expected: Expected, changes: dict[str, Any], is_expected: bool) -> None:
    told, _ = expected.judge(alert(**changes), "default")
    assert ("work_order" in told.reason.params) is is_expected
    assert is_expected or told == alert(**changes)


def test_what_goes_on_after_the_end_is_an_incident_again(expected: Expected) -> None:
    body = expected.judge(alert(), "default")[0].to_json()
    assert still_expected(body, END) is body
    again = still_expected(body, END + 1)
    assert (again["level"], again["title"]["zh"]) == ("high", "出现学习期内没有的通信关系")
    assert again["reason"]["params"]["went_on_after_ns"] == END
    assert still_expected(again, END + 2) is again
    assert still_expected(alert().to_json(), END + 1)["level"] == "high"
    Alert.from_json(again)


@pytest.mark.parametrize(("suspended", "standing"), [("null", None), ("2026-03-01", "suspended"), ("2026-03-03", None)])
def test_a_supplier_without_a_good_assessment_is_told_once_an_order(
    tmp_path: Path, suspended: str, standing: str | None
) -> None:
    (tmp_path / "orders.yml").write_text(ORDERS, "utf-8")
    (tmp_path / "list.yml").write_text(LISTED.replace("SUSPENDED", suspended), "utf-8")
    judge = Expected(read_orders(tmp_path / "orders.yml"), read_suppliers(tmp_path / "list.yml"))
    found = [judge.judge(alert(), "default")[1] for _ in range(3)]
    assert [len(more) for more in found] == [int(standing is not None), 0, 0]
    if standing:
        _, said = found[0][0]
        assert (said.cause, said.level, said.detector) == (f"supplier:{standing}", Level.NOTICE, "supplier")
        assert "甲公司" in said.title.zh and said.reason.params["work_order"] == "WO-1"


def test_a_site_may_raise_the_level(tmp_path: Path) -> None:
    (tmp_path / "orders.yml").write_text(ORDERS, "utf-8")
    (tmp_path / "list.yml").write_text("unlisted_level: medium\nsuppliers: []\n")
    suppliers = read_suppliers(tmp_path / "list.yml")
    said = Expected(read_orders(tmp_path / "orders.yml"), suppliers).judge(alert(), "default")[1][0][1]
    assert (said.cause, said.level) == ("supplier:unlisted", Level.MEDIUM)
    assert Suppliers().standing("anybody", 0) == "unlisted"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("maintenance: 3", "expected `maintenance:`"),
        ("maintenance: [{work_order: A}]", "`person` is missing"),
        (ORDERS.replace("person:", "persn:"), "unknown key persn; did you mean person?"),
        (ORDERS.replace("T12:00:00", "T08:00:00"), "the end comes after the beginning"),
        (ORDERS.replace("03-02T12", "06-02T12"), "at most 31 days"),
        (ORDERS.replace("T09:00", "T9 o'clock"), "is no time"),
        (ORDERS.replace("10.1.0.0/24", "10.1.0.1/24"), "is no address and no network"),
        (ORDERS.replace("program,", "programme,"), "did you mean program?"),
        (ORDERS.replace("who: [192.168.1.50]", "who: []"), "`who` is missing"),
    ],
)
def test_a_wrong_file_is_told_with_all_its_problems(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "orders.yml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"orders\.yml") as refused:
        read_orders(tmp_path / "orders.yml")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "expected `suppliers:`"),
        ("suppliers: [{name: a, assessed: [contrl]}]", "did you mean control?"),
        ("suppliers: [{name: a}, {name: a}]", "stands there twice"),
        ("suppliers: [{name: a, domains: [http://x]}]", "is no name"),
        ("suppliers: [{name: a, networks: [1.2.3]}]", "networks:"),
        ("suppliers: [{name: a, until: soon}]", "is no time"),
        ("suppliers: []\nunlisted_level: loud", "unlisted_level: one of"),
        ("suppliers: []\nsuplliers: 1", "unknown key suplliers"),
    ],
)
def test_a_wrong_list_is_told_with_all_its_problems(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "list.yml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"list\.yml") as refused:
        read_suppliers(tmp_path / "list.yml")
    assert words in str(refused.value)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_console_says_what_people_had_said(expected: Expected, language: str) -> None:
    from console.present.reason import explain

    told = expected.judge(alert(), "default")[0]
    said = explain(told, language).sentence
    assert "WO-1" in said and "王工" in said
    over = Alert.from_json(still_expected(told.to_json(), END + 1))
    assert ("结束后仍在继续" if language == "zh" else "went on after the end") in explain(over, language).sentence
    rejected = alert(reason=Reason("new_link", {"rejected_by": "李工", "rejected_because": "测试机"}))
    assert "李工" in explain(rejected, language).sentence and "测试机" in explain(rejected, language).sentence
