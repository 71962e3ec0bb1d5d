"""Stations as the core announces them, kept as records whose revision grows when something about them changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from sensor._core import News
from sensor.links import Links
from sensor.schema import Asset, Record
from sensor.schema.shape import Json


@dataclass
class _Address:
    """What is known of an address, whichever card answers for it."""

    roles: set[str] = field(default_factory=set)
    protocols: set[str] = field(default_factory=set)
    stations: dict[str | None, _Station] = field(default_factory=dict)
    """by MAC"""


@dataclass
class _Station:
    address: _Address
    segment: str
    ip: str
    mac: str | None
    vlan: int | None
    first_ns: int
    last_ns: int
    revision: int = 0


class Inventory:
    """Segment and address name a station; an address with another MAC is another record of it.

    Bounded by the core, which announces at most so many stations and links. A link costs the stations of its two
    addresses only when it tells something new about them: an address that shows a hundred thousand MACs is no burden.
    """

    def __init__(self, origin: str, tenant: str) -> None:
        self._origin, self._tenant = origin, tenant
        self._addresses: dict[tuple[str, str], _Address] = {}
        self.links = Links(origin, tenant)

    def remember(self) -> Callable[[], list[Json]]:
        """The stations that a restart must not forget: taken now, made into JSON when somebody has time for it."""
        known = [
            (key, sorted(address.roles), sorted(address.protocols), [replace(one) for one in address.stations.values()])
            for key, address in self._addresses.items()
        ]
        return lambda: [
            {
                "segment": segment,
                "ip": ip,
                "roles": roles,
                "protocols": protocols,
                "stations": [
                    {name: getattr(one, name) for name in ("mac", "vlan", "first_ns", "last_ns", "revision")}
                    for one in stations
                ],
            }
            for (segment, ip), roles, protocols, stations in known
        ]

    def recall(self, remembered: Iterable[Json]) -> None:
        """Go on with what `remember` gave. Raises LookupError or TypeError for anything else; nothing was recalled."""
        addresses: dict[tuple[str, str], _Address] = {}
        for item in remembered:
            segment, ip = item["segment"], item["ip"]
            address = addresses[(segment, ip)] = _Address(set(item["roles"]), set(item["protocols"]))
            for one in item["stations"]:
                address.stations[one["mac"]] = _Station(address, segment, ip, **one)
        self._addresses = addresses

    def take(self, news: list[News]) -> list[Record]:
        """Records of the stations and links that are new or changed."""
        changed: dict[int, _Station] = {}
        for item in news:
            for station in self._note(item):
                station.last_ns = max(station.last_ns, item.ts_ns)
                changed[id(station)] = station
        return [*(self._record(station) for station in changed.values()), *self.links.take(news)]

    def _note(self, item: News) -> list[_Station]:
        if item.kind == "asset":
            address = self._addresses.setdefault((item.segment, item.ip), _Address())
            if item.mac in address.stations:
                return []
            station = _Station(address, item.segment, item.ip, item.mac, item.vlan, item.ts_ns, item.ts_ns)
            address.stations[item.mac] = station
            return [station]
        touched: list[_Station] = []
        for role, ip in (("client", item.ip), ("server", item.server)):
            known = self._addresses.get((item.segment, ip or ""))
            if known is None or (role in known.roles and item.protocol in known.protocols):
                continue
            known.roles.add(role)
            if item.protocol:
                known.protocols.add(item.protocol)
            touched += known.stations.values()
        return touched

    def _record(self, station: _Station) -> Record:
        # From the traffic's time, so that a sensor that was started again goes on above what it told before: a record
        # with a revision that is known already would be taken for a duplicate, and what is new in it would be lost.
        station.revision = max(station.revision + 1, station.last_ns // 1_000_000_000)
        key = "\0".join(("asset", station.segment, station.ip, station.mac or ""))
        asset = Asset(
            segment=station.segment,
            ip=station.ip,
            mac=station.mac,
            first_ns=station.first_ns,
            last_ns=station.last_ns,
            roles=tuple(sorted(station.address.roles)),
            protocols=tuple(sorted(station.address.protocols)),
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
