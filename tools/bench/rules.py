"""Rules for measuring: as a plant's analysts write them, on what the traffic does, and silent on it.

Of ten rules two are ranges of registers that overlap, one is a range for some stations and networks, two are networks
of clients or of both sides, one is everything from outside, two are sets of values, one is a pattern of bytes, and one
joins two of these by `or`.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NAMESPACE = uuid.UUID("3f0f9a57-1f0c-5d0e-8a42-6f7475732d62")
PATTERN_BYTES = (6, 12)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Speech:
    """What is asked of a protocol. `free` numbers of `place` and of `value` begin where the traffic's end."""

    operation: str
    operations: tuple[object, ...]
    with_values: tuple[object, ...]
    """Operations whose messages carry values, of which sets and patterns are asked."""
    place: str
    free_place: tuple[int, int]
    used_place: int
    value: str
    free_value: tuple[int, int]
    station: str
    stations: tuple[int, int]
    pattern: Callable[[random.Random], str]
    """Hex digits that the traffic's messages never hold."""


def _registers(chance: random.Random) -> str:
    """Three bytes of ones within others: not in registers below 0xF000, nor half a byte further."""
    around = [f"{chance.randrange(256):02x}" for _ in range(chance.randint(*PATTERN_BYTES) - 3)]
    at = chance.randint(0, len(around))
    return "".join([*around[:at], "ffffff", *around[at:]])


def _name(chance: random.Random) -> str:
    """The name of a point, sixteen letters: in no message that carries numbers only."""
    return "".join(chance.choice(LETTERS) for _ in range(16)).encode("ascii").hex()


SPEECHES = {
    "modbus": Speech(
        "modbus.function_code", (1, 2, 3, 4, 5, 6, 15, 16), (3, 4, 6, 16), "modbus.address", (10_000, 65_000), 9_000,
        "modbus.values", (0xF000, 0xFFFF), "modbus.unit_id", (1, 247), _registers,
    ),
    "s7comm": Speech(
        "s7comm.function", (0x04, 0x05), (0x04, 0x05), "s7comm.item.db", (1_000, 60_000), 100,
        "s7comm.values", (5_000_000_000, 6_000_000_000), "s7comm.rosctr", (1, 3), _name,
    ),
    "opcua": Speech(
        "opcua.service", ("read", "publish"), ("read", "publish"), "opcua.message_size", (100_000, 900_000), 60_000,
        "opcua.values", (1_000_000, 9_000_000), "opcua.channel_id", (1, 5_000), _name,
    ),
}  # fmt: skip


