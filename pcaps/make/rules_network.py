"""For rules about the network itself: scans, floods, addresses that are claimed, names, and the internet."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import replace

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from pcaps.make.arp import NOWHERE, message
from pcaps.make.modbus import PORT, READ, READ_ANSWER, adu
from pcaps.make.rules_counted import _knock
from pcaps.make.talk import BEGIN_NS, CLIENT, SERVER, STEP_NS, Talk
from testbed.pcapfile import Frame

SECOND_NS = 1_000_000_000
OTHER = ("10.77.2.12", "02:00:5e:77:02:0c")
TAKER_MAC = "02:00:5e:77:02:c8"
ROUTER_MAC = "02:00:5e:77:02:01"
PUBLIC = "93.184.215.14"  # any address that the internet routes


def _frame(frames: list[Frame], data: bytes, apart_ns: int = STEP_NS) -> None:
    """So long after the one before."""
    frames.append(Frame(frames[-1].ts_ns + apart_ns if frames else BEGIN_NS, data))


def _packet(source: tuple[str, str], destination: tuple[str, str], inside: Packet, number: int = 1) -> bytes:
    header = Ether(src=source[1], dst=destination[1]) / IP(src=source[0], dst=destination[0], id=number)
    return bytes(header / inside)


def _host(number: int) -> tuple[str, str]:
    return (f"10.77.2.{number}", f"02:00:5e:77:02:{number:02x}")


def _later(frames: list[Frame]) -> list[Frame]:
    """A last packet so long after that everything before has had its time."""
    told = message(1, CLIENT, (CLIENT[0], NOWHERE))
    _frame(frames, told, 5 * SECOND_NS)
    return frames


# scans


def silent_port_scan() -> list[Frame]:
    """Thirty ports behind a firewall that drops what it does not like: no answer at all."""
    return _later(_knock((SERVER[0], port, False) for port in range(100, 130)))


def _segment(frames: list[Frame], client: bool, station: tuple[str, str], port: int, numbers: tuple[int, int],
             flags: str, payload: bytes = b"") -> None:  # fmt: skip
    """Between the station and a controller's Modbus port; `port` is the client's."""
    source, destination, ports = (CLIENT, station, (port, PORT)) if client else (station, CLIENT, (PORT, port))
    inside = TCP(sport=ports[0], dport=ports[1], seq=numbers[0], ack=numbers[1], flags=flags)
    _frame(frames, _packet(source, destination, inside / Raw(payload) if payload else inside))


def _polled(frames: list[Frame], stations: list[tuple[str, str]], polls: int) -> None:
    """A station connects to controllers, and asks all of them so many times, a second apart."""
    for number in range(polls):
        if number:
            _frame(frames, message(1, CLIENT, (CLIENT[0], NOWHERE)), SECOND_NS)
        for place, station in enumerate(stations):
            if not number:
                _segment(frames, True, station, 40_000 + place, (999, 0), "S")
                _segment(frames, False, station, 40_000 + place, (4999, 1000), "SA")
            at = (1000 + number * len(adu(1, READ)), 5000 + number * len(adu(1, READ_ANSWER)))
            _segment(frames, True, station, 40_000 + place, at, "PA", adu(1, READ))
            answered = (at[1], at[0] + len(adu(1, READ)))
            _segment(frames, False, station, 40_000 + place, answered, "PA", adu(1, READ_ANSWER))


def servers_switched_off() -> list[Frame]:
    """Twelve controllers answer their station; the line is switched off, and the station tries them all in vain."""
    frames: list[Frame] = []
    stations = [_host(number) for number in range(20, 32)]
    _polled(frames, stations, 1)
    _frame(frames, message(1, CLIENT, (CLIENT[0], NOWHERE)), 60 * SECOND_NS)
    for place, station in enumerate(stations):
        _segment(frames, True, station, 41_000 + place, (999, 0), "S")
    return _later(frames)


def known_client_sweeps() -> list[Frame]:
    """A station polls twelve controllers; something on it knocks at all of them while the polls go on."""
    frames: list[Frame] = []
    stations = [_host(number) for number in range(20, 32)]
    _polled(frames, stations, 8)
    for place, station in enumerate(stations):
        _segment(frames, True, station, 41_000 + place, (999, 0), "S")
        _segment(frames, False, station, 41_000 + place, (0, 1000), "RA")
    return _later(frames)


def _datagrams(targets: Iterable[tuple[tuple[str, str], int]], payload: bytes) -> list[Frame]:
    frames: list[Frame] = []
    for number, (station, port) in enumerate(targets):
        _frame(frames, _packet(CLIENT, station, UDP(sport=50_000 + number, dport=port) / Raw(payload), number))
    return _later(frames)


def udp_port_scan() -> list[Frame]:
    """Thirty UDP ports of one station, nobody there."""
    return _datagrams(((SERVER, port) for port in range(30_100, 30_130)), bytes(8))


def udp_address_scan() -> list[Frame]:
    """One UDP port of twenty-four addresses."""
    return _datagrams(((_host(number), 30_100) for number in range(20, 44)), bytes(8))


def ping_sweep() -> list[Frame]:
    """Twenty-four addresses are pinged; one is there."""
    frames: list[Frame] = []
    for number in range(20, 44):
        _frame(frames, _packet(CLIENT, _host(number), ICMP(type=8, id=7, seq=number) / Raw(bytes(32))))
        if number == 30:
            _frame(frames, _packet(_host(number), CLIENT, ICMP(type=0, id=7, seq=number) / Raw(bytes(32))))
    return _later(frames)


def arp_scan() -> list[Frame]:
    """Who has each of forty addresses, once in five minutes; every eighth is there."""
    frames: list[Frame] = []
    for number in range(20, 60):
        _frame(frames, message(1, CLIENT, (_host(number)[0], NOWHERE)), 300 * SECOND_NS)
        if number % 8 == 0:
            _frame(frames, message(2, _host(number), CLIENT))
    return _later(frames)


def arp_poll_of_many() -> list[Frame]:
    """A station looks up forty others that answer; some ask back."""
    frames: list[Frame] = []
    for number in range(20, 60):
        _frame(frames, message(1, CLIENT, (_host(number)[0], NOWHERE)))
        _frame(frames, message(2, _host(number), CLIENT))
        if number % 5 == 0:
            _frame(frames, message(1, _host(number), (CLIENT[0], NOWHERE)))
            _frame(frames, message(2, CLIENT, _host(number)))
    return _later(frames)


# floods


def syn_flood() -> list[Frame]:
    """Three hundred connections in a second, none goes on; every third from an address that is not there."""
    frames: list[Frame] = []
    for number in range(300):
        source = (f"10.99.{number // 250}.{number % 250}", CLIENT[1]) if number % 3 == 0 else CLIENT
        inside = TCP(sport=20_000 + number, dport=PORT, seq=number * 7919, flags="S")
        _frame(frames, _packet(source, SERVER, inside, number))
    return _later(frames)


def udp_flood() -> list[Frame]:
    """Three hundred datagrams in a second, each to another port."""
    return _datagrams(((SERVER, 30_000 + number) for number in range(300)), bytes(100))


def connection_flood() -> list[Frame]:
    """Three hundred connections that are made and reset at once."""
    frames: list[Frame] = []
    for number in range(300):
        here, there = 20_000 + number, PORT
        _frame(frames, _packet(CLIENT, SERVER, TCP(sport=here, dport=there, seq=1000, flags="S")))
        _frame(frames, _packet(SERVER, CLIENT, TCP(sport=there, dport=here, seq=5000, ack=1001, flags="SA")))
        _frame(frames, _packet(CLIENT, SERVER, TCP(sport=here, dport=there, seq=1001, ack=5001, flags="RA")))
    return frames


def icmp_flood() -> list[Frame]:
    """Eleven hundred echo requests, two milliseconds apart."""
    frames: list[Frame] = []
    for number in range(1100):
        _frame(frames, _packet(CLIENT, SERVER, ICMP(type=8, id=7, seq=number)))
    return frames


def arp_storm() -> list[Frame]:
    """One question eleven hundred times, two milliseconds apart."""
    frames: list[Frame] = []
    for _ in range(1100):
        _frame(frames, message(1, CLIENT, (SERVER[0], NOWHERE)))
    return frames


# addresses


def _lookup(frames: list[Frame], asker: tuple[str, str], owner: tuple[str, str], apart_ns: int = SECOND_NS) -> None:
    _frame(frames, message(1, asker, (owner[0], NOWHERE)), apart_ns)
    _frame(frames, message(2, owner, asker))


def arp_spoofing() -> list[Frame]:
    """Both ends of a conversation are told every two seconds that the other has the intruder's hardware address."""
    frames: list[Frame] = []
    _lookup(frames, CLIENT, SERVER)
    _lookup(frames, SERVER, CLIENT)
    for _ in range(6):
        _frame(frames, message(2, (SERVER[0], TAKER_MAC), CLIENT), 2 * SECOND_NS)
        _frame(frames, message(2, (CLIENT[0], TAKER_MAC), SERVER))
    return frames


