"""S7comm that a stack refuses to say, COTP that carries something else, and S7comm-plus. RFC 1006, 6; ISO 8073, 13."""

from __future__ import annotations

import struct

from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

PORT = 102
CONNECT = bytes.fromhex("11 e0 0000 0001 00 c0010a c1020100 c2020102")
CONFIRM = bytes.fromhex("11 d0 0001 0002 00 c0010a c1020100 c2020102")
SETUP = bytes.fromhex("f0 00 0001 0001 01e0")
READ = bytes.fromhex("04 01 12 0a 10 02 0004 0001 84 000000")
READ_ANSWER_DATA = bytes.fromhex("ff 04 0020 00010002")


def tpkt(payload: bytes, length: int | None = None) -> bytes:
    return struct.pack(">BBH", 3, 0, len(payload) + 4 if length is None else length) + payload


def data(payload: bytes, last: bool = True) -> bytes:
    return tpkt(b"\x02\xf0" + (b"\x80" if last else b"\x00") + payload)


def job(reference: int, parameters: bytes, parameter_length: int | None = None) -> bytes:
    length = len(parameters) if parameter_length is None else parameter_length
    return struct.pack(">BBHHHH", 0x32, 1, 0, reference, length, 0) + parameters


def answer(reference: int, parameters: bytes, content: bytes = b"", error: int = 0) -> bytes:
    return struct.pack(">BBHHHHH", 0x32, 3, 0, reference, len(parameters), len(content), error) + parameters + content


def connected(frames: list[Frame]) -> Talk:
    talk = Talk(frames, PORT)
    talk.ask(tpkt(CONNECT))
    talk.answer(tpkt(CONFIRM))
    return talk


def errors() -> list[Frame]:
    """One connection; a good pair first and last."""
    frames: list[Frame] = []
    talk = connected(frames)
    talk.ask(data(job(1, SETUP)))
    talk.answer(data(answer(1, SETUP)))
    talk.ask(data(job(2, b"\x99\x01\x02")))  # no such function
    talk.answer(data(answer(2, b"\x99", error=0x8104)))
    talk.ask(data(job(3, READ, parameter_length=200)))  # parameters longer than the PDU
    talk.answer(data(answer(77, b"\x04\x01", READ_ANSWER_DATA)))  # nobody asked 77
    talk.ask(data(b"\x32"))  # cut after the first byte
    talk.ask(tpkt(b"", length=3))  # a TPKT shorter than its own header
    talk.ask(data(job(5, READ)[:9], last=False), data(job(5, READ)[9:]))  # in two COTP pieces: odd, and right
    talk.answer(data(answer(5, b"\x04\x01", READ_ANSWER_DATA)))
    talk.end()
    return frames


def foreign() -> list[Frame]:
    """S7comm-plus (0x72) and MMS stand on the same port: COTP, but not S7comm."""
    frames: list[Frame] = []
    talk = connected(frames)
    talk.ask(data(bytes.fromhex("72 01 000f 31000004ca00000001000000013600 72 01 0000")))
    talk.answer(data(bytes.fromhex("0d 1a 05 06 13 01 00 16 01 02 c1 0c 31 0a a0 03 80 01 01 a2 03 80 01 01")))
    talk.end()
    return frames


QUALIFIER = bytes.fromhex("000004e8 8969 0012 00000000 896a 0013 00 896b 0004 00 00 00000000")
FLAGS = b"\x34"


def plus(content: bytes, version: int = 2, last: bool = True) -> bytes:
    trailer = struct.pack(">BBH", 0x72, version, 0) if last else b""
    return data(struct.pack(">BBH", 0x72, version, len(content)) + content + trailer)


def plus_ask(function: int, sequence: int, content: bytes, session: int = 0x3BE) -> bytes:
    return struct.pack(">BHHHHI", 0x31, 0, function, 0, sequence, session) + FLAGS + content


def plus_answer(function: int, sequence: int, content: bytes) -> bytes:
    return struct.pack(">BHHHH", 0x32, 0, function, 0, sequence) + FLAGS + content


