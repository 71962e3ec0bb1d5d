"""Baselines as a sensor tells them, and reviews of them, for the tests of stores and pages."""

from __future__ import annotations

from typing import Any

from sensor.schema import (
    Baseline,
    BaselineEntry,
    BaselinePart,
    Receipt,
    Record,
    Review,
    baseline_id,
    part_id,
    receipt_id,
)
from sensor.schema.order import Reference, Step
from sensor.schema.pack_order import PackOrder
from sensor.schema.review import APPLIED, Asked
from sensor.schema.words import ReviewAction
from tests.federation.order_records import ISSUED_NS, order_id

LINK = "link:default/192.168.10.20>192.168.10.11/modbus"
ENDS = {"segment": "default", "client": "192.168.10.20", "server": "192.168.10.11", "protocol": "modbus"}


def entry(number: int, **changes: Any) -> BaselineEntry:
    """A range of registers, unless it is told otherwise."""
    about = {**ENDS, "class": "read", "space": "holding_register", "index": 1, "start": number, "end": number + 9}
    parts: dict[str, Any] = {
        "name": f"object:default/192.168.10.20>192.168.10.11/modbus#read.holding_register.1:{number}-{number + 9}",
        "kind": "object", "state": "learned", "link": LINK, "about": about, "first_ns": ISSUED_NS,
        "last_ns": ISSUED_NS + 10**9, "count": 12, "place": "mirror0", "frame": 7,
    }  # fmt: skip
    return BaselineEntry(**{**parts, **changes})


def suspicious_link(client: str = "192.168.10.66") -> BaselineEntry:
    name = f"link:default/{client}>192.168.10.12/s7comm"
    hit = {
        "rule_id": "3e0f4a1c-7d17-4a0e-9c0b-5a5f1d2e7b10", "level": "critical", "time_ns": ISSUED_NS,
        "place": "mirror0", "frame": 19944,
        "title": {"zh": "向 S7 控制器发出停止命令", "en": "An S7 controller was told to stop"},
    }  # fmt: skip
    about = {"segment": "default", "client": client, "server": "192.168.10.12", "protocol": "s7comm", "acts": True}
    return entry(0, name=name, kind="link", state="suspicious", link=name, about=about, suspicions=(hit,))


def part(number: int, *entries: BaselineEntry, revision: int = 1, origin: str = "sensor-1") -> Record:
    body = BaselinePart(number, entries)
    return Record("baseline_part", part_id(origin, number), revision, origin, body.to_json())


def whole(*, revision: int = 1, origin: str = "sensor-1", **changes: Any) -> Record:
    parts: dict[str, Any] = {"role": "enforced", "version": 3, "parts": 2, "entries": 6, "decides": True}
    body = Baseline(**{**parts, **changes})
    return Record("baseline", baseline_id(origin), revision, origin, body.to_json())


def review(number: int, *, sensor: str = "sensor-1", origin: str = "shili", **changes: Any) -> Record:
    decisions = (Asked(ReviewAction.APPROVE, entry(0).name),)
    asked = {} if {"rollback", "enforce"} & set(changes) else {"decisions": decisions}
    body = Review(**{
        "title": "确认 1 项", "text": "工单 118，调试", "issued_ns": ISSUED_NS + number, "addressees": (sensor,),
        "steps": (Step(ISSUED_NS + number, "wang", "issued"),), **asked, **changes,
    })  # fmt: skip
    return Record("review", order_id(number), 1, origin, body.to_json())


def carried_out(
    about: Record, *, sensor: str = "sensor-1", state: str = APPLIED, revision: int = 1, **changes: Any
) -> Record:
    reference = Reference(about.origin, about.id)
    body = Receipt(**{
        "about": reference, "state": state, "settled": True, "at_ns": ISSUED_NS + 60 * 10**9, "version": 4,
        "steps": (Step(ISSUED_NS + 60 * 10**9, sensor, state),), **changes,
    })  # fmt: skip
    return Record("receipt", receipt_id(reference), revision, sensor, body.to_json())


def pack(number: int, *, origin: str = "shili", **changes: Any) -> Record:
    """A rule pack on its way down; what is in it is looked at elsewhere."""
    to = {} if "addressees" in changes else {"all_below": True}
    body = PackOrder(**{
        "title": "规则包 plant-rules 2026.11.1", "text": "新增规则", "issued_ns": ISSUED_NS + number,
        "name": "plant-rules", "version": "2026.11.1", "content": "AAAA",
        "steps": (Step(ISSUED_NS + number, "wang", "issued"),), **to,
        **changes,
    })  # fmt: skip
    return Record("pack", order_id(number), 1, origin, body.to_json())
