"""SSH before its keys. RFC 4253."""

from __future__ import annotations

import struct

from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

PORT = 22
LISTS = (
    b"curve25519-sha256,diffie-hellman-group14-sha256",
    b"ssh-ed25519,rsa-sha2-512,rsa-sha2-256",
    b"chacha20-poly1305@openssh.com,aes256-gcm@openssh.com",
    b"aes128-ctr",
    b"hmac-sha2-256",
    b"hmac-sha1",
    b"none,zlib@openssh.com",
    b"none",
    b"",
    b"",
)


def packet(content: bytes) -> bytes:
    padding = 8 - (len(content) + 5) % 8 + (8 if 8 - (len(content) + 5) % 8 < 4 else 0)
    return struct.pack(">IB", len(content) + padding + 1, padding) + content + bytes(padding)


def offer(lists: tuple[bytes, ...] = LISTS) -> bytes:
    return packet(b"\x14" + bytes(16) + b"".join(struct.pack(">I", len(one)) + one for one in lists) + bytes(5))


def disconnect(code: int) -> bytes:
    return packet(b"\x01" + struct.pack(">I", code) + struct.pack(">I", 3) + b"bye" + bytes(4))


# Host key, ephemeral key, signature.
KEY_REPLY = b"".join(
    struct.pack(">I", len(part)) + part
    for part in (
        b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32),
        bytes(32),
        b"\0\0\0\x0bssh-ed25519\0\0\0\x40" + bytes(64),
    )
)
NEW_KEYS = packet(b"\x15")
SEALED = bytes(range(64, 128))


def ordinary() -> list[Frame]:
    """A login as a listener sees it, and a server that does not want to talk."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.answer(b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13\r\n")
    talk.ask(b"SSH-2.0-PuTTY_Release_0.81\r\n", offer())
    talk.answer(offer(), packet(b"\x1f" + KEY_REPLY) + NEW_KEYS + SEALED)
    talk.ask(NEW_KEYS + SEALED)
    talk.end()
    talk = Talk(frames, PORT, 40002)
    talk.answer(b"Authorised staff only\r\nSSH-2.0-dropbear_2022.83\r\n")
    talk.ask(b"SSH-2.0-Go\r\n")
    talk.answer(disconnect(12))
    talk.end()
    return frames


def errors() -> list[Frame]:
    """A banner without software, lists that end early, a packet with an impossible length."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40001)
    talk.answer(b"SSH-2.0\r\n")
    talk.ask(b"SSH-2.0-x\r\n", packet(b"\x14" + bytes(16) + b"\x00\x00\x10\x00abc"))
    talk.answer(bytes.fromhex("ffffffff0a14") + bytes(40))
    talk.end()
    return frames


def foreign() -> list[Frame]:
    """Bytes of nobody on port 22."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    talk.ask(bytes(range(128, 192)))
    talk.answer(bytes(range(192, 255)))
    talk.end()
    return frames
