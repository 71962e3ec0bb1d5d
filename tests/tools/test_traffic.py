"""The benchmark's traffic is what it says it is: tshark reads it without a complaint, and so does the core."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from sensor._core import Engine
from tools.bench.traffic import PLANTS, Plant, places, write

CHECKED = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
WRONG = (
    "_ws.malformed || _ws.expert.severity >= 0x400000 || tcp.analysis.flags"
    " || !(ip.checksum.status == 1) || !(tcp.checksum.status == 1)"
)
INSIDE = {
    "modbus": {"modbus"},
    "s7comm": {"s7comm"},
    "opcua": {"opcua"},
    "mix": {"modbus", "s7comm", "opcua"},
    "functions": {"modbus"},
    "flood": {"modbus"},
    "day": {"modbus"},
    "flows": {"modbus"},
}


def small(kind: str) -> Plant:
    """The same speeches on fewer connections: a prefix then holds some of everything."""
    return replace(PLANTS[kind], connections=60)


def fields(capture: Path, *names: str, only: str = "") -> list[tuple[str, ...]]:
    command = ["tshark", "-n", "-r", str(capture), *CHECKED, "-T", "fields"]
    command += [word for name in names for word in ("-e", name)] + (["-Y", only] if only else [])
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("kind", PLANTS)
def test_tshark_finds_nothing_wrong(kind: str, tmp_path: Path, tshark: str) -> None:
    capture = tmp_path / "traffic.pcap"
    packets = write(capture, small(kind), 3_000)
    assert fields(capture, "frame.number", "_ws.expert.message", only=WRONG) == []
    seen = Counter(layers.rpartition(":")[2] for (layers,) in fields(capture, "frame.protocols"))
    assert sum(seen.values()) == packets
    assert INSIDE[kind] <= set(seen) <= INSIDE[kind] | {"tcp", "cotp"}
    times = [float(time) for (time,) in fields(capture, "frame.time_epoch")]
    assert times == sorted(times)


@pytest.mark.parametrize("kind", PLANTS)
def test_the_core_reads_every_message(kind: str, tmp_path: Path) -> None:
    capture = tmp_path / "traffic.pcap"
    packets = write(capture, small(kind), 6_000)
    engine = Engine(json.dumps({"events": "ndjson"}))
    engine.open_files([str(capture)])
    lines, done = b"", False
    while not done:
        batch = engine.poll()
        lines, done = lines + batch.events, batch.done
    ledger = batch.ledger
    handshakes = 3 * 60 if PLANTS[kind].handshake else 0
    assert ledger["received"] == packets
    assert ledger["parsed"] == packets - handshakes
    events = [json.loads(line) for line in lines.splitlines()]
    assert len(events) == packets - handshakes
    assert not [event for event in events if "flaws" in event]
    answers = [event for event in events if event["message.kind"] == "response"]
    assert len(answers) * 2 == len(events)
    assert {event["event.outcome"] for event in answers} == {"success"}


def test_modbus_says_what_was_meant(tmp_path: Path, tshark: str) -> None:
    capture = tmp_path / "functions.pcap"
    write(capture, small("functions"), 60 * 2 * 30)
    rows = fields(capture, "modbus.func_code", "mbtcp.unit_id", only="modbus")
    assert {code for code, _ in rows} == {"1", "2", "3", "4", "5", "6", "15", "16"}
    values = fields(capture, "modbus.regval_uint16", only="modbus.func_code == 3 && tcp.srcport == 502")
    registers = [int(value) for (line,) in values for value in line.split(",")]
    assert max(registers) < 0xF000
    assert len(set(registers)) > 1000


def test_all_flows_are_alive_at_once(tmp_path: Path) -> None:
    capture = tmp_path / "flows.pcap"
    write(capture, replace(PLANTS["flows"], connections=30_000), 120_000)
    engine = Engine("{}")
    engine.open_files([str(capture)])
    while not engine.poll().done:
        assert engine.flows <= 30_000
    engine = Engine("{}")
    engine.open_files([str(capture)])
    engine.poll(60_000)
    assert engine.flows == 30_000


def test_the_same_plant_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.pcap", tmp_path / "second.pcap"
    for path in (first, second):
        write(path, small("mix"), 2_000)
    assert first.read_bytes() == second.read_bytes()


def test_one_connection_of_each_kind_is_part_of_the_whole(tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.pcap", tmp_path / "part.pcap"
    write(whole, small("mix"), 4_000)
    write(part, small("mix"), 4_000, one_each=True)
    assert _records(part) < _records(whole)


def _records(path: Path) -> set[bytes]:
    data = path.read_bytes()
    return {data[begin - 16 : end] for begin, end in places(data)}
