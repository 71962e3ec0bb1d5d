"""The manifest tells the truth about every capture, and no capture stands outside it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from testbed import manifest, pcapfile
from testbed.attacker import BY_ID
from testbed.hosts import BY_NAME
from testbed.record import BY_PATH
from testbed.truth import read_truth
from tests.second_opinion.compare import Evidence
from tests.second_opinion.ours import read
from tests.second_opinion.run import CACHE

FOLDER = Path(__file__).resolve().parents[2] / "pcaps"
ENTRIES = manifest.load(FOLDER / "manifest.yml")
NAMES = [entry["path"] for entry in ENTRIES]
MAX_BYTES = 500_000
KEYS = {"path", "sha256", "protocols", "made", "origin", "licence", "clean", "text", "actions"}


def test_no_orphans() -> None:
    assert sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.pcap*")) == sorted(NAMES)
    assert len(set(NAMES)) == len(NAMES)
    assert {f"{name}.pcap" for name in BY_PATH} <= set(NAMES)


@pytest.mark.parametrize("entry", ENTRIES, ids=NAMES)
def test_entry(entry: dict[str, Any]) -> None:
    path = FOLDER / entry["path"]
    assert set(entry) == KEYS
    assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
    assert path.stat().st_size <= MAX_BYTES
    assert entry["licence"] == "Apache-2.0" and entry["origin"] == "Otus range"


@pytest.mark.parametrize("entry", [one for one in ENTRIES if one["actions"]], ids=lambda one: one["path"])
def test_actions_are_where_the_manifest_says(entry: dict[str, Any]) -> None:
    frames = list(pcapfile.read(FOLDER / entry["path"]))
    for action in entry["actions"]:
        known = BY_ID[action["action"]]
        assert (BY_NAME[known.source].address, BY_NAME[known.target].address) == (action["source"], action["target"])
        first = frames[action["first_frame"] - 1]
        assert 0 <= first.ts_ns - action["time_ns"] < 5_000_000_000
        assert action["first_frame"] <= action["last_frame"] <= len(frames)


def test_the_truth_of_the_story_lies_beside_it() -> None:
    truth = read_truth(FOLDER / "plant/attack.truth.ndjson")
    (entry,) = [one for one in ENTRIES if one["path"] == "plant/attack.pcap"]
    told = [(one["action"], one["time_ns"]) for one in entry["actions"]]
    assert [(line.action, line.time_ns) for line in truth] == told


def test_made_captures_repeat_to_the_byte(tmp_path: Path) -> None:
    pytest.importorskip("scapy")
    from pcaps.make.__main__ import MADE, main

    for name, *_ in MADE:
        (tmp_path / name).parent.mkdir(exist_ok=True)
    main(tmp_path)
    made = {entry["path"]: entry["sha256"] for entry in manifest.load(tmp_path / "manifest.yml")}
    assert made == {entry["path"]: entry["sha256"] for entry in ENTRIES if entry["made"] == "python -m pcaps.make"}
    assert len(made) == len(MADE)


def ends_with_a_packet(capture: bytes) -> bool:
    """Or else it was cut in the middle of one, which tshark's answer does not say."""
    position = 24
    while position < len(capture):
        position += 16 + int.from_bytes(capture[position + 8 : position + 12], "little")
    return position == len(capture)


@pytest.mark.parametrize("entry", [one for one in ENTRIES if one["clean"]], ids=lambda one: one["path"])
def test_clean_captures_dissect_cleanly(entry: dict[str, Any], tshark: str) -> None:
    """Asked as the second opinion asks: whoever comes first keeps the answer for the other."""
    names = {"modbus": "mbtcp", "s7comm-plus": "cotp", "pop3": "pop", "postgresql": "pgsql", "redis": "resp"}
    names |= {"teamviewer": "data", "flow": "tcp"}  # which tshark does not know
    path = FOLDER / entry["path"]
    rows = Evidence(tshark, path, CACHE).rows()
    assert rows and ends_with_a_packet(path.read_bytes())
    assert [row.frame for row in rows if row.all("_ws.malformed")] == []
    for protocol in entry["protocols"]:
        assert any(names.get(protocol, protocol) in row.layers for row in rows), f"no {protocol} in it"


MADE_ON_PURPOSE = {"modbus_function_scan": {"modbus.reserved_function", "modbus.short_pdu"}}
"""flaws that an action of the range is about: function codes that nobody may use, UMAS without its head"""


@pytest.mark.parametrize("entry", [one for one in ENTRIES if one["clean"]], ids=lambda one: one["path"])
def test_clean_captures_have_no_flaws(entry: dict[str, Any]) -> None:
    flaws = {flaw for event in read(FOLDER / entry["path"]).events for flaw in event.get("flaws", ())}
    allowed: set[str] = set().union(*(MADE_ON_PURPOSE.get(one["action"], set()) for one in entry["actions"]))
    assert flaws == allowed
