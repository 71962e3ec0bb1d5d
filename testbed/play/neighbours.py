"""What goes on beside the process: ARP, DNS, NTP, pings of the network's supervisor, web pages, an uplink."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from testbed.play import frames
from testbed.play.channel import MS, Channel
from testbed.play.collector import SECOND
from testbed.play.plant import Plant
from testbed.play.protocols import offices
from testbed.play.stations import Station


class Habit:
    """Something that is done every so often."""

    def __init__(
        self, plant: Plant, name: str, period_s: float, act: Callable[[int, np.random.Generator], None]
    ) -> None:
        self._rng = plant.rng("habit", name)
        self._period, self._act = period_s * SECOND, act
        self._next = plant.begin_ns + int(self._rng.uniform(0.01, 1.0) * self._period)

    def run(self, end_ns: int) -> None:
        while self._next < end_ns:
            self._act(self._next, self._rng)
            self._next += int(self._period * self._rng.uniform(0.8, 1.2))


def arp(plant: Plant, one: Station, other: Station) -> Habit:
    """One looks up whether the other is still there; a router answers for those in other networks."""
    other = plant.seen(other, one)
    if other.mac == (plant.router.mac if plant.router else b"") and other is not plant.router:
        assert plant.router is not None
        other = plant.router

    def act(ts_ns: int, rng: np.random.Generator) -> None:
        nobody = bytes(6)
        to = frames.BROADCAST if rng.random() < 0.3 else other.mac
        plant.out.frame(ts_ns, frames.arp(1, (one.mac, one.packed), (nobody, other.packed), to))
        answer = frames.arp(2, (other.mac, other.packed), (one.mac, one.packed), one.mac)
        plant.out.frame(ts_ns + int(rng.uniform(0.1, 0.9) * MS), answer)

    return Habit(plant, f"arp/{one.name}/{other.name}", 240, act)


def lookup(plant: Plant, client: Station, ts_ns: int, rng: np.random.Generator, name: str, label: int = 0) -> int:
    """A question to the plant's DNS server; unknown names get a refusal. Returns when the answer was there."""
    assert plant.dns is not None
    server = plant.seen(plant.dns, client)
    ports = (int(rng.integers(49_152, 65_000)), offices.DNS)
    question = offices.dns_question(int(rng.integers(1 << 16)), name)
    known = name in plant.names
    ip = plant.nets[0].base + 10 + plant.names.index(name) if known else 0
    answer = offices.dns_answer(question, [ip.to_bytes(4, "big")] if known else [], code=0 if known else 3)
    plant.out.frame(ts_ns, frames.udp(client, server, ports, question), label)
    done = ts_ns + int(rng.uniform(0.4, 6) * MS)
    plant.out.frame(done, frames.udp(server, client, ports[::-1], answer), label)
    return done


def names(plant: Plant, client: Station, period_s: float = 150) -> Habit:
    favourites = plant.rng("names", client.name).permutation(plant.names)[:4].tolist()

    def act(ts_ns: int, rng: np.random.Generator) -> None:
        lookup(plant, client, ts_ns, rng, favourites[int(rng.integers(len(favourites)))])

    return Habit(plant, f"dns/{client.name}", period_s, act)


def clock(plant: Plant, client: Station, server: Station) -> Habit:
    seen = plant.seen(server, client)

    def act(ts_ns: int, rng: np.random.Generator) -> None:
        question = offices.ntp(ts_ns)
        ports = (offices.NTP, offices.NTP)
        plant.out.frame(ts_ns, frames.udp(client, seen, ports, question))
        done = ts_ns + int(rng.uniform(0.2, 2) * MS)
        plant.out.frame(done, frames.udp(seen, client, ports, offices.ntp(done, answer_to=question)))

    return Habit(plant, f"ntp/{client.name}", 256, act)


def ping(plant: Plant, supervisor: Station, other: Station) -> Habit:
    seen = plant.seen(other, supervisor)
    counter = iter(range(1, 1 << 62))

    def act(ts_ns: int, rng: np.random.Generator) -> None:
        number, payload = next(counter), bytes(range(32))
        plant.out.frame(ts_ns, frames.icmp_echo(supervisor, seen, number, payload=payload))
        done = ts_ns + int(rng.uniform(0.2, 3) * MS)
        plant.out.frame(done, frames.icmp_echo(seen, supervisor, number, answer=True, payload=payload))

    return Habit(plant, f"ping/{supervisor.name}/{other.name}", 60, act)


def pages(plant: Plant, client: Station, server: Station, period_s: float = 90) -> Habit:
    """A person looks at pages of the production system."""
    seen, host = plant.seen(server, client), plant.names[0]

    def act(ts_ns: int, rng: np.random.Generator) -> None:
        channel = Channel(plant.out, client, seen, (int(rng.integers(49_152, 65_000)), offices.HTTP), rng)
        ts_ns = channel.open(ts_ns)
        for _ in range(int(rng.integers(1, 4))):
            path = ("/orders", "/status", "/shift", "/machines")[int(rng.integers(4))]
            body = b"<html><body>" + b"<p>production order, planned and done</p>" * int(rng.integers(5, 60))
            answer = offices.http_response(body + b"</body></html>")
            ts_ns = channel.ask(ts_ns, offices.http_request(host, path), answer, int(rng.uniform(3, 40) * MS))
            channel.acknowledge(ts_ns)
            ts_ns += int(rng.uniform(0.2, 2) * SECOND)
        channel.close(ts_ns)

    return Habit(plant, f"http/{client.name}", period_s, act)


def uplink(plant: Plant, client: Station, server: Station, name: str, period_s: float = 60) -> Habit:
    """The historian's copy goes to the enterprise's own server, over TLS."""
    seen = plant.seen(server, client)

    def act(ts_ns: int, rng: np.random.Generator) -> None:
        encrypted(plant, client, seen, ts_ns, rng, name, [int(rng.integers(300, 1400))])

    return Habit(plant, f"tls/{client.name}", period_s, act)


def encrypted(
    plant: Plant,
    client: Station,
    server: Station,
    ts_ns: int,
    rng: np.random.Generator,
    name: str,
    sizes: list[int],
    label: int = 0,
) -> int:
    """A TLS conversation: the client sends so many bytes, each time a short answer comes."""
    channel = Channel(plant.out, client, server, (int(rng.integers(49_152, 65_000)), offices.TLS), rng)
    channel.label = label
    ts_ns = channel.open(ts_ns, 12 * MS if server.role == "outside" else MS)
    ts_ns = channel.ask(ts_ns, offices.tls_hello(name, rng.bytes(32)), offices.tls_server(rng.bytes(64)))
    ts_ns = channel.send(ts_ns, True, offices.tls_finish(rng.bytes(64)))
    for size in sizes:
        records = b"".join(offices.tls_data(rng.bytes(min(size - at, 16_000))) for at in range(0, size, 16_000))
        ts_ns = channel.ask(ts_ns, records, offices.tls_data(rng.bytes(60)), 8 * MS)
    return channel.close(ts_ns)
