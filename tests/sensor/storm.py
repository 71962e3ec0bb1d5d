"""A write storm as a capture: every packet a hit."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

from testbed import pcapfile
from testbed.pcapfile import Frame

BEGUN_NS = 1_795_154_400_000_000_000
SERVER, PORT = IPv4Address("10.9.0.2"), 502
RULE = """\
title: Any Write of a Register
level: high
protocol: modbus
detection:
  selection: {modbus.function_code: 6}
  condition: selection
"""


def write_storm(path: Path, packets: int, clients: int, gap_ns: int = 50_000) -> None:
    """`packets` writes of a register, from so many clients in turn."""
    pcapfile.write(path, _frames(packets, clients, gap_ns))


def write_rule(folder: Path) -> Path:
    folder.mkdir()
    (folder / "any_write.yml").write_text(RULE, encoding="utf-8")
    return folder


def _frames(packets: int, clients: int, gap_ns: int) -> Iterator[Frame]:
    first = int(IPv4Address("10.16.0.1"))
    for number in range(packets):
        turn, client = divmod(number, clients)
        # MBAP: transaction, protocol 0, 6 bytes, unit 1; write single register 7 := number.
        message = struct.pack(">HHHBBHH", turn & 0xFFFF, 0, 6, 1, 6, 7, number & 0xFFFF)
        tcp = struct.pack(">HHIIBBHHH", 40_000, PORT, 1 + turn * len(message), 1, 0x50, 0x18, 8192, 0, 0)
        length = 20 + len(tcp) + len(message)
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, length, 0, 0x4000, 64, 6, 0, first + client, int(SERVER))
        ethernet = bytes.fromhex("020000000002020000000001") + b"\x08\x00"
        yield Frame(BEGUN_NS + number * gap_ns, ethernet + ip + tcp + message)