def write(folder: Path, count: int, seed: int = 1, *, protocol: str = "modbus") -> None:
    """Write `count` rules, one file each, into `folder` (made if it is not there); the same for the same arguments.

    Each rule is on operations that occur: Modbus function codes 1–6, 15, 16; S7comm read and write var; OPC UA Read and
    Publish. None fires on traffic that keeps to this:

    - every client and server has an address in 10.0.0.0/8;
    - Modbus: addresses 0–9,999, register values below 0xF000, quantities as the specification allows; coils as they
      like, for no pattern is asked of functions 1, 2, 5 and 15;
    - S7comm: data blocks below 1,000, values of at most 32 bits;
    - OPC UA: messages below 100,000 bytes, values below 1,000,000;
    - S7comm and OPC UA: no run of sixteen lower-case letters that spells one of the names made up here.

    Ids and titles are unique over protocols and seeds, so that several folders can be loaded as one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    speech = SPEECHES[protocol]
    chance = random.Random(f"{protocol} {seed}")
    for number in range(count):
        title = f"Bench {protocol} {seed} {number:05}"
        (folder / f"{title.lower().replace(' ', '_')}.yml").write_text(
            _file(title, protocol, _detection(number, speech, chance)), encoding="utf-8"
        )


def firing(folder: Path, share: float, *, protocol: str = "modbus") -> None:
    """Write one rule that fires on that share of Modbus messages, in steps of a hundredth.

    It counts on transaction ids that go up by one from request to request in each conversation; a response has its
    request's.
    """
    if protocol != "modbus":
        raise ValueError(f"no rule that fires on a share of {protocol}: its messages are not numbered alike")
    folder.mkdir(parents=True, exist_ok=True)
    hundredths = round(100 * share)
    wanted = [number for number in range(1 << 16) if number % 100 < hundredths]
    detection = f"  selection: {{modbus.transaction_id|in: {wanted}}}\n  condition: selection\n"
    text = _file(f"Bench fires on {hundredths} of 100", protocol, detection)
    (folder / "bench_fires.yml").write_text(text, encoding="utf-8")


def _file(title: str, protocol: str, detection: str) -> str:
    return (
        f"title: {title}\nid: {uuid.uuid5(NAMESPACE, title)}\nstatus: test\n"
        f"description: Detects what the bench's traffic does not hold.\nlevel: low\ntags: [attack.ics.t0855]\n"
        f"protocol: {protocol}\ndetection:\n{detection}"
        "falsepositives: [Unlikely]\n"
    )


def _detection(number: int, speech: Speech, chance: random.Random) -> str:
    turn = number // 10
    operation = f"{speech.operation}|in: [{speech.operations[turn % len(speech.operations)]}]"
    carrying = f"{speech.operation}|in: [{speech.with_values[turn % len(speech.with_values)]}]"
    if chance.random() < 0.3:
        operation = f"{operation}, message.kind: request"
    match number % 10:
        case 0 | 1:
            return _one(operation, _range(speech, chance))
        case 2:
            stations = sorted(chance.randint(*speech.stations) for _ in range(4))
            network = f"server.ip|cidr: 10.{chance.randrange(256)}.0.0/16"
            return _one(operation, f"{speech.station}|in: {sorted(set(stations))}", _range(speech, chance), network)
        case 3:
            return _one(operation, _outside(chance), _used(speech, chance))
        case 4:
            return _one(operation, _outside(chance), f"server.ip|cidr: 10.{chance.randrange(256)}.0.0/16")
        case 5:
            return (
                f"  selection: {{{operation}, {_used(speech, chance)}}}\n"
                "  filter_main_inside: {client.ip|cidr: 10.0.0.0/8}\n"
                "  condition: selection and not filter_main_inside\n"
            )
        case 6 | 7:
            values = sorted({chance.randint(*speech.free_value) for _ in range(chance.randint(2, 12))})
            return _one(carrying, f"{speech.value}|in: {values}")
        case 8:
            return _one(carrying, f'message.bytes|contains: "{speech.pattern(chance)}"')
        case _:
            return (
                f"  selection:\n    - {{{operation}, {_range(speech, chance)}}}\n"
                f"    - {{{operation}, {_outside(chance)}}}\n  condition: selection\n"
            )


def _one(*checks: str) -> str:
    return f"  selection: {{{', '.join(checks)}}}\n  condition: selection\n"


def _range(speech: Speech, chance: random.Random) -> str:
    """Behind what the traffic touches; narrow ones and wide ones, so that many overlap."""
    low = chance.randint(*speech.free_place)
    return f"{speech.place}|gte: {low}, {speech.place}|lte: {low + chance.choice((0, 10, 100, 1_000, 20_000))}"


def _used(speech: Speech, chance: random.Random) -> str:
    """Among what the traffic touches."""
    low = chance.randrange(speech.used_place)
    return f"{speech.place}|gte: {low}, {speech.place}|lte: {low + chance.choice((0, 10, 100, 1_000))}"


def _outside(chance: random.Random) -> str:
    network = chance.choice(("192.168.{}.0/24", "172.16.{}.0/24", "203.0.113.{}", "192.168.{}.64/26", "100.64.{}.0/23"))
    return f"client.ip|cidr: {network.format(chance.randrange(0, 256, 2))}"
