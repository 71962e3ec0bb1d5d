"""Modbus that a stack refuses to say. Modbus Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3."""

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


def crc(frame: bytes) -> bytes:
    """A frame of the serial line with its CRC. MODBUS over Serial Line V1.02, 6.2.2."""
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return frame + struct.pack("<H", value)


def lrc(frame: bytes) -> bytes:
    """The same in hexadecimal digits. 2.5.2, 6.2.1."""
    return b":" + (frame + bytes([-sum(frame) & 0xFF])).hex().upper().encode() + b"\r\n"


SERIAL = tuple(
    (bytes.fromhex(ask), bytes.fromhex(answer))
    for ask, answer in (
        ("01 03 0000 0002", "01 03 04 01f4 01fb"),
        ("02 04 0064 0001", "02 04 02 0852"),
        ("01 01 0000 000a", "01 01 02 4902"),
        ("01 10 001e 0002 04 04b0 015e", "01 10 001e 0002"),
        ("01 05 0004 ff00", "01 05 0004 ff00"),
        ("01 11", "01 11 03 0a ff 42"),
        ("01 2b 0e 01 00", "01 2b 0e 01 01 00 00 02 00 04 4f747573 01 01 31"),
        ("02 03 1388 0001", "02 83 02"),
    )
)


def serial() -> list[Frame]:
    """A master behind two device servers, one that hands on RTU frames, one ASCII frames; RTU on port 502 too."""
    frames: list[Frame] = []
    for number, (port, framed) in enumerate(((4001, crc), (4002, lrc), (PORT, crc))):
        talk = Talk(frames, port, client_port=40010 + number)
        for ask, answer in SERIAL:
            talk.ask(framed(ask))
            talk.answer(framed(answer))
        ask, answer = (framed(frame) for frame in SERIAL[0])
        talk.ask(ask[:5], ask[5:])  # the device server sends on what it has after a while
        talk.answer(answer[:4], answer[4:])
        talk.end()
    return frames


def serial_errors() -> list[Frame]:
    """RTU frames that the line broke, between good ones."""
    frames: list[Frame] = []
    talk = Talk(frames, 4001, client_port=40020)
    (ask, answer), broken = (tuple(map(crc, SERIAL[0])), bytearray(crc(SERIAL[3][0])))
    broken[8] ^= 0x10
    talk.ask(ask)
    talk.answer(answer)
    talk.ask(bytes(broken))  # a bit turned on the line: nobody answers
    talk.ask(ask)
    talk.answer(answer[:4] + b"\x00" + answer[4:])  # a byte too many
    talk.ask(b"\r\nHB\r\n")  # heartbeat of the device server
    talk.ask(ask)
    talk.answer(answer)
    talk.end()
    return frames


def umas() -> list[Frame]:
    """An engineering station of Schneider's reads what a controller is, reserves it, loads a program and starts it."""
    said = (
        ("00 02", "00 fe 0e300b01 00000000 2002 0000 0900 0e0b 0102 00000000 0c 424d452050353820 31303230 01"),
        ("00 01 00", "00 fe fd03 0006 00003200 00000000 00"),
        ("00 10 162a0000 07 454e472d504331", "00 fe 2b"),
        ("2b 20 00 1300 00000000 0400", "2b fe 00 0400 01000100"),
        ("2b 22 37583d11 01 02 3000 01 1000 04", "2b fe 2a00"),
        ("2b 41 ff00", "2b fe"),
        ("2b 30 0001 fb00", "2b fe fb00"),
        ("2b 31 0001 0100 0400 41505800", "2b fe"),
        ("2b 32 0001 0100", "2b fe"),
        ("2b 40 ff00", "2b fe"),
        ("2b 11", "2b fe"),
        ("2b 11", "2b fd 8180 c0c62d 0000000000"),  # it has none any more
    )
    frames: list[Frame] = []
    talk = Talk(frames, PORT, client_port=40030)
    for number, (ask, answer) in enumerate(said):
        talk.ask(adu(number, b"\x5a" + bytes.fromhex(ask), unit=0))
        talk.answer(adu(number, b"\x5a" + bytes.fromhex(answer), unit=0))
    talk.end()
    return frames
