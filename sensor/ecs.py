"""Alerts as flat objects in ECS names, for files and for those who feed a SIEM. No clock, keys in order."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sensor.schema import compiled
from sensor.schema.records import Record

SEVERITY = {"critical": 90, "high": 70, "medium": 50, "low": 30, "notice": 10}
"""`event.severity` is a number in ECS: ours, from the level."""


_NOT_FOR_TERMINALS = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters that JSON leaves as they are: terminal sequences, line ends, changes of direction."""

_JSON = json.JSONEncoder(ensure_ascii=False)


def line_text(line: dict[str, Any]) -> str:
    """One line of NDJSON. Text from the wire cannot steer the terminal of whoever looks at it."""
    return _NOT_FOR_TERMINALS.sub(lambda found: f"\\u{ord(found[0]):04x}", compiled.line(line) or _JSON.encode(line))


def rfc3339(ts_ns: int) -> str:
    """UTC with nine decimals."""
    seconds, nanoseconds = divmod(ts_ns, 1_000_000_000)
    return f"{_second(seconds)}.{nanoseconds:09d}Z"


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    """Remembered, for in a storm thousands of alerts share one."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def alert_line(record: Record, language: str = "zh") -> dict[str, Any]:
    """One alert of our own: when, where its evidence is, who, why, how often."""
    alert = record.body
    evidence = alert["evidence"]
    start, title, reason = rfc3339(alert["first_ns"]), alert["title"], alert["reason"]
    line: dict[str, Any] = {"@timestamp": start, "event.kind": "alert", "event.id": record.id}
    line["event.severity"] = SEVERITY[alert["level"]]
    if evidence:
        for name, key in _PLACE:
            if (value := evidence[0][key]) is not None:
                line[name] = value
    line["evidence.frames"] = [item["frame"] for item in evidence if item["frame"] is not None]
    for side in ("source", "destination", "client", "server"):
        _endpoint(line, side, alert[side])
    line["network.protocol"] = alert["protocol"]
    if (vlan := alert["fields"].get("network.vlan.id")) is not None:
        line["network.vlan.id"] = vlan
    line["segment"] = record.segment
    line["detector"] = alert["detector"]
    line["rule"] = alert["rule_id"]
    line["cause"] = alert["cause"]
    line["rule.name"] = line["message"] = title["zh" if language == "zh" else "en"]
    line["level"] = alert["level"]
    line["reason"] = reason["code"]
    line["reason.params"] = in_order(reason["params"])
    line["count"] = alert["count"]
    line["event.outcome"] = alert["outcome"]
    line["event.start"] = start
    line["event.end"] = rfc3339(alert["last_ns"])
    line["threat.technique.id"] = alert["technique"]
    line["class"] = alert.get("class")
    line["revision"] = record.revision
    line["state"] = alert["state"]
    if (story := alert.get("story")) is not None:
        line["story"] = story
    return line


def in_order(value: Any) -> Any:
    """Keys sorted, also those further in: as in the bytes of a record, whether it was written before or not."""
    if isinstance(value, dict):
        return {key: found if type(found := value[key]) in _PLAIN else in_order(found) for key in sorted(value)}
    return [in_order(item) for item in value] if isinstance(value, list) else value


_PLAIN = frozenset((str, int, bool, type(None)))

_PLACE = (
    ("file.name", "file"),
    ("observer.ingress.interface.name", "interface"),
    ("frame.number", "frame"),
)


def _endpoint(line: dict[str, Any], side: str, endpoint: Mapping[str, Any] | None) -> None:
    if endpoint is None:
        return
    for name in ("ip", "port", "mac"):
        if (value := endpoint[name]) is not None:
            line[f"{side}.{name}"] = value


__all__ = ["SEVERITY", "alert_line", "in_order", "line_text", "rfc3339"]
