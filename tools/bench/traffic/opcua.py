"""OPC UA over TCP as a plant speaks it: hello, a secure channel without security, then reads and publishing.

OPC 10000-6 v1.05: 5.2 (binary encoding), 6.7 (secure conversation), 7.1 (messages); OPC 10000-4 v1.05: 5.11.2 (Read),
5.14.5 (Publish), 7.25 (notifications). Numbers of encodings: OPC 10000-6, A.3.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from testbed.play.columns import Put
from testbed.play.protocols.opcua import (
    GOOD,
    NULL,
    POLICY_NONE,
    READ_REQUEST,
    READ_RESPONSE,
    chunk,
    data_value,
    request_header,
    response_header,
    text,
)
from tools.bench.traffic.frames import Connections, Message
from tools.bench.traffic.talk import POOL, pool

OPEN_REQUEST, OPEN_RESPONSE = 446, 449
PUBLISH_REQUEST, PUBLISH_RESPONSE = 826, 829
DATA_CHANGE = 811
ITEMS = 5
"""Values of one read, changes of one notification."""
EPOCH = 133_986_000_000_000_000
"""100 ns since 1601: a day in 2025, when the generated plants run."""
CHANNEL_AT = 8
_DOUBLES = pool("f8", 0.0, 500.0)


def node(namespace: int, number: int) -> bytes:
    """NodeId in four bytes, or a string where the number is not of the standard's namespace."""
    if namespace == 0:
        return struct.pack("<BBH", 1, 0, number)
    return struct.pack("<BH", 3, namespace) + text(b"Line%d.Motor.Speed" % number)


@dataclass(frozen=True)
class Subscribing:
    """Five of ten turns read five variables, the others publish five changes."""

    port: int = 4840

    def opening(self, connections: Connections) -> list[tuple[Message, Message]]:
        sizes = struct.pack("<IIIII", 0, 65_535, 65_535, 0, 0)
        hello = chunk(b"HEL", b"", sizes + text(b"opc.tcp://plant:4840"))
        security = text(POLICY_NONE) + NULL + NULL + struct.pack("<II", 1, 1)
        asked = struct.pack("<III", 0, 0, 1) + NULL + struct.pack("<I", 3_600_000)
        wanted = node(0, OPEN_REQUEST) + b"\0\0" + struct.pack("<qII", EPOCH, 1, 0) + NULL + struct.pack("<I", 0)
        given = struct.pack("<I", 0) + struct.pack("<IIqI", 0, 1, EPOCH, 3_600_000) + NULL
        opened = node(0, OPEN_RESPONSE) + response_header(1, EPOCH) + given
        channel = self._channel(connections)
        # In the answer's body the channel's number stands once more, behind the server's protocol version.
        again = 12 + len(security) + len(opened) - len(given) + 4
        return [
            (Message(True, hello), Message(False, chunk(b"ACK", b"", sizes))),
            (
                Message(True, chunk(b"OPN", struct.pack("<I", 0) + security, wanted + b"\0\0\0" + asked)),
                Message(
                    False,
                    chunk(b"OPN", struct.pack("<I", 0) + security, opened),
                    (channel, Put(again, "<u4", channel.values)),
                ),
            ),
        ]

    def turn(self, number: int, connections: Connections) -> tuple[Message, Message]:
        now, handle = EPOCH + number * 200_000, number + 2
        request, answer, values = self._read(number, now) if number % 10 < 5 else self._publish(number, now)
        head = struct.pack("<IIII", 0, 1, handle & 0xFFFF_FFFF, handle)
        channel = self._channel(connections)
        place = connections.number * 7 + number
        puts = [
            Put(8 + len(head) + at, "<f8", _DOUBLES[(place + 31 * item) & (POOL - 1)]) for item, at in enumerate(values)
        ]
        requested = node(0, request[0]) + request_header(handle, now) + request[1]
        return (
            Message(True, chunk(b"MSG", head, requested), (channel,)),
            Message(False, chunk(b"MSG", head, answer), (channel, *puts)),
        )

    def _channel(self, connections: Connections) -> Put:
        return Put(CHANNEL_AT, "<u4", (connections.number + 1).astype(np.uint32))

    def _read(self, number: int, now: int) -> tuple[tuple[int, bytes], bytes, list[int]]:
        items = b"".join(
            node(2, number % 10 * ITEMS + item) + struct.pack("<I", 13) + NULL + struct.pack("<H", 0) + NULL
            for item in range(ITEMS)
        )
        asked = struct.pack("<dII", 0.0, 2, ITEMS) + items
        front = node(0, READ_RESPONSE) + response_header(number + 2, now) + struct.pack("<I", ITEMS)
        size = len(data_value(now))
        values = [len(front) + item * size + 2 for item in range(ITEMS)]
        return (READ_REQUEST, asked), front + data_value(now) * ITEMS + struct.pack("<i", 0), values

    def _publish(self, number: int, now: int) -> tuple[tuple[int, bytes], bytes, list[int]]:
        asked = struct.pack("<III", 1, 1, number)
        one = struct.pack("<I", 0) + data_value(now)
        changes = struct.pack("<I", ITEMS) + b"".join(
            struct.pack("<I", item + 1) + data_value(now) for item in range(ITEMS)
        )
        body = changes + struct.pack("<i", 0)
        front = node(0, PUBLISH_RESPONSE) + response_header(number + 2, now)
        front += struct.pack("<IIIB", 1, 1, number + 1, 0) + struct.pack("<Iq", number + 1, now)
        front += struct.pack("<I", 1) + node(0, DATA_CHANGE) + b"\x01" + struct.pack("<i", len(body))
        values = [len(front) + 4 + item * len(one) + 6 for item in range(ITEMS)]
        tail = struct.pack("<iI", 1, GOOD) + struct.pack("<i", 0)
        return (PUBLISH_REQUEST, asked), front + body + tail, values
