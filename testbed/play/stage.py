"""What an attack sees of the plant: somebody to be, somebody to reach, and frames that carry its number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from testbed.play import frames
from testbed.play.channel import Channel
from testbed.play.collector import SECOND
from testbed.play.devices import Device, ModbusDevice, OpcuaDevice, S7Device
from testbed.play.plant import MAKERS, TTL, Plant
from testbed.play.poller import Extra, Influence, Poller
from testbed.play.signals import LAG_NS, Disturbance, Signal, Values
from testbed.play.stations import Station
from testbed.play.truth import Act

D = TypeVar("D", bound=Device)


@dataclass(frozen=True)
class Attack:
    """One thing that can be done. `needs`: protocols of which the plant must have one; empty: any plant will do."""

    name: str
    play: Callable[[Stage], None]
    technique: tuple[str, ...]
    zh: str
    en: str
    sign_zh: str
    sign_en: str
    kind: str = "attack"
    needs: tuple[str, ...] = ()
    gateway: bool = False
    """wants an uplink or desk beside the plant: reaches the internet through the router"""


class Stage:
    """One act. Everything an attack draws comes from its own source of chance."""

    def __init__(self, plant: Plant, act: Act) -> None:
        self.plant, self.act = plant, act
        self.rng = plant.rng("act", act.number, act.name)
        self.now = act.begin_ns

    # who

    def stranger(self, net_of: Station) -> Station:
        """A machine that was never there, in that station's network."""
        net = self.plant.net_of(net_of)
        makers = MAKERS["stranger"]
        mac = bytes.fromhex(makers[int(self.rng.integers(len(makers)))]) + self.rng.bytes(3)
        made = Station(f"stranger{self.act.number}", net.place(), mac, TTL["stranger"], "stranger")
        made.identity = int(self.rng.integers(1 << 16))
        return self.actor(made)

    def intruder(self, victim: Station) -> Station:
        """A stranger, or (as often) a computer of the plant that somebody else works with by now."""
        known = [
            one for one in self.plant.stations if one.role in ("historian", "engineer", "office") and one is not victim
        ]
        if known and self.rng.random() < 0.5:
            return self.actor(known[int(self.rng.integers(len(known)))])
        return self.stranger(victim)

    def actor(self, station: Station) -> Station:
        return self._part(station, "actor")

    def target(self, station: Station) -> Station:
        return self._part(station, "target")

    def witness(self, station: Station) -> Station:
        """Somebody whose ordinary conversation shows what was done."""
        return self._part(station, "witness")

    def _part(self, station: Station, part: str) -> Station:
        self.act.hosts.setdefault(station.address, part)
        return station

    # whom

    def device(self, kind: type[D]) -> D:
        found = [one for one in self.plant.devices if isinstance(one, kind)]
        chosen = found[int(self.rng.integers(len(found)))]
        self.target(chosen.station)
        return chosen

    def modbus(self) -> ModbusDevice:
        return self.device(ModbusDevice)

    def s7(self) -> S7Device:
        return self.device(S7Device)

    def opcua(self) -> OpcuaDevice:
        return self.device(OpcuaDevice)

    def pollers(self, device: Device) -> list[Poller]:
        found = [one for one in self.plant.pollers if one.device is device]
        for one in found:
            self.witness(one.client)
        return found

    def poller(self, *kinds: type[Device]) -> Poller:
        """One conversation of the plant; the busier ones first, so that what is wrong with it shows in minutes."""
        found = [one for one in self.plant.pollers if not kinds or isinstance(one.device, kinds)]
        found = [one for one in found if one.period_ns <= 2 * SECOND] or found
        chosen = found[int(self.rng.integers(len(found)))]
        self.witness(chosen.client)
        self.target(chosen.device.station)
        return chosen

    def setpoint(self, device: Device) -> Signal:
        return device.setpoints[int(self.rng.integers(len(device.setpoints)))]

    # what

    def channel(self, client: Station, server: Station, port: int) -> Channel:
        """A connection of this act; addresses are looked up first where both stand in one network."""
        seen = self.plant.seen(server, client)
        channel = Channel(self.plant.out, client, seen, (int(self.rng.integers(32_768, 61_000)), port), self.rng)
        channel.label = self.act.number
        return channel

    def frame(self, ts_ns: int, data: bytes) -> None:
        self.plant.out.frame(ts_ns, data, self.act.number)
        self.until(ts_ns)

    def reach(self, client: Station, device: Device) -> Channel:
        """Address looked up, connection made, protocol opened; `now` is when to go on."""
        seen = self.plant.seen(device.station, client)
        if client.role == "stranger" and seen is device.station:
            ask = frames.arp(1, (client.mac, client.packed), (bytes(6), seen.packed), frames.BROADCAST)
            self.frame(self.now, ask)
            told = frames.arp(2, (seen.mac, seen.packed), (client.mac, client.packed), client.mac)
            self.frame(self.now + 400_000, told)
            self.now += 900_000
        channel = self.channel(client, device.station, device.port)
        self.now = device.open(channel, channel.open(self.now))
        return channel

    def end(self, channel: Channel) -> None:
        self.now = channel.close(self.now)
        self.until(self.now)

    def pause(self, least_s: float, most_s: float) -> None:
        self.now += int(self.rng.uniform(least_s, most_s) * SECOND)

    def until(self, ts_ns: int) -> None:
        """The act lasts at least to here."""
        self.act.end_ns = max(self.act.end_ns, int(ts_ns))

    def influence(self, poller: Poller, seconds: float, **how: Any) -> None:
        """The poller's conversation is different for a while."""
        end_ns = self.now + int(seconds * SECOND)
        poller.influences.append(Influence(self.now, end_ns, self.act.number, **how))
        self.until(end_ns)

    def on_connection(self, poller: Poller, extra: Extra) -> None:
        """Whoever holds the poller's machine speaks over its own connection."""
        poller.at(self.now, extra, self.act.number)
        self.until(self.now + SECOND)

    def disturb(self, signal: Signal, seconds: float, change: Callable[[Values, Values], Values]) -> None:
        end_ns = self.now + int(seconds * SECOND)
        signal.disturbances.append(Disturbance(self.now, end_ns, self.act.number, change))
        self.until(end_ns)
        self.act.details["signal"] = signal.name

    def lasts(self, device: Device, setpoint: Signal) -> None:
        """What was set is no ordinary value: it shows until somebody sets it anew and the process has followed."""
        self.pollers(device)
        setpoint.ends.append(lambda ts_ns: self.until(ts_ns + int(4 * LAG_NS)))

    def chance(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return int(self.rng.integers(least, most + 1))

    def pick(self, *these: Any) -> Any:
        return these[int(self.rng.integers(len(these)))]
