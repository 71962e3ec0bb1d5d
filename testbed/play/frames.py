"""Single frames: Ethernet II, ARP, IPv4, ICMP, UDP, TCP.

RFC 791, 792, 768, 826; RFC 9293, 3.1. All checksums are right.
"""

from __future__ import annotations

import struct

from testbed.play.columns import checksum_of
from testbed.play.stations import Station

BROADCAST = b"\xff" * 6
FIN, SYN, RST, PUSH, ACK = 1, 2, 4, 8, 16
ICMP, TCP, UDP = 1, 6, 17
LEAST = 60
"""Bytes of the shortest frame without its check sequence (IEEE 802.3, 3.2.8): shorter ones are padded."""


def ethernet(target: bytes, source: bytes, kind: int, payload: bytes) -> bytes:
    return (target + source + kind.to_bytes(2, "big") + payload).ljust(LEAST, b"\0")


def ipv4(
    source: Station, target: Station, protocol: int, payload: bytes, *, ttl: int | None = None, mac: bytes | None = None
) -> bytes:
    """A whole frame. `mac`: the Ethernet source, where somebody stands in between."""
    head = struct.pack(
        ">BBHHHBBH4s4s",
        0x45,
        0,
        20 + len(payload),
        source.next_identity(),
        0x4000,
        source.ttl if ttl is None else ttl,
        protocol,
        0,
        source.packed,
        target.packed,
    )
    head = head[:10] + checksum_of(head).to_bytes(2, "big") + head[12:]
    return ethernet(target.mac, mac or source.mac, 0x0800, head + payload)


def _with_checksum(source: Station, target: Station, protocol: int, segment: bytes, at: int) -> bytes:
    pseudo = source.packed + target.packed + struct.pack(">HH", protocol, len(segment))
    return segment[:at] + checksum_of(pseudo + segment).to_bytes(2, "big") + segment[at + 2 :]


def udp(source: Station, target: Station, ports: tuple[int, int], payload: bytes, *, mac: bytes | None = None) -> bytes:
    segment = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
    return ipv4(source, target, UDP, _with_checksum(source, target, UDP, segment, 6), mac=mac)


def tcp(
    source: Station,
    target: Station,
    ports: tuple[int, int],
    numbers: tuple[int, int],
    flags: int,
    payload: bytes = b"",
    *,
    window: int = 64240,
    ttl: int | None = None,
    mac: bytes | None = None,
) -> bytes:
    """`numbers`: sequence and acknowledgement. A SYN offers 1,460 bytes a segment."""
    options = b"\x02\x04\x05\xb4" if flags & SYN else b""
    head = struct.pack(
        ">HHIIBBHHH",
        *ports,
        numbers[0] & 0xFFFF_FFFF,
        numbers[1] & 0xFFFF_FFFF,
        (20 + len(options)) // 4 << 4,
        flags,
        window,
        0,
        0,
    )
    segment = _with_checksum(source, target, TCP, head + options + payload, 16)
    return ipv4(source, target, TCP, segment, ttl=ttl, mac=mac)


def icmp_echo(source: Station, target: Station, number: int, *, answer: bool = False, payload: bytes = b"") -> bytes:
    body = struct.pack(">BBHHH", 0 if answer else 8, 0, 0, 0x4F54, number & 0xFFFF) + payload
    return ipv4(source, target, ICMP, body[:2] + checksum_of(body).to_bytes(2, "big") + body[4:])


def arp(operation: int, sender: tuple[bytes, bytes], target: tuple[bytes, bytes], to: bytes) -> bytes:
    """RFC 826: 1 asks, 2 answers. `sender` and `target` are hardware and protocol address."""
    body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation) + b"".join(sender) + b"".join(target)
    return ethernet(to, sender[0], 0x0806, body)
