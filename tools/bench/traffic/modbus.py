"""Modbus/TCP as a plant speaks it: the same ten reads in turn, and variants of it.

MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3; Application Protocol V1.1b3, 6.1 to 6.12.
Addresses lie in 0 to 9,999, register values below 0xF000: rules made for a silent run count on that.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from testbed.play.columns import Put
from testbed.play.protocols.modbus import adu
from tools.bench.traffic.frames import Connections, Message
from tools.bench.traffic.talk import POOL, SEED

REGISTERS = 10
_RANDOM = np.random.default_rng(SEED)
_FOUR = _RANDOM.integers(0, 1 << 63, POOL, dtype=np.uint64) & np.uint64(0x7FFF_7FFF_7FFF_7FFF)
"""Four registers at a time."""
FUNCTIONS = (3, 1, 4, 2, 3, 6, 3, 16, 4, 5, 3, 15)
"""In turn, where every function occurs: reads most often."""


def values(connections: Connections, turn: int, offset: int) -> tuple[Put, ...]:
    """Ten registers: 4 + 4 + 2."""
    place = connections.number * 7 + turn
    four = (
        _FOUR[place & (POOL - 1)],
        _FOUR[(place + 331) & (POOL - 1)],
        (_FOUR[(place + 97) & (POOL - 1)] >> np.uint64(32)),
    )
    return (
        Put(offset, ">u8", four[0]),
        Put(offset + 8, ">u8", four[1]),
        Put(offset + 16, ">u4", four[2].astype(np.uint32)),
    )


@dataclass(frozen=True)
class Polling:
    """Ten holding registers read at ten addresses in turn: frames of 66 and 83 bytes."""

    port: int = 502

    def opening(self, connections: Connections) -> list[tuple[Message, Message]]:
        return []

    def turn(self, number: int, connections: Connections) -> tuple[Message, Message]:
        request = adu(number, struct.pack(">BHH", 3, number % 10 * 10, REGISTERS))
        answer = adu(number, bytes([3, 2 * REGISTERS]) + bytes(2 * REGISTERS))
        return Message(True, request), Message(False, answer, values(connections, number, 9))


@dataclass(frozen=True)
class Functions:
    """Function codes 1 to 6, 15 and 16, so that rules on each of them are met."""

    port: int = 502

    def opening(self, connections: Connections) -> list[tuple[Message, Message]]:
        return []

    def turn(self, number: int, connections: Connections) -> tuple[Message, Message]:
        code, at = FUNCTIONS[number % len(FUNCTIONS)], number % 10 * 100
        asked = struct.pack(">BHH", code, at, 40 if code in (1, 2, 15) else REGISTERS)
        if code in (1, 2):
            return Message(True, adu(number, asked)), Message(False, adu(number, bytes([code, 5]) + bytes(5)))
        if code in (3, 4):
            return self._read(number, asked, connections)
        if code in (5, 6):
            return self._write_one(number, code, at, connections)
        return self._write_many(number, code, asked, connections)

    def _read(self, number: int, asked: bytes, connections: Connections) -> tuple[Message, Message]:
        answer = adu(number, bytes([asked[0], 2 * REGISTERS]) + bytes(2 * REGISTERS))
        return Message(True, adu(number, asked)), Message(False, answer, values(connections, number, 9))

    def _write_one(self, number: int, code: int, at: int, connections: Connections) -> tuple[Message, Message]:
        place = (connections.number + number) & (POOL - 1)
        written: NDArray[np.uint64] = _FOUR[place] & np.uint64(0x7FFF)
        if code == 5:
            written = np.where(written & np.uint64(1), np.uint64(0xFF00), np.uint64(0))
        data = adu(number, struct.pack(">BHH", code, at, 0))
        put = Put(10, ">u2", written.astype(np.uint16))
        return Message(True, data, (put,)), Message(False, data, (put,))

    def _write_many(self, number: int, code: int, asked: bytes, connections: Connections) -> tuple[Message, Message]:
        answer = Message(False, adu(number, asked))
        if code == 15:
            return Message(True, adu(number, asked + bytes([5]) + b"\x15\x2a\x00\x54\xa8")), answer
        data = adu(number, asked + bytes([2 * REGISTERS]) + bytes(2 * REGISTERS))
        return Message(True, data, values(connections, number, 13)), answer


@dataclass(frozen=True)
class Flood:
    """Writes of one register and nothing else: every packet is a hit for a rule that looks for writes."""

    port: int = 502

    def opening(self, connections: Connections) -> list[tuple[Message, Message]]:
        return []

    def turn(self, number: int, connections: Connections) -> tuple[Message, Message]:
        data = adu(number, struct.pack(">BHH", 6, 4000, 0))
        put = Put(10, ">u2", (_FOUR[(connections.number + number) & (POOL - 1)] & np.uint64(0x7FFF)).astype(np.uint16))
        return Message(True, data, (put,)), Message(False, data, (put,))
