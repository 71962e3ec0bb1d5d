"""ICMP for IPv4 and IPv6, with the checksums that its stacks demand. RFC 792, RFC 4443, RFC 4861."""

from __future__ import annotations

import ipaddress
import struct

from pcaps.make.datagrams import Station, raw
from pcaps.make.talk import CLIENT, SERVER, add
from testbed.pcapfile import Frame

CLIENT_6: Station = ("fd77::101", CLIENT[1])
SERVER_6: Station = ("fd77::11", SERVER[1])
ROUTER_6: Station = ("fe80::1", "02:00:5e:77:02:01")
NODES: Station = ("ff02::1", "33:33:00:00:00:01")
# The header of a datagram from the client's port 53000 to the server's 161.
QUOTE = "4500 0030 0001 0000 4011 0000 0a4d0265 0a4d020b cf08 00a1 001c 0000"


def packet(source: Station, destination: Station, text: str | bytes) -> bytes:
    """A frame around type, code, two bytes for the checksum, and the rest."""
    message = raw(text)
    here, there = (ipaddress.ip_address(station[0]) for station in (source, destination))
    if here.version == 6:
        pseudo = here.packed + there.packed + struct.pack(">II", len(message), 58)
        header = struct.pack(">IHBB", 0x60000000, len(message), 58, 255) + here.packed + there.packed
    else:
        pseudo = b""
        header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(message), 1, 0, 64, 1, 0) + here.packed + there.packed
        header = header[:10] + checksum(header) + header[12:]
    message = message[:2] + checksum(pseudo + message) + message[4:]
    macs = bytes.fromhex((destination[1] + source[1]).replace(":", ""))
    return macs + (b"\x86\xdd" if here.version == 6 else b"\x08\x00") + header + message


def checksum(data: bytes) -> bytes:
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF).to_bytes(2, "big")


def normal() -> list[Frame]:
    """Echoes, errors, a redirect, a router and neighbours."""
    frames: list[Frame] = []

    def say(source: Station, destination: Station, text: str) -> None:
        add(frames, packet(source, destination, text))

    for number in (1, 2):
        say(CLIENT, SERVER, f"0800 0000 1234 {number:04x} 6f747573")
        say(SERVER, CLIENT, f"0000 0000 1234 {number:04x} 6f747573")
    say(SERVER, CLIENT, f"0303 0000 00000000 {QUOTE}")
    say(SERVER, CLIENT, f"0501 0000 0a4d02fe {QUOTE}")
    say(SERVER, CLIENT, f"0b00 0000 00000000 {QUOTE}")
    say(CLIENT, SERVER, "0d00 0000 0001 0001 00000001 00000000 00000000")
    say(SERVER, CLIENT, "0e00 0000 0001 0001 00000001 00000002 00000002")
    prefix = "0304 40c0 00000e10 00000e10 00000000 fd77 0000000000000000000000000000"
    say(ROUTER_6, NODES, f"8600 0000 4080 0708 00000000 00000000 0101 02005e770201 0501 0000 000005dc {prefix}")
    say(CLIENT_6, SERVER_6, "8700 0000 00000000 fd77 0000000000000000000000000011 0101 02005e770265")
    say(SERVER_6, CLIENT_6, "8800 0000 60000000 fd77 0000000000000000000000000011 0201 02005e77020b")
    say(CLIENT_6, SERVER_6, "8000 0000 1234 0001 6f747573")
    say(SERVER_6, CLIENT_6, "8100 0000 1234 0001 6f747573")
    return frames


def errors() -> list[Frame]:
    """One broken message after another between good ones."""
    frames: list[Frame] = []
    for text in (
        "0800 0000 1234 0001",
        "c800 0000",  # a type nobody has
        "0805 0000 1234 0002",  # an echo has no code 5
        "0800 0000 12",  # ends in its identifier
        "0301 0000 00000000 99000000",  # the quote is no datagram
        "0900 0000 0502 0708 0a4d02fe 00000000",  # five routers, one there
        "0800 0000 1234 0003" + "00" * 1473,  # more than a frame's
        "0800 0000 1234 0004",
    ):
        add(frames, packet(CLIENT, SERVER, text))
    for text in (
        "8700 0000 00000000 fd77 0000000000000000000000000011 0100 02005e770265",  # an option of length 0
        "8700 0000 00000000 ff02 0000000000000000000000000001",  # who is everybody
        "8f00 0000 0000 0002 0400 0000 ff02 0000000000000000000000000016",  # two groups, one there
    ):
        add(frames, packet(CLIENT_6, SERVER_6, text))
    return frames
