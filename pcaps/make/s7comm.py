"""S7comm that a stack refuses to say, and COTP that carries something else. RFC 1006, 6; ISO 8073, 13."""

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


def _connected(frames: list[Frame]) -> Talk:
    talk = Talk(frames, PORT)
    talk.ask(tpkt(CONNECT))
    talk.answer(tpkt(CONFIRM))
    return talk


def errors() -> list[Frame]:
    """One connection; a good pair first and last."""
    frames: list[Frame] = []
    talk = _connected(frames)
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
    talk = _connected(frames)
    talk.ask(data(bytes.fromhex("72 01 000f 31000004ca00000001000000013600 72 01 0000")))
    talk.answer(data(bytes.fromhex("0d 1a 05 06 13 01 00 16 01 02 c1 0c 31 0a a0 03 80 01 01 a2 03 80 01 01")))
    talk.end()
    return frames
