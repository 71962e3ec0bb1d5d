"""PostgreSQL: a login and what follows. PostgreSQL 17 documentation, 53.7."""

from __future__ import annotations

import struct

from pcaps.make import tls
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

PORT = 5432
WISH_TLS, WISH_GSS = 80_877_103, 80_877_104


def first(code: int, content: bytes = b"") -> bytes:
    return struct.pack(">II", len(content) + 8, code) + content


def startup(user: bytes, database: bytes = b"recipes") -> bytes:
    words = (b"user", user, b"database", database, b"application_name", b"psql")
    return first(196_608, b"".join(word + b"\0" for word in words) + b"\0")


def message(letter: bytes, content: bytes) -> bytes:
    return letter + struct.pack(">I", len(content) + 4) + content


def authentication(code: int, content: bytes = b"") -> bytes:
    return message(b"R", struct.pack(">I", code) + content)


def error(state: bytes, text: bytes) -> bytes:
    return message(b"E", b"SFATAL\0VFATAL\0C" + state + b"\0M" + text + b"\0\0")


READY = message(b"Z", b"I")


def ordinary() -> list[Frame]:
    """A weak password in clear, a refused login, TLS refused and granted."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.ask(first(WISH_TLS))
    talk.answer(b"N")
    talk.ask(startup(b"historian"))
    talk.answer(authentication(3))
    talk.ask(message(b"p", b"123456\0"))
    talk.answer(authentication(0) + message(b"S", b"server_version\x0015.6\0") + READY)
    talk.ask(message(b"Q", b"SELECT value FROM tags\0"))
    talk.answer(message(b"T", bytes(20)) + message(b"D", bytes(30)) + message(b"C", b"SELECT 1\0") + READY)
    talk.ask(message(b"Q", b"drop table tags\0"))
    talk.answer(error(b"42501", b"must be owner of table tags") + READY)
    talk.ask(message(b"X", b""))
    talk.end()
    talk = Talk(frames, PORT, 40002)
    talk.ask(startup(b"postgres"))
    talk.answer(authentication(5, b"salt"))
    talk.ask(message(b"p", b"md5" + b"0" * 32 + b"\0"))
    talk.answer(error(b"28P01", b'password authentication failed for user "postgres"'))
    talk.end()
    talk = Talk(frames, PORT, 40003)
    talk.ask(first(WISH_TLS))
    talk.answer(b"S")
    talk.ask(tls.record(tls.new_hello()))
    talk.answer(tls.record(tls.server_hello(0x0303, 0xC02F)))
    talk.end()
    return frames


def errors() -> list[Frame]:
    """A login whose last word does not end, bytes between messages."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.ask(first(196_608, b"user\0historian\0database\0rec"))
    talk.answer(authentication(0) + READY)
    talk.ask(b"\0" * 12 + message(b"Q", b"SELECT 1\0"))
    talk.answer(message(b"C", b"SELECT 1\0") + READY)
    talk.end()
    return frames


def foreign() -> list[Frame]:
    """Bytes of nobody on port 5432."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(b"\x01\x02\x03\x04 bytes of nobody")
    talk.answer(b"\x00\x00 and the answer to them")
    talk.end()
    return frames
