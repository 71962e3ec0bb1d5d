"""MySQL: a login and what follows. Client/Server Protocol, connection and command phase."""

from __future__ import annotations

import struct

from pcaps.make import tls
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

PORT = 3306
FLAGS = 0x00088209  # 4.1, a secure connection, a named plugin, a database
SSL = 0x800


def packet(sequence: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "little") + bytes([sequence]) + content


def greeting(version: bytes = b"8.0.36") -> bytes:
    flags = FLAGS | SSL
    content = b"\x0a" + version + b"\0" + struct.pack("<I", 9) + bytes(range(65, 73)) + b"\0"
    content += struct.pack("<HBHHB", flags & 0xFFFF, 33, 2, flags >> 16, 21) + bytes(10) + bytes(range(65, 77)) + b"\0"
    return packet(0, content + b"mysql_native_password\0")


def login(user: bytes, proof: bytes, plugin: bytes = b"mysql_native_password", sequence: int = 1) -> bytes:
    content = struct.pack("<IIB", FLAGS, 1 << 24, 33) + bytes(23) + user + b"\0" + bytes([len(proof)]) + proof
    return packet(sequence, content + b"recipes\0" + plugin + b"\0")


def wish() -> bytes:
    return packet(1, struct.pack("<IIB", FLAGS | SSL, 1 << 24, 33) + bytes(23))


def fine(sequence: int) -> bytes:
    return packet(sequence, bytes.fromhex("00 00 00 0200 0000"))


def error(sequence: int, number: int, state: bytes, text: bytes) -> bytes:
    return packet(sequence, b"\xff" + struct.pack("<H", number) + b"#" + state + text)


def column(sequence: int, name: bytes) -> bytes:
    """Column definition: six texts with a length before each, then what kind of values it has."""
    texts = (b"def", b"recipes", b"tags", b"tags", name, name)
    kind = struct.pack("<BHIBHBH", 12, 33, 30, 0xFD, 0, 0, 0)
    return packet(sequence, b"".join(bytes([len(text)]) + text for text in texts) + kind)


def command(code: int, argument: bytes = b"") -> bytes:
    return packet(0, bytes([code]) + argument)


def ordinary() -> list[Frame]:
    """A refused login, a good one with statements, one whose plugin asks for the password in clear, one inside TLS."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.answer(greeting())
    talk.ask(login(b"root", bytes(range(20))))
    talk.answer(error(2, 1045, b"28000", b"Access denied for user 'root'@'10.77.2.101' (using password: YES)"))
    talk.end()
    talk = Talk(frames, PORT, 40002)
    talk.answer(greeting(b"5.5.5-10.6.16-MariaDB"))
    talk.ask(login(b"historian", b""))
    talk.answer(fine(2))
    talk.ask(command(3, b"SELECT value FROM tags"))
    rows = packet(4, b"\x0221") + packet(5, b"\xfe\0\0\x02\0")
    talk.answer(packet(1, b"\x01") + column(2, b"value") + packet(3, b"\xfe\0\0\x02\0") + rows)
    talk.ask(command(3, b"/* x */ drop table tags"))
    talk.answer(error(1, 1142, b"42000", b"DROP command denied"))
    talk.ask(command(1))
    talk.end()
    talk = Talk(frames, PORT, 40003)
    talk.answer(greeting())
    talk.ask(login(b"svc", b"", b"caching_sha2_password"))
    talk.answer(packet(2, b"\xfemysql_clear_password\0"))
    talk.ask(packet(3, b"123456\0"))
    talk.answer(fine(4))
    talk.end()
    talk = Talk(frames, PORT, 40004)
    talk.answer(greeting())
    talk.ask(wish(), tls.record(tls.old_hello()))
    talk.answer(tls.record(tls.server_hello(0x0303, 0xC02F)))
    talk.end()
    return frames


def errors() -> list[Frame]:
    """A login that ends early, a command that does not exist."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.answer(greeting())
    talk.ask(packet(1, struct.pack("<IIB", FLAGS, 1 << 24, 33) + bytes(23) + b"root\0\x14short"))
    talk.answer(fine(2))
    talk.ask(command(0x77))
    talk.answer(error(1, 1047, b"08S01", b"Unknown command"))
    talk.end()
    return frames


def foreign() -> list[Frame]:
    """HTTP on port 3306."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(b"GET / HTTP/1.1\r\nHost: 10.77.2.11:3306\r\n\r\n")
    talk.answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    talk.end()
    return frames
