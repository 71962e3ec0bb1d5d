"""A table as the core writes it, made from messages of a capture that is made here."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

core = pytest.importorskip("sensor._core", reason="the core is not built: make build")

CLIENT, SERVER = bytes([192, 168, 1, 10]), bytes([192, 168, 1, 20])


def frame(source: bytes, destination: bytes, ports: tuple[int, int], sequence: int, payload: bytes) -> bytes:
    """Ethernet, IPv4, TCP with PSH and ACK; checksums are not looked at."""
    macs = bytes([2, 0, 0, 0, 0, destination[3], 2, 0, 0, 0, 0, source[3]])
    address = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), 0, 0x4000, 64, 6, 0) + source + destination
    segment = struct.pack(">HHIIBBHHH", *ports, sequence, 1, 0x50, 0x18, 0xFFFF, 0, 0)
    return macs + b"\x08\x00" + address + segment + payload


def capture(path: Path, seconds: int, period_ms: int = 500) -> Path:
    """A client that reads ten registers in a fixed rhythm and writes one every ten seconds."""
    packets: list[tuple[int, bytes]] = []
    sequences = {CLIENT: 1, SERVER: 1}

    def say(ts_us: int, source: bytes, destination: bytes, payload: bytes) -> None:
        ports = (40000, 502) if source == CLIENT else (502, 40000)
        packets.append((ts_us, frame(source, destination, ports, sequences[source], payload)))
        sequences[source] += len(payload)

    for number in range(seconds * 1000 // period_ms):
        ts_us = 1_700_000_000_000_000 + number * period_ms * 1000
        header = struct.pack(">HHHB", number & 0xFFFF, 0, 6, 1)
        say(ts_us, CLIENT, SERVER, header + struct.pack(">BHH", 3, 0, 10))
        say(ts_us + 3000, SERVER, CLIENT, struct.pack(">HHHBBB", number & 0xFFFF, 0, 23, 1, 3, 20) + bytes(20))
        if number % 20 == 7:
            say(ts_us + 100_000, CLIENT, SERVER, header + struct.pack(">BHH", 6, 40, number % 100))
            say(ts_us + 103_000, SERVER, CLIENT, header + struct.pack(">BHH", 6, 40, number % 100))
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for ts_us, data in packets:
            file.write(struct.pack("<IIII", ts_us // 1_000_000, ts_us % 1_000_000, len(data), len(data)) + data)
    return path


def learn(path: Path) -> bytes:
    engine = core.Engine(json.dumps({"learn": True}))
    engine.open_files([str(path)])
    while not engine.poll().done:
        pass
    return bytes(engine.learned())


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return learn(capture(tmp_path_factory.mktemp("captures") / "normal.pcap", seconds=60))
