"""可信服务商名单: suppliers and platforms that were assessed, and those that are suspended.

```yaml
unlisted_level: notice          # of work by somebody who is not on it: notice (default), low, medium, high
site_networks: [203.0.113.0/28] # public addresses that are the plant's own; private ones always are
suppliers:
  - name: 某某自动化公司
    assessed: [device, control, network, platform, data]   # 设备、控制、网络、平台、数据安全: what was assessed
    until: 2027-06-30           # the assessment is good so long
  - name: 某某工业互联网平台
    assessed: [platform, data]
    domains: [iot.example.cn]   # names that uplinks call; those below them, too
    networks: [198.51.100.0/24]
    suspended: 2026-03-01       # 暂停资格: from then on it is as if it were not listed
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from detectors.maintenance.orders import CHINA, Network, moment_ns, networks
from detectors.maintenance.reading import near, read_yaml
from sensor.schema import Level

ASPECTS = ("device", "control", "network", "platform", "data")
KEYS = ("name", "assessed", "until", "domains", "networks", "suspended", "note")
TOP = ("unlisted_level", "site_networks", "suppliers")
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})+")


@dataclass(frozen=True)
class Supplier:
    name: str
    assessed: frozenset[str]
    until_ns: int | None = None
    suspended_ns: int | None = None
    domains: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()

    def trusted(self, ts_ns: int) -> bool:
        """At that time: assessed for something, not out of date, not suspended."""
        over = self.until_ns is not None and ts_ns > self.until_ns
        suspended = self.suspended_ns is not None and ts_ns >= self.suspended_ns
        return bool(self.assessed) and not over and not suspended


@dataclass(frozen=True)
class Suppliers:
    by_name: Mapping[str, Supplier] = field(default_factory=dict)
    unlisted_level: Level = Level.NOTICE
    site_networks: tuple[Network, ...] = ()

    def standing(self, name: str, ts_ns: int) -> str:
        """`trusted`, `unlisted`, `suspended` or `expired`."""
        supplier = self.by_name.get(name)
        if supplier is None:
            return "unlisted"
        if supplier.suspended_ns is not None and ts_ns >= supplier.suspended_ns:
            return "suspended"
        return "trusted" if supplier.trusted(ts_ns) else "expired"


def read_suppliers(path: Path) -> Suppliers:
    """Raises ValueError: all problems of the file at once, one line each."""
    data = read_yaml(path)
    if not isinstance(data, dict) or not isinstance(data.get("suppliers"), list):
        raise ValueError(f"{path}: expected `suppliers:` and a list (docs/baseline.md)")
    problems = [f"{path}: {what}" for what in _top_problems(data)]
    for place, entry in enumerate(data["suppliers"], 1):
        problems += [f"{path}: supplier {place}: {what}" for what in _problems(entry)]
    if problems:
        raise ValueError("\n".join(problems))
    found = [_supplier(entry) for entry in data["suppliers"]]
    level = Level(data.get("unlisted_level", "notice"))
    return Suppliers({one.name: one for one in found}, level, networks(data.get("site_networks") or []))


def _top_problems(data: Mapping[str, Any]) -> Iterator[str]:
    for key in data:
        if key not in TOP:
            yield f"unknown key {key}{near(key, TOP)}"
    if data.get("unlisted_level", "notice") not in tuple(Level):
        yield f"unlisted_level: one of {', '.join(Level)}"
    try:
        networks(data.get("site_networks") or [])
    except ValueError as error:
        yield f"site_networks: {error}"
    names = [entry.get("name") for entry in data["suppliers"] if isinstance(entry, dict)]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"{name} stands there twice"


def _problems(entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield "expected `name: …` and more"
        return
    for key in entry:
        if key not in KEYS:
            yield f"unknown key {key}{near(key, KEYS)}"
    if not isinstance(entry.get("name"), str) or not entry["name"].strip():
        yield "`name` is missing"
    assessed = entry.get("assessed", [])
    for aspect in assessed if isinstance(assessed, list) else [assessed]:
        if aspect not in ASPECTS:
            yield f"assessed: {aspect!r} is none of {', '.join(ASPECTS)}{near(aspect, ASPECTS)}"
    for key in ("until", "suspended"):
        try:
            _day_ns(entry.get(key))
        except ValueError as error:
            yield f"{key}: {error}"
    for domain in entry.get("domains") or []:
        if not isinstance(domain, str) or _DOMAIN.fullmatch(domain.lower()) is None:
            yield f"domains: {domain!r} is no name like iot.example.cn"
    try:
        networks(entry.get("networks") or [])
    except ValueError as error:
        yield f"networks: {error}"


def _day_ns(value: Any, end: bool = False) -> int | None:
    """A day in China, or a point in time. `end`: the day's end."""
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        day = datetime(value.year, value.month, value.day, tzinfo=CHINA)
        return moment_ns(day + timedelta(days=1) if end else day)
    return moment_ns(value)


def _supplier(entry: Mapping[str, Any]) -> Supplier:
    return Supplier(
        entry["name"],
        frozenset(entry.get("assessed", [])),
        _day_ns(entry.get("until"), end=True),
        _day_ns(entry.get("suspended")),
        tuple(domain.lower() for domain in entry.get("domains") or []),
        networks(entry.get("networks") or []),
    )
