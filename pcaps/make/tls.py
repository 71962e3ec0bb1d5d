"""TLS as browsers, old devices and broken stacks say it. RFC 8446, RFC 5246; certificates by RFC 5280."""

from __future__ import annotations

import struct

from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

PORT = 443
RANDOM = bytes(range(32))
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
CHANGE_CIPHER = bytes.fromhex("14 0303 0001 01")
COMMON_NAME, ORGANIZATION, COUNTRY = b"\x55\x04\x03", b"\x55\x04\x0a", b"\x55\x04\x06"
ENCRYPTED = bytes.fromhex("17 0303 0020") + bytes(range(100, 132))


def record(content: bytes, kind: int = 22, version: int = 0x0303) -> bytes:
    return struct.pack(">BHH", kind, version, len(content)) + content


def handshake(kind: int, body: bytes) -> bytes:
    return struct.pack(">B", kind) + len(body).to_bytes(3, "big") + body


def extension(kind: int, content: bytes) -> bytes:
    return struct.pack(">HH", kind, len(content)) + content


def counted(content: bytes, size: int = 2) -> bytes:
    return len(content).to_bytes(size, "big") + content


def numbers(*values: int) -> bytes:
    return b"".join(struct.pack(">H", value) for value in values)


def server_name(name: str) -> bytes:
    return extension(0, counted(b"\0" + counted(name.encode())))


def alpn(*names: str) -> bytes:
    return extension(16, counted(b"".join(counted(name.encode(), 1) for name in names)))


def client_hello(ciphers: bytes, extensions: bytes, version: int = 0x0303) -> bytes:
    body = struct.pack(">H", version) + RANDOM + counted(b"", 1) + counted(ciphers) + b"\x01\x00" + counted(extensions)
    return handshake(1, body)


def server_hello(version: int, cipher: int, extensions: bytes = b"", random: bytes = RANDOM) -> bytes:
    body = struct.pack(">H", version) + random + counted(b"", 1) + struct.pack(">HB", cipher, 0)
    return handshake(2, body + (counted(extensions) if extensions else b""))


def new_hello(name: str = "historian.plant.example") -> bytes:
    """A client of 1.3 with GREASE (RFC 8701) in every list."""
    return client_hello(
        numbers(0x3A3A, 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F),
        extension(0x8A8A, b"")
        + server_name(name)
        + alpn("h2", "http/1.1")
        + extension(13, counted(numbers(0x0403, 0x0804, 0x0401)))
        + extension(43, counted(numbers(0x6A6A, 0x0304, 0x0303), 1))
        + extension(51, counted(numbers(0x001D) + counted(bytes(32)))),
    )


def old_hello(version: int = 0x0303) -> bytes:
    """A device without names, protocols or new versions."""
    return client_hello(numbers(0xC02F, 0x009C, 0x002F, 0x0005), extension(13, counted(numbers(0x0401))), version)


def tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + content


def name(*parts: tuple[bytes, str]) -> bytes:
    pairs = (
        tlv(0x31, tlv(0x30, tlv(6, kind) + tlv(0x13 if kind == COUNTRY else 0x0C, text.encode())))
        for kind, text in parts
    )
    return tlv(0x30, b"".join(pairs))


OWNER = name((COUNTRY, "CN"), (ORGANIZATION, "Plant"), (COMMON_NAME, "plc1.plant.example"))
ISSUER = name((COMMON_NAME, "Plant CA"))


def certificate(issuer: bytes = ISSUER, subject: bytes = OWNER) -> bytes:
    """As much of one as says whose it is; its key and signature are zeros."""
    # rsaEncryption, for the key and for the signature that is none.
    algorithm = tlv(0x30, tlv(6, bytes.fromhex("2a864886f70d010101")) + tlv(5, b""))
    validity = tlv(0x30, tlv(0x17, b"250101000000Z") + tlv(0x18, b"20550101000000Z"))
    serial = tlv(2, bytes.fromhex("00c0ffee"))
    key = tlv(0x30, algorithm + tlv(3, b"\0" + tlv(0x30, tlv(2, b"\x5a" * 32) + tlv(2, b"\x03"))))
    inner = tlv(0xA0, tlv(2, b"\x02")) + serial + algorithm + issuer + validity + subject + key
    return tlv(0x30, tlv(0x30, inner) + algorithm + tlv(3, bytes(33)))


def chain(*certificates: bytes) -> bytes:
    return handshake(11, counted(b"".join(counted(one, 3) for one in certificates), 3))


def ordinary() -> list[Frame]:
    """1.3 with a second hello, 1.2 with a certificate over two records, a refusal, and a remote tool."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.ask(record(new_hello(), version=0x0301))
    chosen = extension(43, numbers(0x0304))
    talk.answer(record(server_hello(0x0303, 0x1301, chosen, RETRY)))
    talk.ask(CHANGE_CIPHER + record(new_hello()))
    talk.answer(record(server_hello(0x0303, 0x1301, chosen)) + CHANGE_CIPHER + ENCRYPTED)
    talk.ask(ENCRYPTED)
    talk.end()
    talk = Talk(frames, PORT, 40002)
    talk.ask(record(old_hello()))
    certificates = chain(certificate(), certificate(ISSUER, ISSUER))
    front = record(server_hello(0x0303, 0xC02F, extension(16, counted(counted(b"http/1.1", 1)))) + certificates[:100])
    talk.answer(front, record(certificates[100:] + handshake(14, b"")))
    talk.ask(record(handshake(16, bytes(66))) + CHANGE_CIPHER + record(bytes(range(200, 240))))
    talk.answer(CHANGE_CIPHER + record(bytes(range(200, 240))), ENCRYPTED)
    talk.end()
    talk = Talk(frames, PORT, 40003)
    talk.ask(record(old_hello(0x0301), version=0x0301))
    talk.answer(record(b"\x02\x46", 21))  # fatal: protocol_version
    talk.end()
    talk = Talk(frames, PORT, 40004)
    talk.ask(record(new_hello("relay-12ab.net.anydesk.com")))
    talk.end()
    return frames


def errors() -> list[Frame]:
    """One connection each: a hello that ends early, a certificate that is none, bytes between records, an endless
    message.
    """
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    whole = new_hello()
    talk.ask(record(handshake(1, whole[4:90])))
    talk.answer(record(server_hello(0x0303, 0xC02F) + chain(b"\x30\x03abc")))
    talk.end()
    talk = Talk(frames, PORT, 40002)
    talk.ask(record(old_hello()))
    talk.answer(record(server_hello(0x0303, 0x002F)))
    talk.ask(b"\x00" * 24 + record(old_hello()))
    talk.end()
    talk = Talk(frames, PORT, 40003)
    talk.ask(record(old_hello()))
    talk.answer(record(server_hello(0x0303, 0x002F)), record(b"\x0b\xff\xff\xff" + bytes(60)))
    talk.end()
    return frames


def foreign() -> list[Frame]:
    """HTTP in clear on port 443."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(b"GET / HTTP/1.1\r\nHost: 10.77.2.11:443\r\n\r\n")
    talk.answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    talk.end()
    return frames
