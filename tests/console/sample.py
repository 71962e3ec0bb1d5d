# ruff: noqa: E501  (sentences that travel inside records stay on one line)
"""Records as a plant sends them: what the console's tests and screenshots are filled with."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from detectors.incidents import Stories
from sensor.schema import (
    Alert,
    Asset,
    Endpoint,
    Evidence,
    Heartbeat,
    Interface,
    Ledger,
    Level,
    Link,
    Outcome,
    Reason,
    Record,
    State,
    Text,
)

NOW_NS = 1_795_154_400_000_000_000  # 2026-11-20T06:00:00Z, 14:00:00 in Shanghai
SECOND = 1_000_000_000
PLC_MODBUS, PLC_S7, OPC = "192.168.10.11", "192.168.10.12", "192.168.10.13"
HMI, ATTACKER = "192.168.10.20", "192.168.10.66"


def record_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def record(name: str, body: dict[str, Any], kind: str = "alert", revision: int = 1, origin: str = "sensor-1") -> Record:
    return Record(kind=kind, id=record_id(name), revision=revision, origin=origin, body=body)


def alert(name: str, **changes: Any) -> Alert:
    return Alert(**{**ALERTS[name], **changes})


def _modbus_write(ago_s: int, address: int, value: int) -> dict[str, Any]:
    return {
        "network.protocol": "modbus", "message.kind": "request", "operation.name": "write_single_register",
        "operation.class": "write", "operation.code": 6, "modbus.function_code": 6,
        "modbus.function_name": "write_single_register", "modbus.unit_id": 1, "modbus.address": address,
        "modbus.values": [value], "source.ip": ATTACKER, "destination.ip": PLC_MODBUS,
        "frame.number": 18402 + ago_s, "modbus.transaction_id": 771, "modbus.length": 6, "modbus.protocol_id": 0,
    }  # fmt: skip


def _end(ip: str, port: int, last: int) -> Endpoint:
    return Endpoint(ip=ip, port=port, mac=f"02:00:00:00:0a:{last:02x}")


COVERAGE = {"received": 48210, "parsed": 31004, "skipped": 17206, "lost": 0}

ALERTS: dict[str, dict[str, Any]] = {
    "value": {
        "cause": "baseline:new_object", "detector": "baseline", "level": Level.HIGH, "protocol": "modbus",
        "title": Text("写入学习范围以外的对象", "A write outside the learned range"),
        "reason": Reason("new_object", {
            "operation_code": 6, "operation": "write_single_register", "operation_class": "write",
            "space": "holding_register", "index": 1, "start": 112, "end": 113, "learned": [[0, 39], [60, 99]]}),
        "consequence": Text("设定值偏离平时范围，可能使设备过热、超压或产生废品，并危及现场人员。",
                            "The set point left its usual range; equipment may overheat, and people nearby be hurt."),
        "advice": Text("先电话联系车间，确认是否为换模或换料调试。\n若不是：把设定恢复到原值，断开来源主机，保留现场。\n若是：登记检修窗口，并把该范围提交基线审核。",
                       "Call the workshop and ask whether it was a planned adjustment.\nIf not: restore the set point, disconnect the source host, keep the scene.\nIf so: register the maintenance window and submit the range for review."),
        "technique": ("T0836", "T0855"), "client": _end(ATTACKER, 49802, 0x66), "server": _end(PLC_MODBUS, 502, 0x11),
        "first_ns": NOW_NS - 400 * SECOND, "last_ns": NOW_NS - 392 * SECOND, "count": 3, "outcome": Outcome.SUCCESS,
        "fields": _modbus_write(0, 112, 2650), "coverage": COVERAGE,
        "evidence": (
            Evidence(18402, NOW_NS - 400 * SECOND + 107_204_000, interface="mirror0", fields=_modbus_write(0, 112, 2650)),
            Evidence(18403, NOW_NS - 400 * SECOND + 112_331_000, interface="mirror0", fields={
                **_modbus_write(1, 112, 2650), "message.kind": "response", "event.outcome": "success",
                "event.duration": 5_127_000}),
            Evidence(18577, NOW_NS - 392 * SECOND, interface="mirror0", fields={}),
        ),
    },
    "stop": {
        "cause": "rule:b1f0", "detector": "signature", "level": Level.CRITICAL, "protocol": "s7comm",
        "title": Text("向 S7 控制器发出停止命令", "An S7 controller was told to stop"),
        "rule_id": "3e0f4a1c-7d17-4a0e-9c0b-5a5f1d2e7b10",
        "reason": Reason("rule_matched", {"s7comm.function": 41, "message.kind": "request"}),
        "consequence": Text("控制器停止运行，所控设备失去控制，产线可能急停。",
                            "The controller stops; what it controls is left alone and the line may halt."),
        "advice": Text("立即到现场确认控制器运行状态，必要时切换到手动。", "Go and look at the controller now; switch to manual if needed."),
        "technique": ("T0858", "T0816"), "client": _end(ATTACKER, 50112, 0x66), "server": _end(PLC_S7, 102, 0x12),
        "first_ns": NOW_NS - 340 * SECOND, "last_ns": NOW_NS - 340 * SECOND, "count": 1, "outcome": Outcome.SUCCESS,
        "fields": {"network.protocol": "s7comm", "message.kind": "request", "operation.name": "plc_stop",
                   "operation.class": "control", "s7comm.rosctr": 1, "s7comm.function": 41, "s7comm.pi_service": "P_PROGRAM"},
        "evidence": (Evidence(19944, NOW_NS - 340 * SECOND, interface="mirror0", fields={
            "network.protocol": "s7comm", "message.kind": "request", "operation.name": "plc_stop",
            "s7comm.rosctr": 1, "s7comm.function": 41, "s7comm.pi_service": "P_PROGRAM"}),),
        "coverage": COVERAGE,
    },
    "anonymous": {
        "cause": "rule:9a2c", "detector": "signature", "level": Level.MEDIUM, "protocol": "opcua",
        "title": Text("OPC UA 匿名登录", "Anonymous OPC UA login"), "rule_id": "9a2c4a1c-7d17-4a0e-9c0b-5a5f1d2e7b10",
        "reason": Reason("rule_matched", {"opcua.identity_token": "anonymous"}),
        "consequence": Text("任何人无需口令即可读写该服务器开放的节点。", "Anybody may read and write what this server offers, without a password."),
        "advice": Text("在服务器上关闭匿名登录，改用账号或证书。", "Turn anonymous login off at the server; use accounts or certificates."),
        "technique": ("T0859",), "client": _end(ATTACKER, 51002, 0x66), "server": _end(OPC, 4840, 0x13),
        "first_ns": NOW_NS - 300 * SECOND, "last_ns": NOW_NS - 290 * SECOND, "count": 2, "outcome": Outcome.SUCCESS,
        "fields": {"network.protocol": "opcua", "message.kind": "request", "operation.name": "activate_session",
                   "opcua.service": "activate_session", "opcua.identity_token": "anonymous", "opcua.security_policy": "None"},
        "evidence": (Evidence(21050, NOW_NS - 300 * SECOND, interface="mirror0", fields={
            "network.protocol": "opcua", "message.kind": "request", "operation.name": "activate_session",
            "opcua.service": "activate_session", "opcua.identity_token": "anonymous", "opcua.security_policy": "None"}),),
        "coverage": COVERAGE,
    },
    "rhythm": {
        "cause": "period:slower", "detector": "period", "level": Level.MEDIUM, "protocol": "modbus",
        "title": Text("轮询变慢", "A poll became slower"),
        "reason": Reason("period_slower", {
            "operation_code": 3, "operation": "read_holding_registers", "operation_class": "read",
            "space": "holding_register", "index": 1, "start": 0, "end": 9, "learned_period_ns": 500_000_000,
            "learned_low_ns": 480_000_000, "learned_high_ns": 521_000_000, "period_ns": 2_400_000_000, "odd_intervals": 9}),
        "consequence": Text("画面上的数值可能已经过时。", "Values on the screen may be stale."),
        "advice": Text("检查上位机负载与网络。", "Check the host's load and the network."),
        "technique": ("T0814",), "client": _end(HMI, 40122, 0x20), "server": _end(PLC_MODBUS, 502, 0x11),
        "first_ns": NOW_NS - 200 * SECOND, "last_ns": NOW_NS - 60 * SECOND, "count": 41,
        "outcome": Outcome.NOT_APPLICABLE, "coverage": COVERAGE,
    },
    "window": {
        "cause": "anomaly:window", "detector": "anomaly", "level": Level.LOW, "protocol": "modbus",
        "title": Text("通信窗口与平时不同", "A window of traffic unlike the usual"),
        "reason": Reason("window_deviates", {
            "window_ns": 10_000_000_000, "score": 0.71, "score_limit": 0.62, "decided_by": "feature + ensemble",
            "alike_ns": 1_772_461_200_000_000_000, "features": [
                {"name": "requests", "value": 412, "low": 55, "high": 64, "alike": 62},
                {"name": "operations", "value": 9, "low": 1, "high": 2}]}),
        "consequence": None, "advice": None, "technique": ("T0846",), "client": _end(ATTACKER, 49802, 0x66),
        "server": _end(PLC_MODBUS, 502, 0x11), "first_ns": NOW_NS - 500 * SECOND, "last_ns": NOW_NS - 480 * SECOND,
        "count": 2, "outcome": Outcome.NOT_APPLICABLE, "coverage": COVERAGE, "state": State.CLOSED,
    },
}  # fmt: skip

LEDGER = Ledger(
    received=482_103,
    parsed=310_042,
    skipped={"no_payload": 148_210, "not_ip": 21_004, "retransmission": 2_012, "no_parser": 835},
    lost={},
    held=0,
)


def heartbeat(**changes: Any) -> Heartbeat:
    return Heartbeat(**{
        "sensor": "sensor-1", "start_ns": NOW_NS - 120 * SECOND, "end_ns": NOW_NS - 60 * SECOND, "ledger": LEDGER,
        "interfaces": (Interface("mirror0", received=482_103, transmitted=0),),
        "versions": {"otus": "0.1.0", "core": "0.1.0", "rules": "2026.11"}, "rules_loaded": 24,
        "baseline": {"id": "b-7f3ac20e", "approved": True, "tuples": 128}, "windows": {"seen": 40, "judged": 38},
        "model": "active", "spool": {"pending": 0}, **changes,
    })  # fmt: skip


def assets() -> list[Record]:
    found = [
        (PLC_MODBUS, ("server",), ("modbus",), {"vendor": "Schneider", "model": "M340"}, 61_002, 20),
        (PLC_S7, ("server",), ("s7comm",), {"vendor": "Siemens", "model": "S7-1200", "firmware": "V4.5"}, 40_233, 20),
        (OPC, ("server",), ("opcua",), {}, 12_001, 20),
        (HMI, ("client",), ("modbus", "s7comm", "opcua"), {}, 113_000, 20),
        (ATTACKER, ("client",), ("modbus", "s7comm", "opcua"), {}, 236, 0),
    ]
    return [
        record(f"asset {ip}", Asset(
            segment="default", ip=ip, mac=f"02:00:00:00:0a:{int(ip.rsplit('.', 1)[1]):02x}",
            first_ns=NOW_NS - days * 86_400 * SECOND - 600 * SECOND, last_ns=NOW_NS - 5 * SECOND, roles=roles,
            protocols=protocols, operations=operations, identity=identity,
        ).to_json(), kind="asset")
        for ip, roles, protocols, identity, operations, days in found
    ]  # fmt: skip


def links() -> list[Record]:
    found = [
        (HMI, PLC_MODBUS, 502, "modbus", 61_002, 20),
        (HMI, PLC_S7, 102, "s7comm", 40_233, 20),
        (HMI, OPC, 4840, "opcua", 12_001, 20),
        (ATTACKER, PLC_MODBUS, 502, "modbus", 236, 0),
    ]
    return [
        record(f"link {client} {server} {port}", Link(
            segment="default", client=client, server=server, server_port=port, protocol=protocol,
            first_ns=NOW_NS - days * 86_400 * SECOND - 600 * SECOND, last_ns=NOW_NS - 5 * SECOND, messages=messages,
        ).to_json(), kind="link")
        for client, server, port, protocol, messages, days in found
    ]  # fmt: skip


def with_stories(alerts: list[Record]) -> list[Record]:
    """As a sensor sends them: each alert with its story, and the stories."""
    stories = Stories("sensor-1", "default")
    told: dict[str, Record] = {}
    found = {}
    for item in sorted(alerts, key=lambda item: item.body["first_ns"]):
        story = stories.place(item.id, item.segment, item.body)
        found[item.id] = replace(item, body={**item.body, "story": story})
    for item in stories.tell(NOW_NS):
        told[item.id] = item
    return [*(found[item.id] for item in alerts), *told.values()]


STORY = hashlib.sha256(f"story\0{record_id('value')}".encode()).hexdigest()[:32]
"""what the attacker did: its first alert is `value`"""


def plant(**changed: Any) -> list[Record]:
    """Everything one sensor sent; `changed` replaces alerts by name."""
    records = [record(name, (changed.get(name) or alert(name)).to_json()) for name in ALERTS]
    return [*with_stories(records), *assets(), *links(), record("heartbeat", heartbeat().to_json(), kind="heartbeat")]
