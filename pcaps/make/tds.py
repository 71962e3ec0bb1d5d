"""TDS of SQL Server. [MS-TDS] 2.2."""

from __future__ import annotations

import struct

from pcaps.make import tls
from pcaps.make.smb import ntlm, wide
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

PORT = 1433
ENCRYPT_OFF, ENCRYPT_NOT_SUPPORTED = 0, 2


def packet(kind: int, content: bytes, status: int = 1, number: int = 1) -> bytes:
    return struct.pack(">BBHHBB", kind, status, len(content) + 8, 0, number, 0) + content


def prelogin(kind: int, encryption: int, version: bytes = b"\x0f\x00\x07\xd0\x00\x00") -> bytes:
    head = 5 * 3 + 1
    options = struct.pack(">BHHBHHBHHB", 0, head, 6, 1, head + 6, 1, 2, head + 7, 1, 0xFF)
    return packet(kind, options + version + bytes([encryption]) + b"\0")


def hidden(password: str) -> bytes:
    return bytes(((byte << 4 | byte >> 4) & 0xFF) ^ 0xA5 for byte in wide(password))


def login(user: str, password: str, token: bytes = b"") -> bytes:
    texts = [
        wide("ENG7"),
        wide(user),
        hidden(password),
        wide("Historian"),
        wide("10.77.2.11"),
        b"",
        wide("ODBC"),
        b"",
        wide("recipes"),
    ]
    at = 94
    table = b""
    for text in texts:
        table += struct.pack("<HH", at, len(text) // 2)
        at += len(text)
    table += bytes(6) + struct.pack("<HH", at, len(token)) + struct.pack("<HHHHI", at, 0, at, 0, 0)
    flags = bytes([0xE0, 0x83 if token else 0x03, 0, 0])
    content = struct.pack("<IIIII", 0x74000004, 4096, 7, 4711, 0) + flags + struct.pack("<iI", 0, 0x409) + table
    content += b"".join(texts) + token
    return packet(16, struct.pack("<I", len(content) + 4) + content)


def token(kind: int, content: bytes) -> bytes:
    return struct.pack("<BH", kind, len(content)) + content


def done(status: int = 0) -> bytes:
    return struct.pack("<BHHQ", 0xFD, status, 0, 1)


def accepted() -> bytes:
    program = wide("Microsoft SQL Server")
    body = b"\x01" + struct.pack(">I", 0x74000004) + bytes([len(program) // 2]) + program + b"\x0f\x00\x07\xd0"
    return packet(4, token(0xE3, b"\x01\x00\x00") + token(0xAD, body) + done())


def error(number: int, text: str) -> bytes:
    body = struct.pack("<IBBH", number, 1, 14, len(text)) + wide(text) + b"\0\0" + struct.pack("<I", 1)
    return packet(4, token(0xAA, body) + done(2))


def batch(statement: str) -> bytes:
    headers = struct.pack("<IIHQI", 22, 18, 2, 0, 1)
    return packet(1, headers + wide(statement))


def call(name: str) -> bytes:
    headers = struct.pack("<IIHQI", 22, 18, 2, 0, 1)
    return packet(3, headers + struct.pack("<H", len(name)) + wide(name) + b"\0\0")


def ordinary() -> list[Frame]:
    """A refused and a good login in clear with statements, one by Windows, one inside TLS."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.ask(prelogin(18, ENCRYPT_NOT_SUPPORTED))
    talk.answer(prelogin(4, ENCRYPT_NOT_SUPPORTED))
    talk.ask(login("sa", "sa"))
    talk.answer(error(18456, "Login failed for user 'sa'."))
    talk.end()
    talk = Talk(frames, PORT, 40002)
    talk.ask(prelogin(18, ENCRYPT_NOT_SUPPORTED))
    talk.answer(prelogin(4, ENCRYPT_NOT_SUPPORTED))
    talk.ask(login("historian", "q8#Lw0!zzK"))
    talk.answer(accepted())
    talk.ask(batch("SELECT value FROM tags"))
    talk.answer(packet(4, b"\x81\x01\x00" + bytes(40), 0) + packet(4, bytes(60), 1, 2))
    talk.ask(batch("EXEC xp_cmdshell 'dir'"))
    talk.answer(error(229, "The EXECUTE permission was denied."))
    talk.ask(call("sp_configure"))
    talk.answer(packet(4, b"\x79" + bytes(4) + done()))
    talk.end()
    talk = Talk(frames, PORT, 40003)
    talk.ask(prelogin(18, ENCRYPT_NOT_SUPPORTED))
    talk.answer(prelogin(4, ENCRYPT_NOT_SUPPORTED))
    talk.ask(login("", "", ntlm("svc", "PLANT")))
    talk.answer(accepted())
    talk.end()
    talk = Talk(frames, PORT, 40004)
    talk.ask(prelogin(18, ENCRYPT_OFF))
    talk.answer(prelogin(4, ENCRYPT_OFF))
    talk.ask(packet(18, tls.record(tls.old_hello())))
    talk.answer(packet(18, tls.record(tls.server_hello(0x0303, 0xC02F))))
    talk.ask(tls.ENCRYPTED)
    talk.answer(accepted())
    talk.end()
    return frames


def errors() -> list[Frame]:
    """Options that lie outside, a login whose texts do, bytes between packets."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.ask(packet(18, bytes.fromhex("00 0010 0006 01 0fff 0001 ff") + bytes(6)))
    talk.answer(prelogin(4, ENCRYPT_NOT_SUPPORTED))
    broken = bytearray(login("sa", "x"))
    broken[8 + 40 : 8 + 42] = b"\xff\x7f"
    talk.ask(bytes(broken))
    talk.answer(accepted())
    talk.ask(b"\xee" * 20 + batch("DROP TABLE tags"))
    talk.answer(packet(4, done()))
    talk.end()
    return frames


def foreign() -> list[Frame]:
    """HTTP on port 1433."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(b"GET / HTTP/1.1\r\nHost: 10.77.2.11:1433\r\n\r\n")
    talk.answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    talk.end()
    return frames
