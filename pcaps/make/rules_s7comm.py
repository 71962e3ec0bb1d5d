"""S7comm for the rules: a status panel, first writes, and test functions of a programming device."""

from __future__ import annotations

import struct

from pcaps.make.rules_modbus import OPERATOR
from pcaps.make.s7comm import CONFIRM, CONNECT, PORT, READ, READ_ANSWER_DATA, SETUP, answer, data, tpkt
from pcaps.make.talk import CLIENT, SERVER, Talk
from testbed.pcapfile import Frame

WRITE = bytes.fromhex("05 01 12 0a 10 02 0004 0001 84 000000")
WRITE_DATA = bytes.fromhex("00 04 0020 000a000b")
PROGRAMMER, BLOCKS, CPU, TIME = 1, 3, 4, 7  # groups of user data functions


def _connected(
    frames: list[Frame], port: int = 40001, client: tuple[str, str] = CLIENT, server: tuple[str, str] = SERVER
) -> Talk:
    talk = Talk(frames, PORT, port, client, server)
    talk.ask(tpkt(CONNECT))
    talk.answer(tpkt(CONFIRM))
    talk.ask(data(_job(1, SETUP)))
    talk.answer(data(answer(1, SETUP)))
    return talk


def _job(reference: int, parameters: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">BBHHHH", 0x32, 1, 0, reference, len(parameters), len(content)) + parameters + content


def _read(talk: Talk, reference: int) -> None:
    talk.ask(data(_job(reference, READ)))
    talk.answer(data(answer(reference, b"\x04\x01", READ_ANSWER_DATA)))


def _write(talk: Talk, reference: int) -> None:
    talk.ask(data(_job(reference, WRITE, WRITE_DATA)))
    talk.answer(data(answer(reference, b"\x05\x01", b"\xff")))


def _user_data(talk: Talk, reference: int, group: int, function: int, asked: bytes, answered: bytes) -> None:
    """| 0x32 | 7 | 0 | reference | lengths | 00 01 12 | rest | 11, 12 | type, group | function | sequence | data |"""
    head = bytes((0x00, 0x01, 0x12, 0x04, 0x11, 0x40 | group, function, 0))
    talk.ask(data(struct.pack(">BBHHHH", 0x32, 7, 0, reference, len(head), len(asked)) + head + asked))
    head = bytes((0x00, 0x01, 0x12, 0x08, 0x12, 0x80 | group, function, 1, 0, 0, 0, 0))
    talk.answer(data(struct.pack(">BBHHHH", 0x32, 7, 0, reference, len(head), len(answered)) + head + answered))


def _octets(content: bytes) -> bytes:
    """A data item: return code 0xff, transport size 9, length."""
    return b"\xff\x09" + struct.pack(">H", len(content)) + content


def _szl(talk: Talk, reference: int, number: int, record: bytes) -> None:
    asked = _octets(struct.pack(">HH", number, 0))
    _user_data(talk, reference, CPU, 1, asked, _octets(struct.pack(">HHHH", number, 0, len(record), 1) + record))


def status_panel() -> list[Frame]:
    """A panel asks for the operating mode, the LEDs, the clock and a few values, as panels do."""
    frames: list[Frame] = []
    talk = _connected(frames)
    mode = bytes.fromhex("5104 ff08 0000 0000 94 01 01 01 00 00 00 00 00 00 00 00")  # SZL 0x0424: RUN
    _szl(talk, 2, 0x0424, mode)
    _szl(talk, 3, 0x0074, bytes.fromhex("0004 01 00"))  # the RUN LED is on
    clock = bytes.fromhex("00 19 26 01 01 08 00 00 00 05")  # 2026-01-01 08:00:00, binary-coded decimals
    _user_data(talk, 4, TIME, 1, b"\x0a\x00\x00\x00", _octets(clock))
    _read(talk, 5)
    talk.end()
    return frames


def block_list() -> list[Frame]:
    """Which blocks does the controller hold: the number of each type."""
    frames: list[Frame] = []
    talk = _connected(frames)
    counts = b"".join(
        bytes((0x30, kind)) + struct.pack(">H", count) for kind, count in ((0x38, 3), (0x41, 5), (0x43, 9))
    )
    _user_data(talk, 2, BLOCKS, 1, b"\x0a\x00\x00\x00", _octets(counts))
    talk.end()
    return frames


def force() -> list[Frame]:
    """A programming device forces an output, whatever the program says."""
    frames: list[Frame] = []
    talk = _connected(frames)
    job = bytes.fromhex("0014 0002 0000 0000 0001 0010 0001 0000 0001 0001")
    _user_data(talk, 2, PROGRAMMER, 9, _octets(job), b"\x0a\x00\x00\x00")
    talk.end()
    return frames


def reader() -> list[Frame]:
    """What is learned: a panel that only reads, an operator station that reads and writes."""
    frames: list[Frame] = []
    panel, operator = _connected(frames), _connected(frames, 40002, OPERATOR)
    for turn in range(20):
        _read(panel, 2 + turn)
        _read(operator, 2 + 2 * turn)
        _write(operator, 3 + 2 * turn)
    panel.end()
    operator.end()
    return frames


def write_after_reads() -> list[Frame]:
    """The panel writes, for the first time."""
    frames: list[Frame] = []
    panel = _connected(frames)
    _read(panel, 2)
    _write(panel, 3)
    panel.end()
    return frames


def operator_shift() -> list[Frame]:
    """The panel reads, the operator writes: as learned."""
    frames: list[Frame] = []
    panel, operator = _connected(frames), _connected(frames, 40002, OPERATOR)
    _read(panel, 2)
    _write(operator, 2)
    _read(operator, 3)
    panel.end()
    operator.end()
    return frames
