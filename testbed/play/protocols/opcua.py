"""OPC UA over TCP: hello, a secure channel without security, services. OPC 10000-6 v1.05: 5.2, 6.7, 7.1; A.3 (numbers).

What is polled is made from templates; everything else is encoded by asyncua.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

PORT = 4840
READ_REQUEST, READ_RESPONSE = 631, 634
DOUBLE, GOOD, NULL = 11, 0, b"\xff\xff\xff\xff"
POLICY_NONE = b"http://opcfoundation.org/UA/SecurityPolicy#None"
EPOCH_NS = 11_644_473_600 * 1_000_000_000
"""From 1601, where OPC UA counts from, to 1970."""
HEAD_BYTES = 24
"""Before a service's body: type and size, channel, token, sequence number, request id."""


def ticks(ts_ns: int) -> int:
    """100 ns since 1601."""
    return (ts_ns + EPOCH_NS) // 100


def text(data: bytes) -> bytes:
    return struct.pack("<i", len(data)) + data


def node(number: int) -> bytes:
    """NodeId of the standard's namespace, in four bytes."""
    return struct.pack("<BBH", 1, 0, number)


def named(namespace: int, name: bytes) -> bytes:
    """NodeId with a string."""
    return struct.pack("<BH", 3, namespace) + text(name)


def chunk(kind: bytes, head: bytes, body: bytes) -> bytes:
    return kind + b"F" + struct.pack("<I", 8 + len(head) + len(body)) + head + body


def request_header(handle: int, now: int, token: bytes = struct.pack("<BHI", 2, 1, 4711)) -> bytes:
    """`now` in ticks; `token` is the NodeId that stands for the session."""
    return token + struct.pack("<qII", now, handle, 0) + NULL + struct.pack("<I", 10_000) + b"\0\0\0"


def response_header(handle: int, now: int) -> bytes:
    return struct.pack("<qIIB", now, handle, GOOD, 0) + NULL + b"\0\0\0"


def data_value(now: int) -> bytes:
    """Value, source and server time; the value itself still 0."""
    return struct.pack("<BBdqq", 0x0D, DOUBLE, 0.0, now, now)


def message(channel: int, number: int, body: bytes, kind: bytes = b"MSG") -> bytes:
    """Sequence number and request id are counted alike by most stacks."""
    return chunk(kind, struct.pack("<IIII", channel, 1, number, number), body)


def read_request(names: Sequence[bytes], token: bytes) -> tuple[bytes, int, int]:
    """Body with zeros, and where its time and its handle stand."""
    items = b"".join(named(2, name) + struct.pack("<I", 13) + NULL + struct.pack("<H", 0) + NULL for name in names)
    body = node(READ_REQUEST) + request_header(0, 0, token) + struct.pack("<dII", 0.0, 2, len(names)) + items
    return body, 4 + len(token), 12 + len(token)


def read_response(count: int) -> tuple[bytes, list[int], list[int]]:
    """Body with zeros, where the doubles stand, and where the times."""
    front = node(READ_RESPONSE) + response_header(0, 0) + struct.pack("<I", count)
    one = data_value(0)
    values = [len(front) + place * len(one) + 2 for place in range(count)]
    times = [4, *(at + 8 for at in values), *(at + 16 for at in values)]
    return front + one * count + struct.pack("<i", 0), values, sorted(times)


def hello(url: str) -> tuple[bytes, bytes]:
    sizes = struct.pack("<IIIII", 0, 65_535, 65_535, 0, 0)
    return chunk(b"HEL", b"", sizes + text(url.encode())), chunk(b"ACK", b"", sizes)


def open_channel(channel: int, now_ns: int) -> tuple[bytes, bytes]:
    types = ua()

    asked = types.OpenSecureChannelRequest()
    asked.Parameters.SecurityMode = types.MessageSecurityMode.None_
    asked.Parameters.RequestedLifetime = 3_600_000
    told = types.OpenSecureChannelResponse()
    told.Parameters.SecurityToken.ChannelId = channel
    told.Parameters.SecurityToken.TokenId = 1
    told.Parameters.SecurityToken.RevisedLifetime = 3_600_000
    security = text(POLICY_NONE) + NULL + NULL + struct.pack("<II", 1, 1)
    return (
        chunk(b"OPN", struct.pack("<I", 0) + security, encoded(asked, 1, now_ns)),
        chunk(b"OPN", struct.pack("<I", channel) + security, encoded(told, 1, now_ns)),
    )


def encoded(one: Any, handle: int, now_ns: int, token: Any = None) -> bytes:
    """A request or response of asyncua as bytes, dated as the capture is."""
    from asyncua.ua.ua_binary import struct_to_binary

    header = getattr(one, "RequestHeader", None) or one.ResponseHeader
    header.RequestHandle = handle
    if token is not None:
        header.AuthenticationToken = token
    _date(one, datetime.fromtimestamp(now_ns // 1_000_000 / 1000, UTC))
    return bytes(struct_to_binary(one))


def _date(one: Any, now: datetime) -> None:
    """What is not said is now, to asyncua."""
    for field in fields(one):
        value = getattr(one, field.name)
        if isinstance(value, datetime):
            setattr(one, field.name, now)
        elif is_dataclass(value) and type(value).__name__ not in ("NodeId", "ExpandedNodeId"):
            _date(value, now)


def ua() -> Any:
    """asyncua's types, imported late because it takes its time. Its own annotations are stricter than it is."""
    import asyncua.ua

    return asyncua.ua