def plus_session() -> list[Frame]:
    """An engineering station: session, explore, read, write in two parts, values that are sent, stop, start, end."""
    frames: list[Frame] = []
    talk = connected(frames)
    name, identity = b"Engineering", b"1;6ES7 211-1BE31-0XB0 ;V3.0"
    text = lambda attribute, value: attribute + b"\x00\x15" + bytes([len(value)]) + value  # noqa: E731
    new = bytes.fromhex("0000011d 0004 00 00000000 a1 000000d3 821f 00 00")
    talk.ask(plus(plus_ask(0x04CA, 1, new + text(b"\xa3\x81\x69", name) + b"\xa2" + bytes(4), session=0x120), 1))
    made = bytes.fromhex("00 01 873e a1 00000120 821f 00 00 a3 8232 0017 0000013a")
    talk.answer(plus(plus_answer(0x04CA, 1, made + text(b"\x82\x3f", identity) + b"\x00\xa2" + bytes(4)), 1))
    talk.ask(plus(plus_ask(0x04BB, 2, bytes.fromhex("00000034 00 01 01 00 00") + bytes(4))))
    talk.answer(plus(plus_answer(0x04BB, 2, bytes.fromhex("00 00000034 a1 00000034 832f 00 00 a2") + bytes(4))))
    address = bytes.fromhex("81ffccb577 88d0b88003 02 9376 0a")  # DB3, the variable with LID 10
    talk.ask(plus(plus_ask(0x054C, 3, bytes.fromhex("00000000 01 05") + address + QUALIFIER)))
    talk.answer(plus(plus_answer(0x054C, 3, bytes.fromhex("00 01 000e 41aa70aa 00 00 00") + bytes(4))))
    write = plus_ask(
        0x0542, 4, bytes.fromhex("00000000 01 05") + address + bytes.fromhex("01 000e 42000000 00") + QUALIFIER
    )
    talk.ask(plus(write[:20], last=False), plus(write[20:]))
    talk.answer(plus(plus_answer(0x0542, 4, bytes(7))))
    talk.answer(plus(bytes.fromhex("33 70000e51 0400 0000 0000 c9 05 01 92 00000005 000e 41aa70aa 00") + bytes(4)))
    for sequence, state in ((5, 1), (6, 3)):
        request = bytes.fromhex("00000034 01 9077 0008") + bytes([state])
        talk.ask(plus(plus_ask(0x04F2, sequence, request + QUALIFIER)))
        talk.answer(plus(plus_answer(0x04F2, sequence, bytes(6))))
    talk.ask(plus(plus_ask(0x04D4, 7, bytes.fromhex("000003be") + QUALIFIER)))
    talk.answer(plus(plus_answer(0x04D4, 7, bytes.fromhex("00 000003be") + bytes(5))))
    talk.end()
    return frames


def userdata(reference: int, parameters: str, content: bytes) -> bytes:
    head, body = b"\x00\x01\x12" + bytes.fromhex(parameters), struct.pack(">BBH", 0xFF, 9, len(content)) + content
    return struct.pack(">BBHHHH", 0x32, 7, 0, reference, len(head), len(body)) + head + body


def station() -> list[Frame]:
    """What a station tells about itself: identification, protection, mode, an alarm and its acknowledgement."""
    frames: list[Frame] = []
    talk = connected(frames)
    talk.ask(data(job(1, SETUP)))
    talk.answer(data(answer(1, SETUP)))
    order, blank = b"6ES7 315-2EH14-0AB0 ", b" " * 20
    module = struct.pack(">H20sHHH", 1, order, 0xC0, 3, 1) + struct.pack(">H20sHHH", 7, blank, 0xC0, 0x5603, 0x0207)
    component = struct.pack(">H32sH32s", 1, b"SIMATIC 300", 5, b"S C-X4U421302009")
    protection = struct.pack(">5H", 4, 1, 3, 3, 2) + bytes(30)
    mode = bytes.fromhex("5140 ff 48 00000000 00000000 2601010000000004")
    lists = ((0x0011, 0, 28, module), (0x001C, 0, 34, component), (0x0232, 4, 40, protection), (0x0424, 0, 20, mode))
    for reference, (number, index, width, records) in enumerate(lists, 2):
        talk.ask(data(userdata(reference, "04 11 44 01 00", struct.pack(">HH", number, index))))
        content = struct.pack(">HHHH", number, index, width, len(records) // width) + records
        talk.answer(data(userdata(reference, "08 12 84 01 01 00 00 0000", content)))
    alarm = bytes.fromhex("2601010000000004 40 01 12 0a 16 00 000000c2 01 01 00 00")
    talk.answer(data(userdata(0, "04 11 04 05 00", alarm)))
    talk.ask(data(userdata(7, "04 11 44 0b 00", bytes.fromhex("00 01 12 08 19 00 000000c2 00 01"))))
    talk.answer(data(userdata(7, "08 12 84 0b 01 00 00 0000", bytes.fromhex("00 01 ff"))))
    talk.end()
    return frames
