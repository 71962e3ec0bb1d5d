"""Maintenance windows 检修窗口: who works on what, when, by which work order, and what that will look like.

```yaml
maintenance:
  - work_order: WO-1042
    from: 2026-03-02T09:00+08:00      # a time without a zone is China's
    to: 2026-03-02T12:00+08:00
    person: 王工
    supplier: 某某自动化公司            # left out: the plant's own people
    who: [192.168.1.50]               # stations and networks that are worked from
    where: [192.168.1.20, 10.1.0.0/24]  # those that are worked on
    expected: [read, write, program]  # classes of operations; also `interruption`: a device restarts or is exchanged
```
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from detectors.maintenance.reading import near, read_yaml

CLASSES = ("read", "write", "control", "program", "session", "discover", "diagnose", "other")
INTERRUPTION = "interruption"
"""Not an operation: polls pause or lose their rhythm, windows of the stations that are worked on look unusual."""
EXPECTED = (*CLASSES, INTERRUPTION)
KEYS = ("work_order", "from", "to", "person", "supplier", "who", "where", "expected", "segment", "note")
NEEDED = ("work_order", "from", "to", "person", "where", "expected")
DAY_NS = 86_400_000_000_000
LONGEST_DAYS = 31
"""A window longer than a month is a change of the baseline: review it there."""
MOST_ORDERS = 10_000
MOST_TEXT = 200
CHINA = timezone(timedelta(hours=8))

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Order:
    work_order: str
    from_ns: int
    to_ns: int
    person: str
    where: tuple[Network, ...]
    expected: frozenset[str]
    who: tuple[Network, ...] = ()
    supplier: str = ""
    segment: str = ""
    """empty: any"""

    def covers(self, ts_ns: int) -> bool:
        return self.from_ns <= ts_ns <= self.to_ns

    def is_where(self, ip: str | None) -> bool:
        return _inside(ip, self.where)

    def is_who(self, ip: str | None) -> bool:
        return _inside(ip, self.who)


def _inside(ip: str | None, networks: tuple[Network, ...]) -> bool:
    if ip is None:
        return False
    address = ipaddress.ip_address(ip)
    return any(address in network for network in networks)


def read_orders(path: Path) -> tuple[Order, ...]:
    """Raises ValueError: all problems of the file at once, one line each."""
    data = read_yaml(path)
    listed = data.get("maintenance") if isinstance(data, dict) else None
    if not isinstance(listed, list) or len(data) != 1:
        raise ValueError(f"{path}: expected `maintenance:` and a list of windows (docs/baseline.md)")
    if len(listed) > MOST_ORDERS:
        raise ValueError(f"{path}: more than {MOST_ORDERS} windows; take those out that are over")
    problems = [f"{path}: window {place}: {what}" for place, entry in enumerate(listed, 1) for what in _problems(entry)]
    if problems:
        raise ValueError("\n".join(problems))
    return tuple(_order(entry) for entry in listed)


def _problems(entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield "expected `work_order: …` and more"
        return
    for key in entry:
        if key not in KEYS:
            yield f"unknown key {key}{near(key, KEYS)}"
    for key in NEEDED:
        if not entry.get(key):
            yield f"`{key}` is missing"
    for key in ("work_order", "person", "supplier", "segment", "note"):
        if key in entry and (not isinstance(entry[key], str | int) or len(str(entry[key])) > MOST_TEXT):
            yield f"{key}: expected a text of at most {MOST_TEXT} letters"
    times = {}
    for key in ("from", "to"):
        try:
            times[key] = moment_ns(entry.get(key))
        except ValueError as error:
            if entry.get(key):
                yield f"{key}: {error}"
    if len(times) == 2 and not 0 < times["to"] - times["from"] <= LONGEST_DAYS * DAY_NS:
        yield f"from and to: the end comes after the beginning, at most {LONGEST_DAYS} days later"
    for key in ("who", "where"):
        try:
            networks(entry.get(key) or [])
        except ValueError as error:
            yield f"{key}: {error}"
    expected = entry.get("expected") or []
    for word in expected if isinstance(expected, list) else [expected]:
        if word not in EXPECTED:
            yield f"expected: {word!r} is none of {', '.join(EXPECTED)}{near(word, EXPECTED)}"
    if not entry.get("who") and isinstance(expected, list) and any(word != INTERRUPTION for word in expected):
        yield "`who` is missing: operations are expected from somewhere"


def moment_ns(value: Any) -> int:
    """A point in time; one without a zone is China's.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is no time; write it like 2026-03-02T09:00+08:00") from None
    if not isinstance(value, datetime):
        raise ValueError(f"{value!r} is no time; write it like 2026-03-02T09:00+08:00")
    value = value if value.tzinfo else value.replace(tzinfo=CHINA)
    return int(value.timestamp() * 1_000_000) * 1000


def networks(values: Any) -> tuple[Network, ...]:
    """Raises ValueError for what is no address and no network."""
    found = []
    for value in values if isinstance(values, list) else [values]:
        try:
            found.append(ipaddress.ip_network(str(value)))
        except ValueError:
            raise ValueError(f"{value!r} is no address and no network like 10.1.0.0/24") from None
    return tuple(found)


def _order(entry: Mapping[str, Any]) -> Order:
    return Order(
        str(entry["work_order"]),
        moment_ns(entry["from"]),
        moment_ns(entry["to"]),
        str(entry["person"]),
        networks(entry["where"]),
        frozenset(entry["expected"] if isinstance(entry["expected"], list) else [entry["expected"]]),
        networks(entry.get("who") or []),
        str(entry.get("supplier") or ""),
        str(entry.get("segment") or ""),
    )
