"""Modbus/TCP for the rules: what intruders do with it, one act a capture, between the reads of ordinary polling.

MODBUS Application Protocol Specification V1.1b3, 6.8.1 (sub-functions of 8), 7 (exceptions); CiA 309-2 (CANopen).
"""

from __future__ import annotations

from collections.abc import Callable

from pcaps.make.modbus import PORT, READ, READ_ANSWER, adu
from pcaps.make.rules_modbus import _pairs
from pcaps.make.talk import CLIENT, OUTSIDE, OUTSIDE_SERVER, Talk, station
from testbed.pcapfile import Frame

PANEL = CLIENT
POLL = (READ, READ_ANSWER)
TOGETHER = 20
"""Requests in one segment, where many come without waiting for answers."""


def _act(do: Callable[[Talk], None], client: tuple[str, str] = CLIENT) -> list[Frame]:
    frames: list[Frame] = []
    talk = Talk(frames, PORT, client=client)
    _pairs(talk, 1, POLL)
    do(talk)
    talk.end()
    return frames


def _write(register: int, value: int) -> bytes:
    return b"\x06" + register.to_bytes(2) + value.to_bytes(2)


def _read(register: int, quantity: int) -> bytes:
    return b"\x03" + register.to_bytes(2) + quantity.to_bytes(2)


def _in_bulk(talk: Talk, requests: list[bytes]) -> None:
    """Without waiting for answers, several in a segment."""
    messages = [adu(100 + number, request) for number, request in enumerate(requests)]
    for first in range(0, len(messages), TOGETHER):
        talk.ask(b"".join(messages[first : first + TOGETHER]))


def diagnostics_misused() -> list[Frame]:
    """The event log goes with a restart, the delimiter of serial frames is changed, counters are cleared."""
    same = [bytes.fromhex(text) for text in ("08 0001 ff00", "08 0003 2400", "08 000a 0000", "08 0014 0000")]
    return _act(lambda talk: _pairs(talk, 2, *((one, one) for one in same)))


def silenced_by_broadcast() -> list[Frame]:
    """All devices behind a gateway are told to listen only: nobody answers a broadcast."""
    return _act(lambda talk: talk.ask(adu(2, bytes.fromhex("08 0004 0000"), unit=0)))


def writes_refused() -> list[Frame]:
    """Twelve registers are tried; the device refuses each."""
    tried = [(_write(100 + number, 1), b"\x86\x02") for number in range(12)]
    return _act(lambda talk: _pairs(talk, 2, *tried))


def points_walked() -> list[Frame]:
    """Sixty registers are written one after the other, as by a tool that looks what happens."""
    tried = [_write(number, 1) for number in range(60)]
    return _act(lambda talk: _pairs(talk, 2, *((one, one) for one in tried)))


def point_hammered() -> list[Frame]:
    """One register is turned between two values three hundred times in a second."""
    return _act(lambda talk: _in_bulk(talk, [_write(20, 999 * (number % 2)) for number in range(320)]))


def registers_dumped() -> list[Frame]:
    """All registers are read from the first on, as many at a time as can be."""
    return _act(lambda talk: _in_bulk(talk, [_read(first, 125) for first in range(0, 65_536 - 125, 125)]))


def files_dumped() -> list[Frame]:
    """Thirty records of file 4 are read."""
    asked = [b"\x14\x07\x06\x00\x04" + number.to_bytes(2) + b"\x00\x02" for number in range(30)]
    answer = bytes.fromhex("14 06 05 06 0dfe 0020")
    return _act(lambda talk: _pairs(talk, 2, *((one, answer) for one in asked)))


def from_outside() -> list[Frame]:
    """A host of the internet reads and writes."""
    return _act(lambda talk: _pairs(talk, 2, (_write(20, 999), _write(20, 999))), OUTSIDE)


def canopen_written() -> list[Frame]:
    """An object of a CANopen node is written: bit 0 of the control byte."""
    write = bytes.fromhex("2b 0d 01 02 00 00 00 6040 00 0000 0002 0006")
    return _act(lambda talk: _pairs(talk, 2, (write, write[:11])))


def device_in_trouble() -> list[Frame]:
    """A device says that it is busy, again and again, and then that it fails."""
    busy, failing = [(READ, b"\x83\x06")] * 12, [(READ, b"\x83\x04")] * 6
    return _act(lambda talk: _pairs(talk, 2, *busy, *failing))


