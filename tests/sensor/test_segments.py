"""Segments: two cells with the same addresses stay two, from the frame to the baseline."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scapy.all import IP, TCP, UDP, VXLAN, Dot1Q, Ether, Raw, wrpcap

from otus.detection import Given, load
from sensor._core import Engine, baseline_to_json
from sensor.segments import Segments
from sensor.segments import load as load_segments
from sensor.site import Site

READ = bytes([0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2])
ANSWER = bytes([0, 1, 0, 0, 0, 7, 1, 3, 4, 0, 1, 0, 2])
TABLE = """\
- {name: cell-1, vlan: 101}
- {name: cell-2, vlan: 102}
"""


def exchange(vlan: int | None, cell: int) -> list[Ether]:
    """One read and its answer between the same two addresses, with MAC addresses of this cell's stations."""
    client, server = f"02:00:00:00:{cell:02x}:01", f"02:00:00:00:{cell:02x}:02"
    frames = []
    for there, payload in ((True, READ), (False, ANSWER)):
        ends = ("192.168.0.1", "192.168.0.2") if there else ("192.168.0.2", "192.168.0.1")
        ports = (40_000, 502) if there else (502, 40_000)
        numbers = (100, 200) if there else (200, 100 + len(READ))
        frame = Ether(src=client if there else server, dst=server if there else client)
        if vlan is not None:
            frame /= Dot1Q(vlan=vlan)
        frame /= IP(src=ends[0], dst=ends[1], id=0, ttl=64)
        frame /= TCP(sport=ports[0], dport=ports[1], seq=numbers[0], ack=numbers[1], flags="PA")
        frames.append(frame / Raw(payload))
    return frames


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same conversation in VLAN 101, in VLAN 102, and in none."""
    path = tmp_path_factory.mktemp("segments") / "cells.pcap"
    wrpcap(str(path), exchange(101, 1) + exchange(102, 2) + exchange(None, 3))
    return path


def table(folder: Path, text: str) -> Segments:
    path = folder / "segments.yml"
    path.write_text(text, encoding="utf-8")
    return load_segments("hall", path)


def test_cells_with_the_same_addresses_stay_apart(capture: Path, tmp_path: Path) -> None:
    segments = table(tmp_path, TABLE)
    assert segments.names == ("hall", "cell-1", "cell-2")
    engine = load(Given(site=Site(segments))).engine(events="ndjson")
    engine.open_files([str(capture)])
    batch = engine.poll()
    told = [json.loads(line) for line in batch.events.splitlines()]
    events = [event for event in told if event["network.protocol"] != "flow"]  # conversations end, too
    assert [(event["segment"], event["event.outcome"]) for event in events[1::2]] == [
        ("cell-1", "success"),
        ("cell-2", "success"),
        ("hall", "success"),
    ]
    stations = {(news.segment, news.ip, news.mac) for news in batch.news if news.kind == "asset"}
    assert stations == {
        (segment, f"192.168.0.{end}", f"02:00:00:00:{cell:02x}:{end:02x}")
        for segment, cell in (("cell-1", 1), ("cell-2", 2), ("hall", 3))
        for end in (1, 2)
    }
    notes = batch.ledger["notes"]
    assert (notes["flows_opened"], notes["address_conflicts"]) == (3, 0)


def test_without_a_table_the_ledger_says_that_one_is_needed(capture: Path) -> None:
    engine = load().engine()
    engine.open_files([str(capture)])
    batch = engine.poll()
    notes = batch.ledger["notes"]
    assert (notes["flows_opened"], notes["address_conflicts"]) == (1, 2)


def test_what_was_learned_in_one_segment_is_not_known_in_another(capture: Path, tmp_path: Path) -> None:
    settings = json.dumps(table(tmp_path, TABLE).engine_settings())
    learned = tmp_path / "cell_1.pcap"
    wrpcap(str(learned), exchange(101, 1))
    learner = Engine(json.dumps({"learn": True, **json.loads(settings)}))
    learner.open_files([str(learned)])
    while not learner.poll().done:
        pass
    baseline = learner.learned()
    assert baseline is not None
    assert [link["segment"] for link in json.loads(baseline_to_json(baseline))["links"]] == ["cell-1"]
    engine = Engine(settings, None, baseline)
    engine.open_files([str(capture)])
    found = {(hit.segment, hit.cause) for hit in engine.poll().hits}
    assert found == {
        (segment, cause) for segment in ("cell-2", "hall") for cause in ("baseline:new_asset", "baseline:new_link")
    }


def test_an_interface_is_a_file_in_a_replay(capture: Path, tmp_path: Path) -> None:
    segments = table(tmp_path, f"- {{name: mirror, interface: {capture.name}}}\n")
    engine = load(Given(site=Site(segments))).engine()
    engine.open_files([str(capture)])
    assert {news.segment for news in engine.poll().news} == {"mirror"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cell-1: 101\n", "expected lines like"),
        ("- {name: a, vlam: 3}\n", "line 1: unknown key vlam; did you mean vlan?"),
        ("- {name: a, vlan: 4096}\n- {vlan: 1}\n", "line 1: vlan: expected a number from 0 to 4095"),
        ("- {vlan: 1}\n", "line 1: no name"),
        ("- {name: a}\n", "line 1: fits every frame"),
        ("- {name: a, vlan: true}\n", "line 1: vlan: expected a number"),
        ("- [", "not YAML"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"segments\.yml") as refused:
        table(tmp_path, text)
    assert said in str(refused.value)


def test_no_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: No such file or directory"):
        load_segments("hall", tmp_path / "none.yml")


def otus(*arguments: str | Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "otus.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_commands_that_show_messages_take_the_table(capture: Path, tmp_path: Path) -> None:
    path = tmp_path / "segments.yml"
    path.write_text(TABLE, encoding="utf-8")
    events = otus("events", capture, "--segments", path)
    assert [event["segment"] for event in events[::2]] == ["cell-1", "cell-2", "default"]


def test_what_lay_around_a_frame_is_explained(tmp_path: Path) -> None:
    tunnelled = tmp_path / "tunnelled.pcap"
    outer = Ether() / Dot1Q(vlan=7) / IP(src="172.16.0.1", dst="172.16.0.2") / UDP(dport=4789) / VXLAN(vni=42, flags=8)
    wrpcap(str(tunnelled), [outer / frame for frame in exchange(101, 1)])
    path = tmp_path / "segments.yml"
    path.write_text("- {name: cell-1, vni: 42}\n", encoding="utf-8")
    command = ["explain", tunnelled, "--packet", "1", "--format", "json", "--segments", path]
    done = subprocess.run([sys.executable, "-m", "otus.cli", *map(str, command)], capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert found["frame"]["around"] == [
        {"kind": "vxlan", "id": 42, "vlan": 7, "source": "172.16.0.1", "destination": "172.16.0.2"}
    ]
    assert found["frame"]["vlan"] == 101 and found["frame"]["source"] == "192.168.0.1"
    assert [event["segment"] for event in found["protocol"]["messages"]] == ["cell-1"]


@pytest.mark.parametrize(("settings", "copies"), [({}, 2), ({"duplicate_ms": 1}, 0), ({"duplicate_ms": 0}, 0)])
def test_how_late_a_copy_may_come_is_a_setting(settings: dict[str, int], copies: int, tmp_path: Path) -> None:
    """Both frames of an exchange, and both once more two milliseconds later in another VLAN."""
    frames = exchange(None, 1) + exchange(101, 1)
    for number, frame in enumerate(frames):
        frame[IP].id, frame.time = 1 + number % 2, 1_700_000_000 + (number % 2) * 0.0001 + (number // 2) * 0.002
    wrpcap(str(tmp_path / "twice.pcap"), frames)
    engine = Engine(json.dumps(settings))
    engine.open_files([tmp_path / "twice.pcap"])
    assert engine.poll().ledger["skipped"]["duplicate"] == copies
