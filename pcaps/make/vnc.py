"""VNC up to its first picture. RFC 6143 7.1 to 7.3."""

from __future__ import annotations

import struct

from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

PORT = 5900
NEW = b"RFB 003.008\n"
OLD = b"RFB 003.003\n"


def counted(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


def desktop(name: bytes) -> bytes:
    return struct.pack(">HH", 1280, 1024) + bytes(16) + counted(name)


def ordinary() -> list[Frame]:
    """A password that is right, one that is wrong, no password in 3.3, and a type that is encrypted."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.answer(NEW)
    talk.ask(NEW)
    talk.answer(b"\x02\x02\x10")
    talk.ask(b"\x02")
    talk.answer(bytes(range(16)))
    talk.ask(bytes(range(16, 32)))
    talk.answer(bytes(4))
    talk.ask(b"\x01")
    talk.answer(desktop(b"HMI line 3"))
    talk.ask(bytes(20))
    talk.end()
    talk = Talk(frames, PORT, 40002)
    talk.answer(NEW)
    talk.ask(NEW)
    talk.answer(b"\x01\x02")
    talk.ask(b"\x02")
    talk.answer(bytes(range(16)))
    talk.ask(bytes(range(16, 32)))
    talk.answer(b"\0\0\0\x01" + counted(b"Authentication failed"))
    talk.end()
    talk = Talk(frames, PORT, 40003)
    talk.answer(OLD)
    talk.ask(OLD)
    talk.answer(b"\0\0\0\x01")
    talk.ask(b"\0")
    talk.answer(desktop(b"panel"))
    talk.end()
    talk = Talk(frames, PORT, 40004)
    talk.answer(NEW)
    talk.ask(NEW)
    talk.answer(b"\x01\x13")
    talk.ask(b"\x13")
    talk.answer(b"\0\x02")
    talk.end()
    return frames


def errors() -> list[Frame]:
    """A choice that was not offered, a name longer than any, an answer that is no version."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.answer(NEW)
    talk.ask(NEW)
    talk.answer(b"\x01\x02")
    talk.ask(b"\x01")
    talk.answer(bytes(4))
    talk.ask(b"\x01")
    talk.answer(struct.pack(">HH", 640, 480) + bytes(16) + b"\xff\xff\xff\xff" + b"endless")
    talk.end()
    talk = Talk(frames, PORT, 40002)
    talk.answer(NEW)
    talk.ask(b"GET / HTTP/1.1\r\n\r\n")
    talk.end()
    return frames


def foreign() -> list[Frame]:
    """HTTP on port 5900."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(b"GET / HTTP/1.1\r\nHost: 10.77.2.11:5900\r\n\r\n")
    talk.answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    talk.end()
    return frames