def duplicate_address() -> list[Frame]:
    """A second station takes the controller's address; both go on."""
    frames: list[Frame] = []
    _lookup(frames, CLIENT, SERVER)
    taker = (SERVER[0], TAKER_MAC)
    _frame(frames, message(1, taker, (SERVER[0], NOWHERE)), SECOND_NS)
    _lookup(frames, SERVER, CLIENT)
    _lookup(frames, taker, OTHER)
    _lookup(frames, SERVER, CLIENT)
    return frames


def exchanged() -> list[Frame]:
    """A controller is exchanged: five minutes of silence, then another hardware address, once and for all."""
    frames: list[Frame] = []
    _lookup(frames, CLIENT, SERVER)
    _lookup(frames, CLIENT, SERVER)
    after = (SERVER[0], TAKER_MAC)
    _frame(frames, message(1, ("0.0.0.0", TAKER_MAC), (SERVER[0], NOWHERE)), 300 * SECOND_NS)
    _frame(frames, message(1, after, (SERVER[0], NOWHERE)), SECOND_NS)
    for _ in range(3):
        _lookup(frames, CLIENT, after)
    return frames


# names


def _name(*labels: str) -> bytes:
    return b"".join(bytes((len(label),)) + label.encode() for label in labels) + b"\0"


def _asked(frames: list[Frame], number: int, name: bytes, code: int = 0, port: int = 53) -> None:
    """A question for an address, and an answer without one."""
    question = name + b"\0\x01\0\x01"
    for source, destination, ports, flags in (
        (CLIENT, SERVER, (50_000 + number, port), 0x0100),
        (SERVER, CLIENT, (port, 50_000 + number), 0x8180 | code),
    ):
        header = struct.pack(">HHHHHH", number + 1, flags, 1, 0, 0, 0)
        inside = UDP(sport=ports[0], dport=ports[1]) / Raw(header + question)
        _frame(frames, _packet(source, destination, inside, number), 50 * STEP_NS)


