"""OPC UA TCP that a stack refuses to say. OPC 10000-6, 7.1.2 (message header, Hello, Error), 6.7.2 (chunks)."""

from __future__ import annotations

import struct

from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

PORT = 4840
URL = b"opc.tcp://10.77.2.11:4840/plant"


def message(kind: bytes, body: bytes, chunk: bytes = b"F", size: int | None = None) -> bytes:
    """| type(3) | chunk | size, little-endian, of all of it | body |"""
    return kind + chunk + struct.pack("<I", len(body) + 8 if size is None else size) + body


HELLO = message(b"HEL", struct.pack("<IIIIII", 0, 65536, 65536, 0, 0, len(URL)) + URL)
ACKNOWLEDGE = message(b"ACK", struct.pack("<IIIII", 0, 65536, 65536, 0, 0))


def errors() -> list[Frame]:
    """Each connection ends as a server would end it: by an Error message, or by going away."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.ask(HELLO)
    talk.answer(ACKNOWLEDGE)
    talk.ask(message(b"XYZ", b"what is this"))  # no such message type
    talk.answer(message(b"ERR", struct.pack("<II", 0x807E0000, 0xFFFFFFFF)))  # BadTcpMessageTypeInvalid, no reason
    talk.end()
    talk = Talk(frames, PORT, 40002)
    talk.ask(HELLO)
    talk.answer(ACKNOWLEDGE)
    talk.ask(message(b"MSG", b"", size=4))  # shorter than its own header
    talk.end()
    talk = Talk(frames, PORT, 40003)
    talk.ask(HELLO)
    talk.answer(ACKNOWLEDGE)
    talk.ask(message(b"MSG", b"\x00" * 16, size=0x7FFFFFFF))  # 2 GB announced
    talk.answer(message(b"ERR", struct.pack("<II", 0x80800000, 0xFFFFFFFF)))  # BadTcpMessageTooLarge
    talk.end()
    talk = Talk(frames, PORT, 40004)
    talk.ask(HELLO)
    talk.answer(ACKNOWLEDGE)
    header = struct.pack("<IIII", 1, 1, 1, 1)  # channel, token, sequence, request
    talk.ask(message(b"MSG", header + b"\x01\x00\x77\x02", chunk=b"C"))  # a first chunk …
    talk.ask(message(b"MSG", header + struct.pack("<II", 0x80010000, 0xFFFFFFFF), chunk=b"A"))  # … taken back
    talk.end()
    talk = Talk(frames, PORT, 40005)
    talk.ask(HELLO)
    talk.answer(ACKNOWLEDGE)
    # Two answers that nobody asked for: a ServiceFault, and a message taken back of which nothing came.
    fault = struct.pack("<BBHQIIBi", 1, 0, 397, 0, 9, 0x800B0000, 0, -1) + bytes(3)
    talk.answer(message(b"MSG", struct.pack("<IIII", 1, 1, 1, 9) + fault))
    talk.answer(message(b"MSG", struct.pack("<IIIIIi", 1, 1, 2, 10, 0x80010000, -1), chunk=b"A"))
    talk.end()
    return frames


def foreign() -> list[Frame]:
    """SSH at port 4840."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.answer(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
    talk.ask(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
    talk.end()
    return frames
