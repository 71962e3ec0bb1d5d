"""For rules about what a station begins: calls at a beat, many services at once; and a mirror that shows one side."""

from __future__ import annotations

from collections.abc import Iterable

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from pcaps.make.__main__ import Row
from pcaps.make.modbus import PORT, READ, READ_ANSWER, adu
from pcaps.make.rules_network import PUBLIC, ROUTER_MAC
from pcaps.make.talk import BEGIN_NS, CLIENT, SERVER, STEP_NS, Talk, station
from testbed.pcapfile import Frame

SECOND_NS = 1_000_000_000
OUTSIDE = (PUBLIC, ROUTER_MAC)
JITTER = (0, 7, -9, 4, -12, 11, -3, 8, -6, 12, -10, 2)
"""Seconds."""
PEOPLE = (2, 340, 11, 4, 95, 1200, 3, 28, 6, 700, 2, 15, 460, 5)
"""Seconds between looks at a page: in bursts, as people do it."""


def _calls(waits_s: Iterable[int]) -> list[Frame]:
    """A short conversation with a machine in the internet, so long after the one before."""
    frames: list[Frame] = []
    at_ns = 0
    for number, wait_s in enumerate(waits_s):
        one: list[Frame] = []
        talk = Talk(one, 443, 40_001 + number, CLIENT, OUTSIDE)
        talk.ask(b"\x17\x03\x03\0\x08question")
        talk.answer(b"\x17\x03\x03\0\x04done")
        talk.end()
        at_ns += wait_s * SECOND_NS
        frames += [Frame(frame.ts_ns + at_ns, frame.data) for frame in one]
    return frames


def regular_calls() -> list[Frame]:
    return _calls(60 + jitter for jitter in JITTER)


def irregular_calls() -> list[Frame]:
    return _calls(PEOPLE)


def _begun(ports: Iterable[int], apart_ns: int) -> list[Frame]:
    """A SYN to each port, and nothing else."""
    found = []
    for number, port in enumerate(ports):
        inside = TCP(sport=50_000 + number, dport=port, seq=1000, flags="S")
        packet = Ether(src=CLIENT[1], dst=SERVER[1]) / IP(src=CLIENT[0], dst=SERVER[0], id=number) / inside
        found.append(Frame(BEGIN_NS + number * apart_ns, bytes(packet)))
    return found


def services_at_once() -> list[Frame]:
    """The capture ends before anybody could have answered."""
    return _begun((21, 22, 23, 25, 80, 110, 135, 139, 143, 443, 445), STEP_NS)


def services_of_a_domain() -> list[Frame]:
    """What a computer asks its domain's controller for when somebody logs in."""
    return _begun((53, 88, 135, 139, 389, 445, 464, 636), 20 * STEP_NS)


def one_side() -> list[Frame]:
    """A station polls three controllers; of what they say the mirror shows nothing."""
    frames: list[Frame] = []
    for number in range(3):
        one: list[Frame] = []
        talk = Talk(one, PORT, 40_001 + number, CLIENT, station(20 + number))
        for turn in range(8):
            talk.ask(adu(turn, READ))
            talk.answer(adu(turn, READ_ANSWER))
        talk.end()
        ours = [frame for frame in one if Ether(frame.data)[IP].src == CLIENT[0]]
        frames += [Frame(frame.ts_ns + number * SECOND_NS, frame.data) for frame in ours]
    last = Ether(src=CLIENT[1], dst=SERVER[1]) / IP(src=CLIENT[0], dst=SERVER[0]) / TCP(dport=PORT, flags="A")
    return [*frames, Frame(frames[-1].ts_ns + 6 * SECOND_NS, bytes(last / Raw(adu(1, READ))))]


ROWS: tuple[Row, ...] = (
    ("flow/regular_calls", ("tls",), True, "a station calls the internet every minute, give or take", regular_calls),
    ("flow/irregular_calls", ("tls",), True, "a person looks at pages of the internet", irregular_calls),
    ("flow/services_at_once", ("flow",), True, "eleven services of one station within a second", services_at_once),
    ("flow/services_of_a_domain", ("flow",), True, "eight services of a domain's controller", services_of_a_domain),
    ("flow/one_side", ("modbus",), True, "a mirror that shows what a station says, and no answer", one_side),
)