def tunnel() -> list[Frame]:
    """Thirty names of forty letters below one domain."""
    frames: list[Frame] = []
    for number in range(30):
        text = f"{number * 0x1F3D5B79A7C1E3F5 * 0x9E3779B97F4A7C15 % (1 << 160):040x}"
        _asked(frames, number, _name(text, "t", "carrier", "example"))
    return frames



def unusual_port() -> list[Frame]:
    """Two names are asked for at port 5300."""
    frames: list[Frame] = []
    for number in range(2):
        _asked(frames, number, _name("historian", "plant"), port=5300)
    return frames


# the internet


def _outside(frames: list[Frame], client: tuple[str, str], server: tuple[str, str], payload: list[bytes]) -> None:
    numbers = [1000, 5000]
    ports = (40_100, 443)

    def send(sender: int, flags: str, data: bytes = b"") -> None:
        here, there = ((client, server), (server, client))[sender]
        inside = TCP(sport=ports[sender], dport=ports[1 - sender], seq=numbers[sender], flags=flags,
                     ack=numbers[1 - sender] if "A" in flags else 0)  # fmt: skip
        _frame(frames, _packet(here, there, inside / Raw(data) if data else inside))
        numbers[sender] += len(data) + ("S" in flags) + ("F" in flags)

    send(0, "S")
    send(1, "SA")
    send(0, "A")
    for data in payload:
        send(0, "PA", data)
        send(1, "A")
    send(1, "PA", b"\x17\x03\x03\0\x04done")
    send(0, "FA")
    send(1, "FA")
    send(0, "A")


