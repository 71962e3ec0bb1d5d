"""Records for the tests of the way up."""

from __future__ import annotations

from typing import Any

from sensor.schema import (
    LEVELS,
    Alert,
    Asset,
    Endpoint,
    Evidence,
    EvidenceFile,
    Heartbeat,
    Ledger,
    Level,
    Link,
    Outcome,
    Reason,
    Record,
    Severity,
    State,
    Story,
    StoryStep,
    Text,
    evidence_id,
)

FIRST_NS = 1_795_154_400_000_000_000
SECOND = 1_000_000_000


def alert_body(number: int = 1, count: int = 1, **changes: Any) -> dict[str, Any]:
    level: Level = changes.pop("level", LEVELS[number % len(LEVELS)])
    parts: dict[str, Any] = {
        "cause": "rule:0d9f6f0e-7a3c-4a43-9a52-0d7f7b0d3c11",
        "detector": "signature",
        "level": level,
        "title": Text("控制器收到写命令", "A controller was written to"),
        "reason": Reason("rule:matched", {"rule": "Write", "client": "192.168.1.66"}),
        "protocol": "modbus",
        "first_ns": FIRST_NS + number * SECOND,
        "last_ns": FIRST_NS + number * SECOND + count,
        "count": count,
        "technique": ("T0855", "T0836"),
        "client": Endpoint("192.168.1.66", 49152, "02:00:00:00:00:66"),
        "server": Endpoint("192.168.1.11", 502, "02:00:00:00:00:11"),
        "outcome": Outcome.SUCCESS,
        "fields": {"operation.name": "write_single_register", "modbus.address": 112, "modbus.values": [2650]},
        "evidence": (Evidence(17, FIRST_NS, file="line3.pcap", fields={"source.ip": "192.168.1.66"}),),
        "coverage": {"received": 100, "parsed": 90, "skipped": 10, "lost": 0},
    }
    return Alert(**{**parts, **changes}).to_json()


def record_id(number: int) -> str:
    return f"{number:032x}"


def alert(number: int = 1, revision: int = 1, origin: str = "sensor-1", **changes: Any) -> Record:
    return Record(
        kind="alert",
        id=record_id(number),
        revision=revision,
        origin=origin,
        body=alert_body(number, count=revision, **changes),
    )


def asset(number: int = 1, revision: int = 1, origin: str = "sensor-1") -> Record:
    body = Asset(
        segment="default",
        ip=f"192.168.1.{number % 250 + 1}",
        mac="02:00:00:00:00:11",
        first_ns=FIRST_NS,
        last_ns=FIRST_NS + number,
        roles=("server",),
        protocols=("modbus",),
        identity={"vendor": "Siemens", "serial": "S C-X4U421302009"},
    )
    return Record(kind="asset", id=record_id(10**6 + number), revision=revision, origin=origin, body=body.to_json())


def link(number: int = 1, revision: int = 1, origin: str = "sensor-1", **changes: Any) -> Record:
    parts: dict[str, Any] = {
        "segment": "default",
        "client": f"192.168.1.{number % 250 + 1}",
        "server": "192.168.1.11",
        "server_port": 502,
        "protocol": "modbus",
        "first_ns": FIRST_NS,
        "last_ns": FIRST_NS + number * SECOND + revision,
        "messages": 12 * revision,
    }
    body = Link(**{**parts, **changes}).to_json()
    return Record(kind="link", id=record_id(3 * 10**6 + number), revision=revision, origin=origin, body=body)


def heartbeat(number: int = 1, revision: int = 1, origin: str = "sensor-1", received: int = 100) -> Record:
    body = Heartbeat(
        sensor=origin,
        start_ns=FIRST_NS,
        end_ns=FIRST_NS + number,
        ledger=Ledger(received=received, parsed=received - 10, skipped={"no_payload": 10}),
    )
    return Record(
        kind="heartbeat", id=record_id(2 * 10**6 + number), revision=revision, origin=origin, body=body.to_json()
    )


def evidence(number: int = 1, origin: str = "sensor-1", level: Level = Level.HIGH) -> Record:
    alert_id = record_id(number)
    body = EvidenceFile(
        alert=alert_id,
        level=level,
        sha256=f"{number:064x}",
        size=4096,
        packets=40,
        first_ns=FIRST_NS,
        last_ns=FIRST_NS + 9 * SECOND,
        hit_ns=FIRST_NS + 5 * SECOND,
        frame=17,
        reaches_back_packets=16,
        reaches_back_ns=5 * SECOND,
        before="beginning",
        after="time",
    )
    return Record(kind="evidence", id=evidence_id(alert_id), revision=1, origin=origin, body=body.to_json())


def story(number: int = 1, revision: int = 1, origin: str = "sensor-1", **changes: Any) -> Record:
    """One that began with alert `number`."""
    first_ns = FIRST_NS + number * SECOND
    level: Level = changes.pop("level", LEVELS[number % len(LEVELS)])
    step = StoryStep(
        alert=record_id(number),
        cause="rule:0d9f6f0e-7a3c-4a43-9a52-0d7f7b0d3c11",
        detector="signature",
        level=level,
        title=Text("控制器收到写命令", "A controller was written to"),
        protocol="modbus",
        relation="opening",
        tactic="impair_control",
        first_ns=first_ns,
        last_ns=first_ns + revision,
        alerts=1,
        hits=revision,
        technique=("T0855", "T0836"),
        source="192.168.1.66",
        targets=("192.168.1.11",),
        target_count=1,
        outcome=Outcome.SUCCESS,
    )
    parts: dict[str, Any] = {
        "level": level,
        "title": step.title,
        "first_ns": first_ns,
        "last_ns": first_ns + revision,
        "alerts": 1,
        "hits": revision,
        "severity": Severity(level.rank, 3, 3, "site", "192.168.1.11", "2 号注塑机", "料筒加热"),
        "actor": "192.168.1.66",
        "state": State.OPEN,
        "steps": (step,),
    }
    body = Story(**{**parts, **changes}).to_json()
    return Record(kind="story", id=record_id(4 * 10**6 + number), revision=revision, origin=origin, body=body)
