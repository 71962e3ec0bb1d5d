"""S7comm for the rules: what intruders do with it, one act a capture. Layouts as in `pcaps.make.s7comm`."""

from __future__ import annotations

import struct
from collections.abc import Callable

from pcaps.make.rules_s7comm import _connected, _job, _octets, _read, _user_data
from pcaps.make.s7comm import CONFIRM, CONNECT, PORT, answer, data, tpkt, userdata
from pcaps.make.talk import CLIENT, OUTSIDE, OUTSIDE_SERVER, SERVER, Talk
from testbed.pcapfile import Frame

SECURITY, CPU = 5, 4
REFUSED = bytes.fromhex("06 80 0001 0000 00")
"""COTP: a disconnect request in answer to a call (ISO 8073, 13.5)"""
TOGETHER = 10


Station = tuple[str, str]


def _act(do: Callable[[Talk], None], client: Station = CLIENT, server: Station = SERVER) -> list[Frame]:
    frames: list[Frame] = []
    talk = _connected(frames, client=client, server=server)
    _read(talk, 2)
    do(talk)
    talk.end()
    return frames


def passwords_refused() -> list[Frame]:
    """Five passwords, each refused."""
    head = bytes((0x00, 0x01, 0x12, 0x08, 0x12, 0x80 | SECURITY, 1, 1, 0, 0, 0xD6, 0x02))

    def do(talk: Talk) -> None:
        for reference in range(3, 8):
            talk.ask(data(userdata(reference, "04 11 45 01 00", bytes(range(reference, reference + 8)))))
            nothing = b"\x0a\x00\x00\x00"
            sizes = (0x32, 7, 0, reference, len(head), len(nothing))
            talk.answer(data(struct.pack(">BBHHHH", *sizes) + head + nothing))

    return _act(do)


def slots_tried() -> list[Frame]:
    """Eight racks and slots are called; one answers."""
    frames: list[Frame] = []
    for number in range(8):
        talk = Talk(frames, PORT, 40001 + number)
        talk.ask(tpkt(CONNECT[:-1] + bytes((number,))))
        talk.answer(tpkt(CONFIRM[:-1] + bytes((number,)) if number == 2 else REFUSED))
        talk.end()
    return frames


def connections_taken() -> list[Frame]:
    """A hundred and ten connections, none of which is closed."""
    frames: list[Frame] = []
    for number in range(110):
        talk = Talk(frames, PORT, 40001 + number)
        talk.ask(tpkt(CONNECT))
        talk.answer(tpkt(CONFIRM if number < 8 else REFUSED))
    return frames


def _item(area: int, block: int, address: int) -> bytes:
    """| 12 0a 10 | BYTE | 4 of them | DB | area | bit address |"""
    return bytes.fromhex("12 0a 10 02 0004") + block.to_bytes(2) + bytes((area,)) + (address << 3).to_bytes(3)


def accesses_refused() -> list[Frame]:
    """Writes to blocks that are protected, then reads of blocks that are not there."""

    def do(talk: Talk) -> None:
        for reference in range(3, 15):
            parameters = b"\x05\x01" + _item(0x84, reference, 0)
            talk.ask(data(_job(reference, parameters, bytes.fromhex("00 04 0020 000a000b"))))
            talk.answer(data(answer(reference, b"\x05\x01", b"\x03")))
        for reference in range(20, 45):
            talk.ask(data(_job(reference, b"\x04\x01" + _item(0x84, reference, 0))))
            talk.answer(data(answer(reference, b"\x04\x01", b"\x0a\x00\x00\x00")))

    return _act(do)


def outputs_written() -> list[Frame]:
    """Outputs are written past the program: in the process image, and in the periphery."""

    def do(talk: Talk) -> None:
        for reference, area in enumerate((0x82, 0x80), 3):
            talk.ask(data(_job(reference, b"\x05\x01" + _item(area, 0, 0), bytes.fromhex("00 04 0020 ffffffff"))))
            talk.answer(data(answer(reference, b"\x05\x01", b"\xff")))

    return _act(do)


