"""S7comm as a plant speaks it: connection and setup once, then variables of a data block read in turn.

RFC 1006 (TPKT), ISO 8073 (COTP, class 0); S7 headers as the controllers send them: job 1, acknowledgement with data 3.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from testbed.play.columns import Put
from testbed.play.protocols.s7 import ACK_DATA, DB, JOB, READ_VAR, SETUP, cotp_connection, pdu
from tools.bench.traffic.frames import Connections, Message
from tools.bench.traffic.talk import POOL, pool

LENGTHS = (16, 32, 8, 64, 16, 24, 4, 48, 16, 32)
"""Bytes that the ten requests read."""
_REALS = pool("f4", 0.0, 100.0)


@dataclass(frozen=True)
class Reading:
    port: int = 102

    def opening(self, connections: Connections) -> list[tuple[Message, Message]]:
        setup = struct.pack(">BBHHH", SETUP, 0, 1, 1, 480)
        return [
            (Message(True, cotp_connection(0xE0, 1, 0)), Message(False, cotp_connection(0xD0, 2, 1))),
            (Message(True, pdu(JOB, 0, setup)), Message(False, pdu(ACK_DATA, 0, setup))),
        ]

    def turn(self, number: int, connections: Connections) -> tuple[Message, Message]:
        length, block = LENGTHS[number % 10], 1 + number % 10
        # S7ANY item: byte access, length, data block, area, address in bits.
        item = bytes.fromhex("120a1002") + struct.pack(">HHB", length, block, DB) + (20 * 8).to_bytes(3, "big")
        request = pdu(JOB, number + 1, bytes([READ_VAR, 1]) + item)
        # Data item: success, bytes counted in bits, length.
        answer = pdu(
            ACK_DATA, number + 1, bytes([READ_VAR, 1]), struct.pack(">BBH", 0xFF, 4, length * 8) + bytes(length)
        )
        place = connections.number * 7 + number
        first = len(answer) - length
        puts = tuple(
            Put(first + 4 * real, ">f4", _REALS[(place + 31 * real) & (POOL - 1)])
            for real in range(min(length // 4, 4))
        )
        return Message(True, request), Message(False, answer, puts)
