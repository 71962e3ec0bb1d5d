"""Scans, floods, and standing in between."""

from __future__ import annotations

from testbed.play import frames
from testbed.play.channel import MS
from testbed.play.collector import SECOND
from testbed.play.frames import ACK, PUSH, SYN
from testbed.play.stage import Stage
from testbed.play.stations import Station

PORTS = (21, 22, 23, 25, 53, 80, 102, 110, 111, 135, 139, 143, 161, 389, 443, 445, 502, 1433, 1521, 2404, 3306, 3389,
         4840, 5432, 5900, 8080, 8443, 9600, 20_000, 34_962, 44_818, 47_808)  # fmt: skip


def _victim(stage: Stage) -> Station:
    devices = stage.plant.devices
    return stage.target(devices[stage.chance(0, len(devices) - 1)].station)


def address_scan(stage: Stage) -> None:
    """Who is there? ARP for every address of the network."""
    victim = _victim(stage)
    client = stage.stranger(victim)
    there = {one.ip: one for one in stage.plant.stations}
    base = victim.ip & ~0xFF
    for ip in (base + stage.rng.permutation(range(1, 255))).tolist():
        stage.frame(
            stage.now, frames.arp(1, (client.mac, client.packed), (bytes(6), ip.to_bytes(4, "big")), frames.BROADCAST)
        )
        if (found := there.get(ip)) is not None:
            stage.target(found)
            stage.frame(
                stage.now + MS, frames.arp(2, (found.mac, found.packed), (client.mac, client.packed), client.mac)
            )
        stage.pause(0.002, 0.05)


def port_scan(stage: Stage) -> None:
    victim = _victim(stage)
    client = stage.intruder(victim)
    slow = stage.pick(0.02, 0.02, 12.0)
    stage.act.details["slow"] = slow > 1
    for port in stage.rng.permutation(PORTS).tolist():
        stage.channel(client, victim, port).refused(stage.now)
        stage.until(stage.now)
        stage.pause(slow / 2, slow * 1.5)


def service_sweep(stage: Stage) -> None:
    """One port on every station: who speaks it?"""
    port = stage.pick(502, 102, 4840, 44_818, 20_000)
    client = stage.intruder(_victim(stage))
    for station in stage.plant.stations:
        if station is not client and station.role != "router":
            stage.channel(client, stage.target(station), port).refused(stage.now)
            stage.until(stage.now)
            stage.pause(0.02, 0.6)


def _flood(stage: Stage, kind: str) -> None:
    victim = _victim(stage)
    client = stage.intruder(victim)
    seen = stage.plant.seen(victim, client)
    payload = bytes(stage.chance(32, 900))
    port = stage.pick(80, 102, 502, 4840)
    for number in range(stage.chance(3000, 5000)):
        if kind == "syn":
            data = frames.tcp(client, seen, (stage.chance(1024, 65_000), port), (stage.chance(0, 1 << 32), 0), SYN)
        elif kind == "udp":
            data = frames.udp(client, seen, (stage.chance(1024, 65_000), stage.chance(1, 65_000)), payload)
        else:
            data = frames.icmp_echo(client, seen, number, payload=payload)
        stage.frame(stage.now, data)
        stage.now += stage.chance(100_000, 1_500_000)


def syn_flood(stage: Stage) -> None:
    _flood(stage, "syn")


def udp_flood(stage: Stage) -> None:
    _flood(stage, "udp")


def icmp_flood(stage: Stage) -> None:
    _flood(stage, "icmp")


def arp_spoof(stage: Stage) -> None:
    """Somebody tells both ends to be the other, and passes on what they say: other MAC, one hop less."""
    poller = stage.poller()
    between = stage.stranger(poller.client)
    client, server = poller.client, poller.server
    seconds = stage.chance(60, 240)
    stage.influence(poller, seconds, ttl_less=1, mac=between.mac)
    for second in range(0, seconds, 2):
        at = stage.now + second * SECOND
        for one, other in ((client, server), (server, client)):
            stage.frame(at, frames.arp(2, (between.mac, other.packed), (one.mac, one.packed), one.mac))
    stage.act.details["seconds"] = seconds


def in_between(stage: Stage) -> None:
    """A box in the line: only the hop count and the time tell."""
    stage.influence(stage.poller(), stage.chance(120, 400), ttl_less=stage.pick(1, 1, 2))


def duplicate_address(stage: Stage) -> None:
    """A machine takes an address that is in use and says so."""
    victim = _victim(stage)
    taker = stage.stranger(victim)
    for _ in range(stage.chance(3, 8)):
        stage.frame(stage.now, frames.arp(1, (taker.mac, victim.packed), (bytes(6), victim.packed), frames.BROADCAST))
        stage.pause(0.8, 3)


def wrong_protocol(stage: Stage) -> None:
    """A shell through the port of the controllers."""
    device = stage.plant.devices[stage.chance(0, len(stage.plant.devices) - 1)]
    victim = stage.target(device.station)
    channel = stage.channel(stage.intruder(victim), victim, device.port)
    stage.now = channel.open(stage.now)
    stage.now = channel.send(stage.now, False, b"SSH-2.0-dropbear_2019.78\r\n")
    stage.now = channel.send(stage.now + MS, True, b"SSH-2.0-OpenSSH_9.6\r\n")
    for _ in range(8):
        stage.now = channel.ask(stage.now, stage.rng.bytes(120), stage.rng.bytes(180))
        stage.pause(0.1, 2)
    stage.end(channel)


def silent_device(stage: Stage) -> None:
    """A controller is gone: no power, or worse."""
    device = stage.plant.devices[stage.chance(0, len(stage.plant.devices) - 1)]
    stage.target(device.station)
    seconds = stage.chance(200, 500)
    for poller in stage.pollers(device):
        stage.influence(poller, seconds, dead=True)


def slower(stage: Stage) -> None:
    stage.influence(stage.poller(), stage.chance(150, 400), pace=stage.pick(3.0, 5.0))


def faster(stage: Stage) -> None:
    stage.influence(stage.poller(), stage.chance(150, 400), pace=stage.pick(0.25, 0.4))


def stopped(stage: Stage) -> None:
    """The station stops asking, its connection stays."""
    stage.influence(stage.poller(), stage.chance(200, 500), paused=True)


def conflicting(stage: Stage) -> None:
    """The same bytes of a connection twice, with different content: whoever reads last is deceived."""
    device = stage.plant.devices[stage.chance(0, len(stage.plant.devices) - 1)]
    victim = stage.target(device.station)
    channel = stage.channel(stage.intruder(victim), victim, device.port)
    stage.now = channel.open(stage.now)
    for _ in range(6):
        first, second = stage.rng.bytes(24), stage.rng.bytes(24)
        seen = channel.server
        numbers = (channel.next[True], channel.next[False])
        for data in (first, second):
            frame = frames.tcp(channel.client, seen, channel.ports, numbers, ACK | PUSH, data)
            stage.frame(stage.now, frame)
            stage.now += MS
        channel.next[True] = (channel.next[True] + 24) & 0xFFFF_FFFF
        channel.acknowledge(stage.now, False)
        stage.pause(0.1, 1)
    stage.end(channel)