def lists_walked() -> list[Frame]:
    """Forty parts of the system state list are asked for, most of which there are not."""

    def do(talk: Talk) -> None:
        for reference in range(3, 43):
            asked = _octets(struct.pack(">HH", 0x0100 + reference, 0))
            _user_data(talk, reference, CPU, 1, asked, b"\x0a\x00\x00\x00")

    return _act(do)


def protection_read() -> list[Frame]:
    """Which protection is set, and what stands in the diagnostic buffer."""

    def do(talk: Talk) -> None:
        for reference, (number, index) in enumerate(((0x0232, 4), (0x00A0, 0)), 3):
            asked = _octets(struct.pack(">HH", number, index))
            _user_data(talk, reference, CPU, 1, asked, b"\x0a\x00\x00\x00")

    return _act(do)


def from_outside() -> list[Frame]:
    """A host of the internet connects and reads."""
    return _act(lambda talk: _read(talk, 3), OUTSIDE)


def public_inside() -> list[Frame]:
    """A plant that uses public addresses inside: both sides have one."""
    return _act(lambda talk: _read(talk, 3), OUTSIDE, OUTSIDE_SERVER)


def mms() -> list[Frame]:
    """MMS on the same port. Its server confirms the call with a packet that is shorter than any (RFC 1006, 6)."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(tpkt(bytes.fromhex("11 e0 0000 0001 00 c0010d c1020001 c2020001")))
    talk.answer(tpkt(b"", length=5) + b"\x00\xd0\x80")
    connect = bytes.fromhex("0d 1a 05 06 13 01 00 16 01 02 c1 0c 31 0a a0 03 80 01 01 a2 03 80 01 01")
    talk.ask(data(connect))
    talk.answer(data(b"\x0e" + connect[1:]))
    talk.ask(data(bytes.fromhex("01 00 01 00 61 0c 30 0a 02 01 03 a0 05 a0 03 02 01 01")))
    talk.answer(data(bytes.fromhex("01 00 01 00 61 0c 30 0a 02 01 03 a0 05 a1 03 02 01 01")))
    talk.end()
    return frames


def mms_polling() -> list[Frame]:
    """A hundred and twenty messages of MMS on one connection."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(tpkt(CONNECT))
    talk.answer(tpkt(CONFIRM))
    for number in range(60):
        read = bytes.fromhex("01 00 01 00 61 0c 30 0a 02 01 03 a0 05 a0 03 02 01") + bytes((number,))
        talk.ask(data(read))
        talk.answer(data(read.replace(b"\xa0\x03", b"\xa1\x03")))
    talk.end()
    return frames


ROWS = (
    ("s7comm/public_inside", ("s7comm",), True, "both sides have public addresses", public_inside),
    ("s7comm/mms_polling", (), True, "MMS on one connection", mms_polling),
    ("s7comm/passwords_refused", ("s7comm",), True, "five passwords, each refused", passwords_refused),
    ("s7comm/slots_tried", ("cotp",), True, "eight racks and slots are called", slots_tried),
    ("s7comm/connections_taken", ("cotp",), True, "110 connections that are not closed", connections_taken),
    ("s7comm/accesses_refused", ("s7comm",), True, "writes and reads that are refused", accesses_refused),
    ("s7comm/outputs_written", ("s7comm",), True, "outputs are written past the program", outputs_written),
    ("s7comm/lists_walked", ("s7comm",), True, "forty parts of the system state list", lists_walked),
    ("s7comm/protection_read", ("s7comm",), True, "protection and diagnostic buffer are read", protection_read),
    ("s7comm/from_outside", ("s7comm",), True, "an address of the internet connects", from_outside),
    ("s7comm/mms_on_port", (), False, "MMS, whose server confirms the call wrongly", mms),
)
