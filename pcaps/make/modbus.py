"""Modbus/TCP that a stack refuses to say. Modbus Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3."""

from __future__ import annotations

import struct

from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

PORT = 502


def adu(transaction: int, pdu: bytes, unit: int = 1, protocol: int = 0, length: int | None = None) -> bytes:
    """| transaction | protocol | length = unit and PDU | unit | PDU |; any of them may be a lie."""
    return struct.pack(">HHHB", transaction, protocol, len(pdu) + 1 if length is None else length, unit) + pdu


READ = bytes.fromhex("03 0000 0002")
READ_ANSWER = bytes.fromhex("03 04 0001 0002")


def errors() -> list[Frame]:
    """One connection; a good pair first and last, so that a reader shows it found its way back."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(adu(1, READ))
    talk.answer(adu(1, READ_ANSWER))
    talk.ask(adu(2, READ, protocol=7))  # protocol id is always 0
    talk.ask(adu(3, b"\x00\x00\x00"))  # function code 0 does not exist
    talk.answer(adu(3, b"\x80\x01"))
    talk.ask(adu(4, b"\x83\x02"))  # a master never sends an exception
    talk.answer(adu(99, READ_ANSWER))  # nobody asked 99
    talk.ask(adu(5, bytes.fromhex("10 0000 0002 04 0001")))  # four bytes announced, two there
    talk.answer(adu(5, b"\x90\x03"))
    talk.ask(adu(6, bytes.fromhex("03 0000 07d0")))  # 2000 registers; 125 are allowed
    talk.answer(adu(6, b"\x83\x03"))
    talk.ask(adu(7, bytes.fromhex("06 0014 ffff"), unit=0))  # broadcast: no answer comes
    talk.ask(adu(8, READ, length=1))  # shorter than its own unit and function code
    talk.ask(adu(9, READ, length=0xFFFF))  # longer than any ADU
    talk.ask(adu(10, READ))
    talk.answer(adu(10, READ_ANSWER))
    talk.end()
    return frames


def foreign() -> list[Frame]:
    """A browser at port 502."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(b"GET / HTTP/1.1\r\nHost: 10.77.2.11:502\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n")
    talk.answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    talk.end()
    return frames
