"""Ethernet, IPv4 and TCP around one message on many connections at once, with checksums that are right.

Everything is a column of a matrix with one row a connection: a message costs a handful of numpy calls, not one of
Python's loops per packet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.uint8]
Words = NDArray[np.uint64]

RECORD = 16
"""Bytes of a pcap record's header, which stands before each frame."""
IP_AT, TCP_AT = RECORD + 14, RECORD + 34
HEAD = RECORD + 54
SYN, ACK, PUSH_ACK, SYN_ACK = 0x02, 0x10, 0x18, 0x12


@dataclass(frozen=True)
class Put:
    """A field that differs from connection to connection."""

    offset: int
    """from the message's first byte"""
    kind: str
    """as numpy spells it: `>u2`, `<u4`, `<f8`"""
    values: NDArray[Any]


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


def column(rows: Rows, offset: int, kind: str) -> NDArray[Any]:
    """One field of every row, to be written: a view, aligned or not."""
    return np.ndarray(len(rows), np.dtype(kind), rows.data, offset, (rows.strides[0],))


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
    column(rows, IP_AT + 10, ">u2")[:] = _checksum(ip + identity + np.uint64(40 + length))
    column(rows, TCP_AT + 4, ">u4")[:] = sequence
    column(rows, TCP_AT + 8, ">u4")[:] = acknowledged
    column(rows, TCP_AT + 12, ">u2")[:] = 0x5000 | message.flags
    total = tcp + sequence + acknowledged
    total += np.uint64((0x5000 | message.flags) + 20 + length + _words(message.data))
    for put in message.puts:
        column(rows, HEAD + put.offset, put.kind)[:] = put.values
        total += _share(put)
    column(rows, TCP_AT + 16, ">u2")[:] = _checksum(total)
    return rows


def _words(data: bytes) -> int:
    """A message's share of the one's complement sum: sixteen-bit words, modulo 65,535."""
    return int.from_bytes(data + b"\0" * (len(data) % 2), "big") % 65_535


def _share(put: Put) -> Words:
    """A field's share of that sum. The template holds zeros there.

    One's complement arithmetic is arithmetic modulo 65,535, where 2^16 is 1: a number weighs what it is, or 256 times
    as much where its last byte is the first of a word; swapping the bytes of every word is a factor of 256, too.
    """
    values = np.ascontiguousarray(put.values, dtype=np.dtype(put.kind).newbyteorder("="))
    numbers = values.view(f"u{values.itemsize}").astype(np.uint64)
    odd_end = (put.offset + values.itemsize) % 2 == 1
    swapped = put.kind.startswith("<")
    numbers = (numbers & np.uint64(0xFFFF_FFFF)) + (numbers >> np.uint64(32))
    return numbers << np.uint64(8) if odd_end != swapped else numbers


def _checksum(total: Words) -> Words:
    """RFC 1071, for sums below 2^48."""
    low, bits = np.uint64(0xFFFF), np.uint64(16)
    for _ in range(3):
        total = (total & low) + (total >> bits)
    return total ^ low
