"""A plant: its networks, stations, controllers, and everybody who talks. Everything random comes from the seed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from testbed.play.collector import Collector
from testbed.play.devices import Device
from testbed.play.poller import Poller
from testbed.play.signals import Signal
from testbed.play.stations import Station

# What such stations are built by (IEEE's register of organisations), so that vendor names show.
MAKERS = {
    "modbus": ("0080f4", "00a0f8", "0090e8", "000c8d"),
    "s7comm": ("001b1b", "000e8c", "286336", "e0dca0"),
    "opcua": ("000105", "0030de", "a8741d"),
    "computer": ("1866da", "b083fe", "0026b9", "f8b156", "3c5282"),
    "network": ("00d0bc", "f45c89", "ecebb8"),
    "stranger": ("525400", "b827eb", "000c29", "dca632"),
}
TTL = {"modbus": 64, "s7comm": 30, "opcua": 128, "computer": 128, "network": 255, "stranger": 64}


class Actor(Protocol):
    """Says what is due before a moment; moments rise from call to call."""

    def run(self, end_ns: int) -> None: ...


class Net:
    """A /24 and who has which place in it."""

    def __init__(self, rng: np.random.Generator) -> None:
        kind = int(rng.integers(3))
        if kind == 0:
            self.base = 10 << 24 | int(rng.integers(1, 255)) << 16 | int(rng.integers(255)) << 8
        elif kind == 1:
            self.base = 172 << 24 | int(rng.integers(16, 32)) << 16 | int(rng.integers(255)) << 8
        else:
            self.base = 192 << 24 | 168 << 16 | int(rng.integers(255)) << 8
        self._free = [int(one) for one in rng.permutation(np.arange(2, 254))]

    def place(self) -> int:
        return self.base + self._free.pop()

    def empty(self) -> list[int]:
        """Addresses where nobody is."""
        return [self.base + one for one in self._free]

    def holds(self, ip: int) -> bool:
        return ip >> 8 == self.base >> 8


@dataclass(eq=False)
class Plant:
    name: str
    out: Collector
    seed: int
    begin_ns: int
    end_ns: int
    nets: list[Net] = field(default_factory=list)
    stations: list[Station] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    pollers: list[Poller] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """known to the plant's own DNS"""
    router: Station | None = None
    engineer: Station | None = None
    dns: Station | None = None
    _changes: list[tuple[int, Callable[[], None]]] = field(default_factory=list, repr=False)
    _seen: dict[tuple[int, int], Station] = field(default_factory=dict, repr=False)

    def rng(self, *about: object) -> np.random.Generator:
        """A source of its own for each purpose: what one actor draws changes nothing for another."""
        return np.random.default_rng([self.seed, zlib.crc32("/".join(map(str, (self.name, *about))).encode())])

    def net(self) -> Net:
        made = Net(self.rng("net", len(self.nets)))
        while any(one.base == made.base for one in self.nets):
            made = Net(self.rng("net", len(self.nets), made.base))
        self.nets.append(made)
        return made

    def station(self, name: str, net: Net, kind: str = "computer", role: str = "") -> Station:
        rng = self.rng("station", name)
        maker = MAKERS[kind][int(rng.integers(len(MAKERS[kind])))]
        made = Station(name, net.place(), bytes.fromhex(maker) + rng.bytes(3), TTL[kind], role or kind)
        made.identity = int(rng.integers(1 << 16))
        self.stations.append(made)
        return made

    def outside(self, name: str) -> Station:
        """Somebody in the internet, behind the router."""
        assert self.router is not None
        rng = self.rng("outside", name)
        # Public, and no block that is kept for something else.
        first = int(rng.choice([23, 45, 52, 91, 103, 146, 185, 193, 203]))
        ip = first << 24 | int(rng.integers(1, 112)) << 16 | int(rng.integers(256)) << 8 | int(rng.integers(1, 255))
        return Station(name, ip, self.router.mac, int(rng.integers(44, 56)), "outside", int(rng.integers(1 << 16)))

    def seen(self, remote: Station, local: Station) -> Station:
        """`remote` as it looks on `local`'s side: behind the router where their networks differ."""
        if remote.ip >> 8 == local.ip >> 8 or self.router is None or remote.role == "outside":
            return remote
        key = (remote.ip, local.ip >> 8)
        if key not in self._seen:
            self._seen[key] = Station(
                remote.name, remote.ip, self.router.mac, remote.ttl - 1, remote.role, remote.identity
            )
        return self._seen[key]

    def net_of(self, station: Station) -> Net:
        return next(one for one in self.nets if one.holds(station.ip))

    def gateway(self, net: Net) -> Station:
        """The router as its neighbours in that network know it."""
        assert self.router is not None
        return Station("router", net.base + 1, self.router.mac, self.router.ttl, "router")

    def poll(self, client: Station, device: Device, period_ns: int) -> Poller:
        rng = self.rng("poll", client.name, device.station.name)
        made = Poller(self.out, client, device, self.seen(device.station, client), period_ns, rng, self.begin_ns)
        self.pollers.append(made)
        self.devices = self.devices if device in self.devices else [*self.devices, device]
        return made

    def signal(self, name: str, kind: str, low: float, high: float, follows: Signal | None = None) -> Signal:
        return Signal(name, kind, low, high, self.rng("signal", name), follows)

    def later(self, ts_ns: int, change: Callable[[], None]) -> None:
        """Something about the plant is different from then on."""
        self._changes.append((ts_ns, change))

    def run(self, end_ns: int) -> None:
        """Everybody speaks up to that moment."""
        for ts_ns, change in sorted((one for one in self._changes if one[0] < end_ns), key=lambda one: one[0]):
            self._speak(ts_ns)
            change()
        self._changes = [one for one in self._changes if one[0] >= end_ns]
        self._speak(end_ns)

    def _speak(self, end_ns: int) -> None:
        """Those who act first, then those who only ask."""
        for actor in self.actors:
            actor.run(end_ns)
        for poller in self.pollers:
            poller.run(end_ns)


Builder = Callable[[Plant], None]
