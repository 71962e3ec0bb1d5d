"""Stations as the core announces them, kept as records whose revision grows when something about them changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from sensor._core import News
from sensor.schema import Asset, Record


@dataclass
class _Station:
    segment: str
    ip: str
    mac: str | None
    vlan: int | None
    first_ns: int
    last_ns: int
    roles: set[str] = field(default_factory=set)
    protocols: set[str] = field(default_factory=set)
    revision: int = 0


class Inventory:
    """Segment and address name a station; an address with another MAC is another record of it."""

    def __init__(self, origin: str, tenant: str) -> None:
        self._origin, self._tenant = origin, tenant
        self._stations: dict[tuple[str, str], list[_Station]] = {}

    def take(self, news: list[News]) -> list[Record]:
        """Records of the stations that are new or changed."""
        changed: dict[int, _Station] = {}
        for item in news:
            for station in self._note(item):
                station.last_ns = max(station.last_ns, item.ts_ns)
                changed[id(station)] = station
        return [self._record(station) for station in changed.values()]

    def _note(self, item: News) -> list[_Station]:
        if item.kind == "asset":
            known = self._stations.setdefault((item.segment, item.ip), [])
            if any(station.mac == item.mac for station in known):
                return []
            known.append(_Station(item.segment, item.ip, item.mac, item.vlan, item.ts_ns, item.ts_ns))
            return known[-1:]
        touched = []
        for role, ip in (("client", item.ip), ("server", item.server)):
            for station in self._stations.get((item.segment, ip or ""), []):
                before = len(station.roles), len(station.protocols)
                station.roles.add(role)
                if item.protocol:
                    station.protocols.add(item.protocol)
                if before != (len(station.roles), len(station.protocols)):
                    touched.append(station)
        return touched

    def _record(self, station: _Station) -> Record:
        station.revision += 1
        key = "\0".join(("asset", station.segment, station.ip, station.mac or ""))
        asset = Asset(
            segment=station.segment,
            ip=station.ip,
            mac=station.mac,
            first_ns=station.first_ns,
            last_ns=station.last_ns,
            roles=tuple(sorted(station.roles)),
            protocols=tuple(sorted(station.protocols)),
            vlan=station.vlan,
        )
        return Record(
            kind="asset",
            id=hashlib.sha256(key.encode()).hexdigest()[:32],
            revision=station.revision,
            origin=self._origin,
            tenant=self._tenant,
            segment=station.segment,
            body=asset.to_json(),
        )