def public_address() -> list[Frame]:
    """A station of the plant speaks with a server of the internet."""
    frames: list[Frame] = []
    _outside(frames, CLIENT, (PUBLIC, ROUTER_MAC), [b"\x17\x03\x03\0\x08question"])
    return frames


def from_public_address() -> list[Frame]:
    """Somebody in the internet speaks with a station of the plant."""
    frames: list[Frame] = []
    _outside(frames, (PUBLIC, ROUTER_MAC), SERVER, [b"\x17\x03\x03\0\x08question"])
    return frames



def in_between() -> list[Frame]:
    """Ten polls; from the sixth on somebody passes them on: one hop less."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    for number in range(10):
        talk.ask(adu(number, READ))
        talk.answer(adu(number, READ_ANSWER))
    talk.end()
    before = 3 + 10
    return frames[:before] + [replace(frame, data=_one_hop_less(frame.data)) for frame in frames[before:]]


def _one_hop_less(data: bytes) -> bytes:
    packet = Ether(data)
    packet[IP].ttl -= 1
    del packet[IP].chksum
    return bytes(packet)


# ordinary traffic that looks like it by its numbers


def many_hosts() -> list[Frame]:
    """Thirty hosts of one domain are asked for by their short names."""
    frames: list[Frame] = []
    for number in range(30):
        _asked(frames, number, _name(f"machine{number}", "shop", "example"))
    return frames


def ordinary_connections() -> list[Frame]:
    """Very many connections and datagrams in some seconds, to many ports and stations, each of which is answered."""
    frames: list[Frame] = []
    for number in range(284):
        port = 20_100 + number if number < 18 else 20_100
        numbers, ports = [1000, 5000], (40_000 + number, port)
        for sender, flags, payload in (
            (0, "S", b""), (1, "SA", b""), (0, "PA", b"question"), (1, "PA", b"answer"), (0, "FA", b""), (1, "FA", b""),
        ):  # fmt: skip
            here, there = ((CLIENT, SERVER), (SERVER, CLIENT))[sender]
            acknowledged = numbers[1 - sender] if "A" in flags else 0
            inside = TCP(
                sport=ports[sender], dport=ports[1 - sender], seq=numbers[sender], ack=acknowledged, flags=flags
            )
            _frame(frames, _packet(here, there, inside / Raw(payload) if payload else inside))
            numbers[sender] += len(payload) + ("S" in flags) + ("F" in flags)
    stations = [SERVER] * 270 + [_host(number) for number in range(20, 40)]
    for number, station in enumerate(stations):
        ports = (50_000 + number, 30_100 + number if number < 18 else 30_100)
        for sender, payload in ((0, b"question"), (1, b"answer")):
            here, there = ((CLIENT, station), (station, CLIENT))[sender]
            datagram = UDP(sport=ports[sender], dport=ports[1 - sender]) / Raw(payload)
            _frame(frames, _packet(here, there, datagram))
    for number in range(20, 40):
        for sender in (0, 1):
            here, there = ((CLIENT, _host(number)), (_host(number), CLIENT))[sender]
            _frame(frames, _packet(here, there, ICMP(type=8 * (1 - sender), id=7, seq=number)))
    return frames
