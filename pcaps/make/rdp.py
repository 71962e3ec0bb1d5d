"""RDP up to its pictures. [MS-RDPBCGR] 2.2.1."""

from __future__ import annotations

import struct

from pcaps.make import tls
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

PORT = 3389
# T.125 7: eight limits of a domain.
DOMAIN = bytes.fromhex("3019 020122 020102 020100 020101 020100 020101 0202ffff 020102")


def tpkt(content: bytes) -> bytes:
    return struct.pack(">BBH", 3, 0, len(content) + 4) + content


def call(kind: int, variable: bytes) -> bytes:
    return tpkt(struct.pack(">BBHHB", 6 + len(variable), kind, 0, 0 if kind == 0xE0 else 0x1234, 0) + variable)


def negotiation(kind: int, value: int, flags: int = 0) -> bytes:
    return struct.pack("<BBHI", kind, flags, 8, value)


def request(user: bytes = b"wartung", protocols: int | None = 3) -> bytes:
    cookie = b"Cookie: mstshash=" + user + b"\r\n" if user else b""
    return call(0xE0, cookie + (b"" if protocols is None else negotiation(1, protocols)))


def block(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content) + 4) + content


def client_settings() -> bytes:
    core = struct.pack("<IHHHHII", 0x00080004, 1280, 1024, 0xCA01, 0xAA03, 0x804, 2600)
    core += "ENG-STATION-7".encode("utf-16-le").ljust(32, b"\0") + bytes(80)
    network = struct.pack("<I", 2) + b"rdpdr\0\0\0" + bytes(4) + b"cliprdr\0" + bytes(4)
    blocks = block(0xC001, core) + block(0xC002, struct.pack("<II", 27, 0)) + block(0xC003, network)
    inner = b"\x00\x08\x00\x10\x00\x01\xc0\x00Duca" + struct.pack(">H", 0x8000 | len(blocks)) + blocks
    data = b"\x00\x05\x00\x14\x7c\x00\x01" + struct.pack(">H", 0x8000 | len(inner)) + inner
    mcs = b"\x04\x01\x01\x04\x01\x01\x01\x01\xff" + DOMAIN * 3 + b"\x04\x82" + struct.pack(">H", len(data)) + data
    return tpkt(b"\x02\xf0\x80\x7f\x65\x82" + struct.pack(">H", len(mcs)) + mcs)


def server_settings() -> bytes:
    blocks = block(0x0C01, struct.pack("<I", 0x00080004)) + block(0x0C02, struct.pack("<IIII", 2, 2, 32, 8) + bytes(40))
    inner = b"\x14\x76\x0a\x01\x01\x00\x01\xc0\x00McDn" + bytes([len(blocks)]) + blocks
    data = b"\x00\x05\x00\x14\x7c\x00\x01" + bytes([len(inner)]) + inner
    mcs = b"\x0a\x01\x00\x02\x01\x00" + DOMAIN + b"\x04\x82" + struct.pack(">H", len(data)) + data
    return tpkt(b"\x02\xf0\x80\x7f\x66\x82" + struct.pack(">H", len(mcs)) + mcs)


def ordinary() -> list[Frame]:
    """CredSSP inside TLS, standard security in clear, and a refusal."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.ask(request(protocols=11))
    talk.answer(call(0xD0, negotiation(2, 2)))
    talk.ask(tls.record(tls.new_hello("hmi3.plant.example")))
    talk.answer(tls.record(tls.server_hello(0x0303, 0xC02F) + tls.chain(tls.certificate(tls.OWNER))))
    talk.ask(tls.CHANGE_CIPHER + tls.record(bytes(range(200, 240))), tls.ENCRYPTED)
    talk.end()
    talk = Talk(frames, PORT, 40002)
    talk.ask(request(b"", 0))
    talk.answer(call(0xD0, b""))
    talk.ask(client_settings())
    talk.answer(server_settings())
    talk.ask(tpkt(b"\x02\xf0\x80\x04\x01\x00\x01\x00"))
    talk.end()
    talk = Talk(frames, PORT, 40003)
    talk.ask(request(b"admin", 0))
    talk.answer(call(0xD0, negotiation(3, 5)))
    talk.end()
    return frames


def errors() -> list[Frame]:
    """A negotiation of no kind, settings that end early, bytes between packets."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.ask(call(0xE0, b"Cookie: mstshash=x\r\n" + negotiation(9, 1)))
    talk.answer(call(0xD0, negotiation(2, 0)))
    whole = client_settings()
    talk.ask(tpkt(whole[4:120]))
    talk.ask(bytes(32) + request())
    talk.end()
    return frames


def foreign() -> list[Frame]:
    """HTTP on port 3389."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(b"GET / HTTP/1.1\r\nHost: 10.77.2.11:3389\r\n\r\n")
    talk.answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    talk.end()
    return frames
