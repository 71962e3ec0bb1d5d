"""Alerts as flat objects in ECS names, for files and for those who feed a SIEM. No clock, keys in order."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sensor.schema.records import Endpoint, Record

SEVERITY = {"critical": 90, "high": 70, "medium": 50, "low": 30, "notice": 10}
"""`event.severity` is a number in ECS: ours, from the level."""


_NOT_FOR_TERMINALS = {
    code: f"\\u{code:04x}"
    for code in (*range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
}
"""Control characters that JSON leaves as they are: terminal sequences, line ends, changes of direction."""


def line_text(line: dict[str, Any]) -> str:
    """One line of NDJSON. Text from the wire cannot steer the terminal of whoever looks at it."""
    return json.dumps(line, ensure_ascii=False).translate(_NOT_FOR_TERMINALS)


def rfc3339(ts_ns: int) -> str:
    """UTC with nine decimals."""
    seconds, nanoseconds = divmod(ts_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"


def alert_line(record: Record, language: str = "zh") -> dict[str, Any]:
    """One alert: when, where its evidence is, who, why, how often."""
    alert = record.alert()
    first = alert.evidence[0] if alert.evidence else None
    line: dict[str, Any] = {"@timestamp": rfc3339(alert.first_ns), "event.kind": "alert", "event.id": record.id}
    line["event.severity"] = SEVERITY[alert.level]
    if first is not None:
        if first.file is not None:
            line["file.name"] = first.file
        if first.interface is not None:
            line["observer.ingress.interface.name"] = first.interface
        if first.frame is not None:
            line["frame.number"] = first.frame
    line["evidence.frames"] = [item.frame for item in alert.evidence if item.frame is not None]
    for side in ("source", "destination", "client", "server"):
        _endpoint(line, side, getattr(alert, side))
    line["network.protocol"] = alert.protocol
    if (vlan := alert.fields.get("network.vlan.id")) is not None:
        line["network.vlan.id"] = vlan
    line["segment"] = record.segment
    line["detector"] = alert.detector
    line["rule"] = alert.rule_id
    line["cause"] = alert.cause
    line["rule.name"] = alert.title.zh if language == "zh" else alert.title.en
    line["message"] = line["rule.name"]
    line["level"] = str(alert.level)
    line["reason"] = alert.reason.code
    line["reason.params"] = dict(alert.reason.params)
    line["count"] = alert.count
    line["event.outcome"] = str(alert.outcome)
    line["event.start"] = rfc3339(alert.first_ns)
    line["event.end"] = rfc3339(alert.last_ns)
    line["threat.technique.id"] = list(alert.technique)
    line["revision"] = record.revision
    line["state"] = str(alert.state)
    return line


def _endpoint(line: dict[str, Any], side: str, endpoint: Endpoint | None) -> None:
    if endpoint is None:
        return
    for name, value in (("ip", endpoint.ip), ("port", endpoint.port), ("mac", endpoint.mac)):
        if value is not None:
            line[f"{side}.{name}"] = value


__all__ = ["SEVERITY", "alert_line", "line_text", "rfc3339"]
