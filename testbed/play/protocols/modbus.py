"""Modbus/TCP messages.

MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3; Application Protocol V1.1b3, 6.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

PORT = 502
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, FAILURE, NO_PATH, NO_TARGET = 1, 2, 3, 4, 10, 11


def adu(turn: int, pdu: bytes, unit: int = 1) -> bytes:
    return struct.pack(">HHHB", turn & 0xFFFF, 0, len(pdu) + 1, unit) + pdu


def read(code: int, at: int, count: int) -> bytes:
    return struct.pack(">BHH", code, at, count)


def registers(code: int, values: Sequence[int]) -> bytes:
    """The answer to a read of registers."""
    return struct.pack(f">BB{len(values)}H", code, 2 * len(values), *(value & 0xFFFF for value in values))


def bits(code: int, states: Sequence[bool]) -> bytes:
    """The answer to a read of coils or inputs."""
    packed = sum(int(state) << place for place, state in enumerate(states))
    size = (len(states) + 7) // 8
    return bytes([code, size]) + packed.to_bytes(size, "little")


def write_register(at: int, value: int) -> bytes:
    return struct.pack(">BHH", 6, at, value & 0xFFFF)


def write_coil(at: int, state: bool) -> bytes:
    return struct.pack(">BHH", 5, at, 0xFF00 if state else 0)


def write_registers(at: int, values: Sequence[int]) -> tuple[bytes, bytes]:
    """Question and answer."""
    head = struct.pack(">BHH", 16, at, len(values))
    return head + bytes([2 * len(values)]) + struct.pack(f">{len(values)}H", *(v & 0xFFFF for v in values)), head


def exception(code: int, why: int) -> bytes:
    return bytes([code | 0x80, why])


def diagnostic(sub_function: int, data: int = 0) -> bytes:
    return struct.pack(">BHH", 8, sub_function, data)


def identification(level: int = 1, at: int = 0) -> bytes:
    """6.21: Read Device Identification."""
    return bytes([0x2B, 0x0E, level, at])


def identified(level: int, objects: Sequence[bytes]) -> bytes:
    body = b"".join(bytes([number, len(text)]) + text for number, text in enumerate(objects))
    return bytes([0x2B, 0x0E, level, 0x01, 0x00, 0x00, len(objects)]) + body
