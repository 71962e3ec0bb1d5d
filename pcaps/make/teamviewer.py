"""TeamViewer's own protocol, both forms, as public research describes the frames around its commands."""

from __future__ import annotations

import struct

from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

PORT = 5938


def old(command: int, content: bytes = b"") -> bytes:
    return struct.pack(">HB", 0x1724, command) + struct.pack("<H", len(content)) + content


def new(command: int, packet: int, content: bytes = b"") -> bytes:
    return struct.pack(">HBB", 0x1130, command, 0) + struct.pack("<5I", len(content), packet, 1, 0, 0) + content


def ordinary() -> list[Frame]:
    """The old form on its port; the new one on another, with content over several segments."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.ask(old(10, bytes(32)))
    talk.answer(old(10, bytes(32)))
    talk.ask(old(18, bytes(range(64))))
    talk.answer(old(19, bytes(range(16))))
    talk.ask(old(16))
    talk.answer(old(17))
    talk.end()
    talk = Talk(frames, 8443, 40002)
    talk.ask(new(93, 1, bytes(64)))
    talk.answer(new(94, 1, bytes(64)))
    data = new(106, 2, bytes(2000))
    talk.answer(data[:1000], data[1000:])
    talk.ask(new(106, 3, bytes(20)))
    talk.end()
    return frames


def errors() -> list[Frame]:
    """An unknown command, a byte that should be 0, junk between two commands."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.ask(old(10, bytes(32)))
    talk.ask(old(200))
    broken = bytearray(new(106, 2))
    broken[3] = 1
    talk.ask(bytes(broken))
    talk.ask(b"\x01\x02\x03")
    talk.ask(old(16))
    talk.answer(old(17))
    talk.end()
    return frames


def foreign() -> list[Frame]:
    """HTTP on its port."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
    talk.answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    talk.end()
    return frames
