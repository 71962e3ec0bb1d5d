# ruff: noqa: E501  (tables of sentences)
"""Every code that the other rooms may send has its words here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import console
from console.catalogue import entries, known
from console.clock import Clock
from console.present.account import account, share
from console.present.drawing import band, period_text, rhythm
from console.present.message import line, shown
from console.present.reason import explain, key_of
from console.present.steps import MAIN, NEXT
from console.store import Workflow
from console.words import Words
from detectors.anomaly.features import NAMES as FEATURE_NAMES
from detectors.baseline.describe import CAUSES
from detectors.rules.techniques import TECHNIQUES
from detectors.values import CAUSES as VALUE_CAUSES
from sensor.schema import LEVELS, OUTCOMES, STATES, Ledger, Reason
from sensor.schema.course import COURSES
from sensor.schema.words import Colour, Finding, OrderState, ReceiptState, Verdict
from tests.console import sample
from tests.golden import every_operation

ROOT = Path(console.__file__).parent.parent
CORE = ROOT / "sensor" / "core" / "wire" / "src"


@pytest.mark.parametrize(
    ("group", "codes"),
    [("level", LEVELS), ("outcome", OUTCOMES), ("outcome_short", OUTCOMES), ("state", STATES), ("workflow", tuple(Workflow)),
     ("course", tuple(COURSES)), ("colour", tuple(Colour)), ("order_state", tuple(OrderState)),
     ("receipt_state", tuple(ReceiptState)), ("finding", tuple(Finding)), ("step", (*OrderState, *ReceiptState)), ("check", tuple(Verdict)),
     ("detector", ("signature", "baseline", "period", "value", "anomaly"))],
)  # fmt: skip
def test_closed_lists(group: str, codes: tuple[str, ...]) -> None:
    assert not [code for code in codes if not known(f"code.{group}.{code}")]


def test_levels_and_states_are_the_designs_words() -> None:
    zh = Words("zh")
    assert [zh.level(level) for level in LEVELS] == ["危急", "高危", "中危", "低危", "提示"]
    assert [zh.workflow(step) for step in MAIN] == ["待研判", "研判中", "已确认", "处置中", "待复核", "已办结"]
    assert zh.workflow("false_alarm") == "误报" and zh.workflow("reopened") == "重新打开"


@pytest.mark.parametrize("technique", sorted(TECHNIQUES))
def test_techniques(technique: str) -> None:
    assert Words("zh").technique(technique.lower()).startswith(technique + " ")


RULE_CAUSES = [f"rule:rule_{kind}" for kind in ("matched", "count", "distinct", "sequence", "absence")]


@pytest.mark.parametrize("cause", [*CAUSES, *VALUE_CAUSES, *RULE_CAUSES, "anomaly:window_deviates", "anomaly:request_flood"])
def test_reasons(cause: str) -> None:
    detector, _, code = cause.partition(":")
    sent = f"{detector}_{code}" if detector in ("period", "value") else code
    assert key_of(sample.alert("value", detector=detector, reason=Reason(sent))) is not None


def test_features() -> None:
    assert set(FEATURE_NAMES) == {key.partition(".")[2] for key in entries() if key.startswith("feature.")}


@pytest.mark.parametrize(("constant", "group"), [("SKIPS", "skip"), ("LOSSES", "loss")])
def test_ledger_reasons_are_the_cores_closed_lists(constant: str, group: str) -> None:
    source = (CORE / "ledger.rs").read_text("utf-8")
    codes = re.findall(r'"(\w+)"', source.partition(f"pub const {constant}: &[&str] = &[")[2].partition("]")[0])
    assert codes
    assert set(codes) == {key.rpartition(".")[2] for key in entries() if key.startswith(f"ledger.{group}.")}


def test_operations_of_all_captures_have_names() -> None:
    """Whatever the bundled captures show, of every protocol."""
    lines = (ROOT / "tests" / "golden" / "coverage.txt").read_text("utf-8").splitlines()
    seen = [line for line in lines if not line.startswith("  missing: ")]
    told = [(line.split()[0], name) for line in seen for name in line.partition(": ")[2].split()]
    assert len(told) > 50
    assert not [f"{protocol}.{name}" for protocol, name in told if not known(f"operation.{protocol}.{name}")]


FAMILIES = {"s7comm": ("s7comm", "s7comm-plus", "cotp"), "dns": ("dns", "mdns", "llmnr", "nbns")}
"""protocols whose parsers share a folder"""
NAMED = re.compile(r'"(\w+)",\s*Class::|operation_name = "(\w+)"|\d+ \d+ "(\w+)" \w+;')
"""a name in a table like `6 => ("write_single_register", Class::Write)`, in a list of services, or said directly"""


@pytest.mark.parametrize("protocol", every_operation())
def test_the_catalogue_of_operations_is_the_cores_list(protocol: str) -> None:
    """So what `tests/golden/coverage.txt` counts against is all there is."""
    folder = next((folder for folder, family in FAMILIES.items() if protocol in family), protocol)
    place = CORE / "protocol" / folder
    files = [path for path in (place.with_suffix(".rs"), *sorted(place.rglob("*.rs"))) if path.is_file()]
    source = "".join(path.read_text("utf-8").partition("#[cfg(test)]")[0] for path in files)
    # What no parser names is unknown (`value.rs`).
    assert set(every_operation()[protocol]) - set(re.findall(r'"(\w+)"', source)) <= {"unknown"}
    told = {name for found in NAMED.findall(source) for name in found if name}
    assert len(told) > 40 or protocol not in ("modbus", "s7comm", "opcua"), "do they look otherwise now?"
    assert told <= {name for one in FAMILIES.get(folder, (protocol,)) for name in every_operation()[one]}


def test_every_state_leads_somewhere() -> None:
    assert set(NEXT) == set(Workflow)
    assert all(after and step not in after for step, after in NEXT.items())


@pytest.mark.parametrize(
    ("code", "params", "zh"),
    [
        ("new_asset", {"operation": "read_coils", "new": "client"}, "学习期内从未出现过的设备（客户端是新的）。它的操作：读线圈。"),
        ("new_link", {"operation": "read_coils", "learned_protocols": ""}, "（学习到的协议：无）"),
        ("new_link", {"operation": "read_coils", "learned_protocols": "s7comm, opcua"}, "（学习到的协议：S7comm、OPC UA）"),
        ("new_operation", {"operation": "write_single_coil"}, "没有对该服务端做过这种操作：写单个线圈。"),
        ("new_order", {"operation": "write_single_coil", "last_operation": "connection_opened",
                       "usually_before": "read_coils", "usually_before_times": 40,
                       "usually_after": "read_coils", "usually_after_times": 12},
         "写单个线圈紧接在建立连接之后。学习期内写单个线圈之前总是读线圈（共 40 次），建立连接之后总是读线圈（共 12 次）。"),
        ("new_order_way", {"operation": "write_single_coil", "operation_before": "connection_opened",
                           "last_operation": "read_coils", "usually_before": "read_holding_registers",
                           "usually_before_times": 9}, "读线圈后接写单个线圈，之前总是读保持寄存器（共 9 次）"),
        ("new_object", {"operation": "read_coils", "space": "coil", "index": 3, "start": 7, "end": 7}, "线圈 7（单元 3）"),
        ("new_object", {"operation": "read_file_record", "space": "file_record", "index": 0x30004, "start": 1, "end": 2},
         "文件 4 1–2（单元 3）"),
        ("new_object", {"operation": "read", "space": "node", "object": "ns=2;s=Speed"}, "节点 ns=2;s=Speed"),
        ("period_stopped", {"operation": "read_coils", "learned_period_ns": 10**9, "silent_ns": 5 * 10**9},
         "读线圈平时每 1 s 一次，现在停了，已静默 5 s。"),
        ("period_resumed", {"operation": "read_coils", "silent_ns": 3 * 10**11}, "停了 5 min 之后恢复"),
        ("rule_distinct", {"operation": "read_coils", "counted": "modbus.unit_id", "group_by": ["client.ip"],
                           "at_least": 24, "timespan_ns": 600 * 10**9, "took_ns": 3 * 10**9},
         "同一客户端地址在 10 min 内至少用到 24 个不同的单元标识（实际用时 3 s）。最近一次：读线圈。"),
        ("rule_absence", {"group_by": ["client.ip", "server.ip"], "took_ns": 3 * 10**9}, "没有出现（已等 3 s）"),
        ("value_relation", {"formula": "总管流量 ≈ 1 · 支管一 + 1 · 支管二 + 0 ± 3 m³/h", "values": "总管流量 = 80 m³/h",
                            "found": -12.5, "unit": "m³/h", "learned_s": 4 * 86400.0, "since_ns": 1_772_438_400 * 10**9},
         "总管流量 ≈ 1 · 支管一 + 1 · 支管二 + 0 ± 3 m³/h，学习期 4 d 内一直如此；自 2026-03-02 08:00:00 UTC 起不再成立："
         "总管流量 = 80 m³/h，偏差 -12.5 m³/h。"),
        ("period_slower", {}, "（未上报）"),
    ],
)  # fmt: skip
def test_sentences(code: str, params: dict[str, Any], zh: str) -> None:
    alert = sample.alert("value", reason=Reason(code, params), fields={})
    assert zh in explain(alert, "zh").sentence
    assert explain(alert, "zh").complete is (code != "period_slower")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"network.protocol": "s7comm", "operation.name": "write_var", "s7comm.item.area": ["db"], "s7comm.item.db": [1],
          "s7comm.item.address": [4], "s7comm.values": [7]}, "写变量 · DB1 @ 4 = 7"),
        ({"network.protocol": "s7comm", "operation.name": "read_szl", "s7comm.szl_id": 0x11}, "读系统状态表（SZL） · SZL 0x0011"),
        ({"network.protocol": "opcua", "operation.name": "activate_session", "opcua.identity_token": "anonymous"},
         "登录（激活会话） · 身份 匿名"),
        ({"network.protocol": "opcua", "operation.name": "write", "message.kind": "response",
          "opcua.status_name": "BadUserAccessDenied"}, "应答：写 · 报错：BadUserAccessDenied"),
        ({"network.protocol": "modbus", "operation.name": "write_single_coil", "message.kind": "response",
          "modbus.exception_name": "illegal_data_address"}, "应答：写单个线圈 · 报错：地址不存在"),
        ({"network.protocol": "profinet", "operation.name": "set"}, "set"),
        ({}, "同类报文（字段未随告警保留）"),
    ],
)  # fmt: skip
def test_messages(fields: dict[str, Any], said: str) -> None:
    assert line(fields, "zh") == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 10, "0%"), (10, 10, "100%"), (971, 1000, "97.1%"), (1, 10**6, "<0.1%"), (10**6 - 1, 10**6, ">99.9%"), (0, 0, "0%")],
)  # fmt: skip
def test_shares_never_lie(part: int, whole: int, said: str) -> None:
    assert share(part, whole) == said


def test_one_lost_packet_is_to_be_seen() -> None:
    found = account(Ledger(received=10**6, parsed=10**6 - 1, lost={"kernel": 1}), "zh")
    lost = next(piece for piece in found.slices if piece.kind == "lost")
    assert lost.width >= 0.5 and lost.start + lost.width <= 100
    assert found.tone == "medium" and "1 个（<0.1%）" in found.sentence


def test_drawings() -> None:
    drawn = band("x", [(180, 228)], 265, 265, "℃")
    assert drawn is not None and drawn.outside and (drawn.usual, drawn.seen) == ("180–228 ℃", "265 ℃")
    assert drawn.ranges[0][0] + drawn.ranges[0][1] < drawn.dot
    inside = band("x", [(180, 228)], 200, 200)
    assert inside is not None and not inside.outside
    beat = rhythm(0.5, 2.4)
    assert beat is not None and len(beat.before) > len(beat.after) == 5
    silent = rhythm(1.0, None)
    assert silent is not None and silent.after == ()
    assert (period_text(0.25), period_text(2.4), period_text(300)) == ("250 ms", "2.4 s", "5 min")


def test_values() -> None:
    assert shown(list(range(20))) == "0, 1, 2, 3, 4, 5 … +14"
    assert shown(True) == "true" and shown(0.1 + 0.2) == "0.3" and shown(None) == "—"


def test_times_are_in_the_nodes_zone() -> None:
    clock = Clock(now_ns=lambda: sample.NOW_NS)
    assert clock.short(sample.NOW_NS - 1_000_000_000) == "13:59:59"
    assert clock.short(sample.NOW_NS - 86_400 * 10**9) == "11-19 14:00:00"
    assert clock.short(0) == "1970-01-01 08:00:00" and clock.short(None) == "—"
    assert clock.full(sample.NOW_NS) == "2026-11-20 14:00:00"
    assert clock.fine(sample.NOW_NS + 1_500) == "14:00:00.000001"
    assert clock.short(2**70) == f"{2**70} ns", "a date beyond the calendar is shown as it came"
