"""Alerts as lines of Suricata's EVE, for those who feed a SIEM with EVE today. The mapping: docs/eve.md.

Field names: Suricata user guide 8.0, "EVE JSON Format"; those of `modbus` as Suricata's own logger gives them.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from sensor.ecs import alert_line, in_order
from sensor.schema.records import Alert, Endpoint, Record

GID = 20_308
"""generator id: keeps our signature ids apart from every rule of Suricata's own (gid 1)"""

SEVERITY = {"critical": 1, "high": 2, "medium": 3, "low": 4, "notice": 4}
"""1 is the most severe. Our fifth level has no number of its own: `metadata.otus_level` tells it from low."""

CATEGORY = {
    "signature": "Industrial Protocol Signature",
    "baseline": "Deviation From Learned Baseline",
    "period": "Polling Rhythm Changed",
    "value": "Process Value Unlike Before",
    "anomaly": "Anomalous Traffic Window",
    "supplier": "Supplier Without Assessment At Work",
}

READS, WRITES, BOTH = (1, 2, 3, 4, 20, 24), (5, 6, 15, 16, 21, 22), (23,)
"""Modbus function codes (Application Protocol V1.1b3, 6)."""


def eve_line(record: Record) -> dict[str, Any]:
    """One alert as an event of type `alert`."""
    alert = record.alert()
    return {
        **_head(record, alert, "alert", alert.first_ns),
        "alert": _signature(alert),
        **_application(alert),
        "otus": _own(record),
    }


def eve_close(record: Record) -> dict[str, Any]:
    """The end of an alert: how often it came, and how it ended. Not of type `alert`: that would count it twice."""
    alert = record.alert()
    head = _head(record, alert, "otus", alert.last_ns)
    return {**head, "otus": {**_own(record), "signature_id": signature_id(alert.cause)}}


def eve_lines(record: Record) -> list[dict[str, Any]]:
    """What a stream of revisions gives: one line when the alert is opened, one when it is closed.

    The revisions between say only that the count grew. One that is closed with its first revision is one line.
    """
    if record.revision == 1:
        return [eve_line(record)]
    return [eve_close(record)] if record.body.get("state") == "closed" else []


def signature_id(cause: str) -> int:
    """The same number for the same rule on every machine and in every version: 31 bits, never 0."""
    return int.from_bytes(hashlib.sha256(cause.encode()).digest()[:4], "big") >> 1 or 1


def flow_id(segment: str, transport: str, one: Endpoint | None, other: Endpoint | None) -> int:
    """The same for both directions of a conversation; 52 bits, which every reader of JSON keeps exactly."""
    ends = sorted((end.ip or "", end.port or 0) for end in (one or Endpoint(), other or Endpoint()))
    return int.from_bytes(hashlib.sha256(repr((segment, transport, ends)).encode()).digest()[:8], "big") >> 12


def timestamp(ts_ns: int) -> str:
    """Microseconds and offset, as Suricata writes it."""
    seconds, rest_ns = divmod(ts_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns // 1000:06d}+0000"


def _head(record: Record, alert: Alert, kind: str, ts_ns: int) -> dict[str, Any]:
    transport = str(alert.fields.get("network.transport", "")).upper()
    head: dict[str, Any] = {
        "timestamp": timestamp(ts_ns),
        "flow_id": flow_id(record.segment, transport, alert.source, alert.destination),
    }
    first = alert.evidence[0] if alert.evidence else None
    if first is not None:
        for name, value in (("in_iface", first.interface), ("pcap_filename", first.file), ("pcap_cnt", first.frame)):
            if value is not None and not (name == "pcap_cnt" and first.file is None):
                head[name] = value
    head["event_type"] = kind
    if (vlan := alert.fields.get("network.vlan.id")) is not None:
        head["vlan"] = [vlan]
    for side, end in (("src", alert.source), ("dest", alert.destination)):
        if end is not None and end.ip is not None:
            head[f"{side}_ip"] = end.ip
            if end.port is not None:
                head[f"{side}_port"] = end.port
    macs = {
        f"{side}_mac": end.mac
        for side, end in (("src", alert.source), ("dest", alert.destination))
        if end is not None and end.mac is not None
    }
    if transport:
        head["proto"] = transport
    head["app_proto"] = alert.protocol
    if macs:
        head["ether"] = macs
    return head


def _signature(alert: Alert) -> dict[str, Any]:
    return {
        "action": "allowed",
        "gid": GID,
        "signature_id": signature_id(alert.cause),
        "rev": 1,
        "signature": alert.title.en,
        "category": CATEGORY.get(alert.detector, alert.detector),
        "severity": SEVERITY[str(alert.level)],
        "metadata": {
            "otus_level": [str(alert.level)],
            "otus_cause": [alert.cause],
            "mitre_technique_id": list(alert.technique),
        },
    }


def _own(record: Record) -> dict[str, Any]:
    """Everything else, under the names of `otus replay --format ndjson`."""
    line = alert_line(record)
    alert = record.alert()
    return {**line, "rule.name": {"zh": alert.title.zh, "en": alert.title.en}, "fields": in_order(dict(alert.fields))}


def _application(alert: Alert) -> dict[str, Any]:
    if alert.protocol != "modbus" or "modbus.function_code" not in alert.fields:
        return {}
    side = "response" if alert.fields.get("message.kind") == "response" else "request"
    return {"modbus": {side: _modbus(alert.fields)}}


def _modbus(fields: Any) -> dict[str, Any]:
    def some(names: dict[str, str]) -> dict[str, Any]:
        return {name: fields[f"modbus.{ours}"] for name, ours in names.items() if f"modbus.{ours}" in fields}

    code = fields["modbus.function_code"]
    base = code & 0x7F
    message = some({"transaction_id": "transaction_id", "protocol_id": "protocol_id", "unit_id": "unit_id"})
    message |= {"function_raw": code, "function_code": fields.get("modbus.function_name", "unknown")}
    if "modbus.exception_code" in fields:
        return message | {"exception": some({"raw": "exception_code", "code": "exception_name"})}
    parts = {
        "diagnostic": some({"raw": "diagnostic_code"}),
        "mei": some({"raw": "mei_type"}),
        "read": some({"address": "address", "quantity": "quantity"}) if base in READS + BOTH else {},
        "write": _written(some, base),
    }
    return message | {name: part for name, part in parts.items() if part}


def _written(some: Any, base: int) -> dict[str, Any]:
    if base in BOTH:
        return dict(some({"address": "write_address", "quantity": "write_quantity"}))
    names = {"address": "address", "quantity": "quantity", "and_mask": "and_mask", "or_mask": "or_mask"}
    return dict(some({**names, "values": "values"})) if base in WRITES else {}


__all__ = ["SEVERITY", "eve_close", "eve_line", "eve_lines", "flow_id", "signature_id", "timestamp"]
