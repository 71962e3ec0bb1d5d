"""Ethernet, IPv4 and TCP around one message on many connections at once, with checksums that are right.

Everything is a column of a matrix with one row a connection: a message costs a handful of numpy calls, not one of
Python's loops per packet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from testbed.play.columns import Put, Rows, Words, checksum, column, share, words

RECORD = 16
"""Bytes of a pcap record's header, which stands before each frame."""
IP_AT, TCP_AT = RECORD + 14, RECORD + 34
HEAD = RECORD + 54
SYN, ACK, PUSH_ACK, SYN_ACK = 0x02, 0x10, 0x18, 0x12


@dataclass(frozen=True)
class Message:
    """What one side sends: the bytes that are the same on every connection, and the fields that are not."""

    to_server: bool
    data: bytes = b""
    puts: tuple[Put, ...] = ()
    flags: int = PUSH_ACK


@dataclass(frozen=True)
class Connections:
    """Who talks to whom. The same numbers give the same addresses, whatever part of the plant is asked for."""

    number: NDArray[np.int64]
    client: NDArray[np.uint32]
    server: NDArray[np.uint32]
    client_port: NDArray[np.uint32]
    server_port: int
    heads: dict[bool, Rows] = field(init=False, repr=False)
    sums: dict[bool, tuple[Words, Words]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        sides = {True: _heads(self, to_server=True), False: _heads(self, to_server=False)}
        object.__setattr__(self, "heads", sides)
        object.__setattr__(self, "sums", {side: _sums(rows) for side, rows in sides.items()})

    @cached_property
    def first_identity(self) -> NDArray[np.uint16]:
        """IP identification of each connection's first frame."""
        return (self.number * 31 + 1).astype(np.uint16)

    def __len__(self) -> int:
        return len(self.number)

    def first_sequence(self, *, of_client: bool) -> Words:
        """Initial sequence number of each connection; odd steps, so that they lie all over."""
        return (self.number.astype(np.uint64) * np.uint64(2_654_435_761) + np.uint64(of_client) * 77_777) % (1 << 32)


def _heads(connections: Connections, *, to_server: bool) -> Rows:
    """What stands before the message in every frame of that direction; lengths, numbers and checksums still 0."""
    rows = np.zeros((len(connections), HEAD), dtype=np.uint8)
    ends = [(connections.client, connections.client_port), (connections.server, connections.server_port)]
    (source, source_port), (target, target_port) = ends if to_server else ends[::-1]
    for at, address in ((0, target), (6, source)):
        column(rows, RECORD + at, ">u2")[:] = 0x0200
        column(rows, RECORD + at + 2, ">u4")[:] = address
    column(rows, RECORD + 12, ">u2")[:] = 0x0800
    column(rows, IP_AT, ">u2")[:] = 0x4500
    column(rows, IP_AT + 6, ">u2")[:] = 0x4000
    column(rows, IP_AT + 8, ">u2")[:] = 64 << 8 | 6
    column(rows, IP_AT + 12, ">u4")[:] = source
    column(rows, IP_AT + 16, ">u4")[:] = target
    column(rows, TCP_AT, ">u2")[:] = source_port
    column(rows, TCP_AT + 2, ">u2")[:] = target_port
    column(rows, TCP_AT + 14, ">u2")[:] = 8192
    return rows


def _sums(rows: Rows) -> tuple[Words, Words]:
    """What the fields that never change add to the checksums of IP and of TCP (with its pseudo header)."""
    words = np.ascontiguousarray(rows[:, RECORD + 14 :]).view(">u2").astype(np.uint64)
    return words[:, :10].sum(axis=1), words[:, 6:].sum(axis=1) + np.uint64(6)


def frames(connections: Connections, message: Message, sequence: Words, acknowledged: Words, turn: int) -> Rows:
    """One frame a connection, record headers before them (times still missing)."""
    length = len(message.data)
    rows = np.empty((len(connections), HEAD + length), dtype=np.uint8)
    rows[:, :HEAD] = connections.heads[message.to_server]
    rows[:, HEAD:] = np.frombuffer(message.data, np.uint8)
    ip, tcp = connections.sums[message.to_server]
    identity = connections.first_identity + np.uint16(turn & 0xFFFF)
    column(rows, 8, "<u4")[:] = column(rows, 12, "<u4")[:] = HEAD - RECORD + length
    column(rows, IP_AT + 2, ">u2")[:] = 40 + length
    column(rows, IP_AT + 4, ">u2")[:] = identity
    column(rows, IP_AT + 10, ">u2")[:] = checksum(ip + identity + np.uint64(40 + length))
    column(rows, TCP_AT + 4, ">u4")[:] = sequence
    column(rows, TCP_AT + 8, ">u4")[:] = acknowledged
    column(rows, TCP_AT + 12, ">u2")[:] = 0x5000 | message.flags
    total = tcp + sequence + acknowledged
    total += np.uint64((0x5000 | message.flags) + 20 + length + words(message.data))
    for put in message.puts:
        column(rows, HEAD + put.offset, put.kind)[:] = put.values
        total += share(put)
    column(rows, TCP_AT + 16, ">u2")[:] = checksum(total)
    return rows
