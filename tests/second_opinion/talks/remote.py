"""VNC in each of its versions, and RDP's calls with each cookie, wish and answer. RFC 6143 7.1, [MS-RDPBCGR] 2.2.1."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import product

from tests.recording import Connection

Said = tuple[bool, bytes]
"""by the client or by the server"""
CHALLENGE, PROOF = bytes(range(16)), bytes(16)
NO_PASSWORD, PASSWORD, APPLE = 1, 2, 30
WHY = struct.pack(">I", 7) + b"locked!"
DESKTOP = struct.pack(">HH", 800, 600) + bytes(16) + struct.pack(">I", 5) + b"panel"


def _connection(*said: Said) -> Connection:
    return Connection(0, [(0, is_client, data) for is_client, data in said])


def _number(value: int) -> bytes:
    return struct.pack(">I", value)


def _version(minor: int) -> bytes:
    return b"RFB 003.%03d\n" % minor


def _proved(result: bytes) -> list[Said]:
    return [(False, CHALLENGE), (True, PROOF), (False, result)]


def vnc() -> Iterator[Connection]:
    begun: list[Said] = [(True, b"\1"), (False, DESKTOP)]
    old: list[Said] = [(False, _version(3)), (True, _version(3))]
    yield _connection(*old, (False, _number(NO_PASSWORD)), *begun)
    yield _connection(*old, (False, _number(PASSWORD)), *_proved(_number(0)), *begun)
    yield _connection(*old, (False, _number(0) + WHY))
    for minor, told in ((7, b""), (8, WHY)):
        for password, result in ((True, 0), (True, 1), (True, 2), (False, 0)):
            kind = bytes([PASSWORD if password else NO_PASSWORD])
            said: list[Said] = [(False, _version(minor)), (True, _version(minor)), (False, b"\2\2\1"), (True, kind)]
            if password:
                said += _proved(_number(result) + (told if result else b""))
            elif minor == 8:
                said.append((False, _number(0)))
            yield _connection(*said, *(begun if not result else []))
        yield _connection((False, _version(minor)), (True, _version(minor)), (False, b"\0" + WHY))
    # A server of 3.8 and a viewer of 3.3; Apple's number; a kind with an exchange of its own.
    yield _connection(
        (False, _version(8)), (True, _version(3)), (False, _number(PASSWORD)), *_proved(_number(0)), *begun
    )
    apple: list[Said] = [(False, _version(889)), (True, _version(889)), (False, bytes([2, APPLE, PASSWORD]))]
    yield _connection(*apple, (True, bytes([PASSWORD])), *_proved(_number(0)), *begun)
    yield _connection(*apple, (True, bytes([APPLE])), (False, bytes(20)), (True, bytes(40)))


def vnc_in_other_segments() -> Iterator[Connection]:
    """A turn in two segments, and two turns in one."""
    yield _connection(
        (False, _version(8)[:6]),
        (False, _version(8)[6:]),
        (True, _version(8)),
        (False, b"\1\1"),
        (True, b"\1"),
        (False, _number(0)),
        (True, b"\1"),
        (False, DESKTOP),
    )
    old: list[Said] = [(False, _version(3)), (True, _version(3))]
    yield _connection(*old, (False, _number(PASSWORD) + CHALLENGE), (True, PROOF), (False, _number(1)))


def _call(code: int, content: bytes) -> bytes:
    packet = bytes([6 + len(content), code]) + bytes(5) + content
    return b"\x03\x00" + struct.pack(">H", 4 + len(packet)) + packet


def _negotiation(kind: int, value: int) -> bytes:
    return struct.pack("<BBHI", kind, 0, 8, value)


COOKIES = (b"", b"Cookie: mstshash=admin\r\n", b"Cookie: msts=3640205228.15629.0000\r\n")
WISHES = (None, 0, 1, 3, 11, 27)
ANSWERS = (None, (2, 0), (2, 1), (2, 2), (2, 8), (3, 1), (3, 2), (3, 5), (3, 6))


def rdp() -> Iterator[Connection]:
    for cookie, wish, answer in product(COOKIES, WISHES, ANSWERS):
        asked = cookie + (_negotiation(1, wish) if wish is not None else b"")
        answered = _negotiation(*answer) if answer is not None else b""
        yield _connection((True, _call(0xE0, asked)), (False, _call(0xD0, answered)))