def reservation_refused() -> list[Frame]:
    """UMAS: the reservation is asked for six times; somebody else holds it."""
    take, refused = bytes.fromhex("5a 00 10 162a0000 07 454e472d504331"), bytes.fromhex("5a 00 fd 8180 c0c62d 00000000")
    return _act(lambda talk: _pairs(talk, 2, *[(take, refused)] * 6))


def coil_value() -> list[Frame]:
    """A coil is written with a value that is neither on nor off."""
    return _act(lambda talk: _pairs(talk, 2, (bytes.fromhex("05 0003 1234"), b"\x85\x03")))


def _at_each(numbers: range, *pairs: tuple[bytes, bytes]) -> list[Frame]:
    frames: list[Frame] = []
    for number in numbers:
        talk = Talk(frames, PORT, 40000 + number, PANEL, station(number))
        _pairs(talk, 1, *pairs)
        talk.end()
    return frames


def reader_of_four() -> list[Frame]:
    """What is learned: a panel that only reads four devices."""
    return _at_each(range(11, 15), *[POLL] * 10)


def four_written() -> list[Frame]:
    """The panel writes to four devices, one after the other: the same value to the same register."""
    return _at_each(range(11, 15), POLL, (_write(20, 0), _write(20, 0)))


def identified() -> list[Frame]:
    """Six stations are asked who they are."""
    answer = bytes.fromhex("2b 0e 01 01 00 00 01 00 04 4f747573")
    return _at_each(range(11, 17), (bytes.fromhex("2b 0e 01 00"), answer))


def six_polled() -> list[Frame]:
    """Six stations are read."""
    return _at_each(range(11, 17), POLL, POLL)


def public_inside() -> list[Frame]:
    """A plant that uses public addresses inside: both sides have one."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, client=OUTSIDE, server=OUTSIDE_SERVER)
    _pairs(talk, 1, POLL, (_write(20, 999), _write(20, 999)))
    talk.end()
    return frames


CHANGE = tuple(
    bytes.fromhex("5a" + text)
    for text in ("00 10 162a0000 07 454e472d504331", "2b 41 ff00", "2b 30 0001", "2b 40 ff00")
)
"""UMAS: reserve, stop, begin to load, start"""
DONE = bytes.fromhex("5a 2b fe")


def parts_of_a_umas_change() -> list[Frame]:
    """Four engineers, each of whom leaves one step of a change out."""
    frames: list[Frame] = []
    for left_out in range(len(CHANGE)):
        talk = Talk(frames, PORT, 40001 + left_out, station(110 + left_out))
        steps = [(POLL if at == left_out else (step, DONE)) for at, step in enumerate(CHANGE)]
        _pairs(talk, 1, *steps)
        talk.end()
    return frames


ROWS = (
    ("modbus/six_polled", ("modbus",), True, "six stations are read", six_polled),
    ("modbus/public_inside", ("modbus",), True, "both sides have public addresses", public_inside),
    (
        "modbus/parts_of_a_umas_change",
        ("modbus",),
        False,
        "each leaves one step of a change out",
        parts_of_a_umas_change,
    ),
    ("modbus/diagnostics_misused", ("modbus",), True, "counters, log and delimiter by function 8", diagnostics_misused),
    ("modbus/silenced_by_broadcast", ("modbus",), True, "listen only, to unit 0", silenced_by_broadcast),
    ("modbus/writes_refused", ("modbus",), True, "twelve writes, each refused", writes_refused),
    ("modbus/points_walked", ("modbus",), True, "sixty registers written in a row", points_walked),
    ("modbus/point_hammered", ("modbus",), True, "one register written 320 times", point_hammered),
    ("modbus/registers_dumped", ("modbus",), True, "all registers, 125 at a time", registers_dumped),
    ("modbus/files_dumped", ("modbus",), True, "thirty file records are read", files_dumped),
    ("modbus/from_outside", ("modbus",), True, "a write from an address of the internet", from_outside),
    ("modbus/canopen_written", ("modbus",), True, "a CANopen object is written", canopen_written),
    ("modbus/device_in_trouble", ("modbus",), True, "a device is busy, then fails", device_in_trouble),
    ("modbus/reservation_refused", ("modbus",), True, "UMAS: six reservations refused", reservation_refused),
    ("modbus/coil_value", ("modbus",), False, "a coil that is neither on nor off", coil_value),
    ("modbus/reader_of_four", ("modbus",), True, "what is learned: four devices are read", reader_of_four),
    ("modbus/four_written", ("modbus",), True, "the reader writes to four devices", four_written),
    ("modbus/identified", ("modbus",), True, "six stations are asked who they are", identified),
)
