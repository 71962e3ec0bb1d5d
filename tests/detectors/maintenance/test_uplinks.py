"""Uplinks against the list, decided by the core on a capture."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from detectors.maintenance import read_suppliers, with_uplinks
from detectors.rules.model import RuleSet

core = pytest.importorskip("sensor._core", reason="the core is not built: make build")

BEGIN_S = 1_772_409_600  # 2026-03-02T00:00Z


def call(at_s: int, server: str, host: str, number: int) -> list[tuple[int, bytes]]:
    """One HTTP request from 10.0.0.5 to a server, behind its handshake."""
    client = (bytes([10, 0, 0, 5]), 40_000 + number)
    there = (bytes(int(part) for part in server.split(".")), 80)
    said = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    steps = [(client, there, 1, 0x02, b""), (there, client, 9, 0x12, b""), (client, there, 2, 0x18, said)]
    return [(at_s, frame(*step)) for step in steps]


def frame(source: Any, target: Any, sequence: int, flags: int, payload: bytes) -> bytes:
    """Ethernet, IPv4, TCP; checksums are not looked at."""
    ends = bytes([2, 0, 0, 0, 0, target[0][3], 2, 0, 0, 0, 0, source[0][3]])
    address = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), 0, 0x4000, 64, 6, 0) + source[0] + target[0]
    segment = struct.pack(
        ">HHIIBBHHH", source[1], target[1], sequence, 10 if flags & 0x10 else 0, 0x50, flags, 9999, 0, 0
    )
    return ends + b"\x08\x00" + address + segment + payload


LISTED = """
site_networks: [203.0.113.0/28]
suppliers:
  - {name: 平台甲, assessed: [platform], domains: [iot.example.cn], suspended: 2026-03-03}
  - {name: 平台乙, assessed: [data], networks: [198.51.100.0/24]}
  - {name: 平台丙, domains: [never.assessed.cn]}
"""
CALLS = [
    ("198.18.0.1", "iot.example.cn", 0, False),
    ("198.18.0.2", "up.iot.example.cn", 0, False),
    ("198.18.0.3", "evil-iot.example.cn", 0, True),
    ("198.51.100.9", "whatever.org", 0, False),
    ("203.0.113.3", "our-own.cn", 0, False),
    ("192.168.7.7", "inside.local", 0, False),
    ("198.18.0.4", "never.assessed.cn", 0, True),
    ("198.18.0.5", "iot.example.cn", 2 * 86_400, True),  # suspended by then
]


def test_uplinks_are_held_against_names_addresses_and_standing(tmp_path: Path) -> None:
    (tmp_path / "list.yml").write_text(LISTED, "utf-8")
    rules = with_uplinks(RuleSet(()), read_suppliers(tmp_path / "list.yml"), tmp_path / "list.yml")
    with (tmp_path / "calls.pcap").open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, (server, host, later_s, _) in enumerate(CALLS):
            for at_s, data in call(BEGIN_S + number + later_s, server, host, number):
                file.write(struct.pack("<IIII", at_s, 0, len(data), len(data)) + data)
    engine = core.Engine(json.dumps({"checksums": False}), rules.to_core_json())
    engine.open_files([str(tmp_path / "calls.pcap")])
    told = set()
    while True:
        batch = engine.poll()
        told |= {hit.server[0] for hit in batch.hits if hit.kind == "first"}
        if batch.done:
            break
    assert told == {server for server, _, _, is_told in CALLS if is_told}
    assert {name: hits for name, _, hits in engine.suppressed()} == {"supplier-1": 2, "supplier-2": 1}
