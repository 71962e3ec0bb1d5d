"""Every capture at hand goes through the core: no stop, no panic, every packet accounted for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from detectors.rules import load_rules
from otus.examples import learned_table
from sensor._core import Engine
from tests.captures import ROOT, bundled_captures


def read(paths: list[Path], batch_packets: int = 1_000_000, **settings: Any) -> tuple[bytes, dict[str, Any]]:
    """All events as NDJSON, and the last ledger; the ledger is held against the balance at every poll."""
    engine = Engine(json.dumps({"events": "ndjson", **settings}))
    engine.open_files(paths)
    out = b""
    while True:
        batch = engine.poll(batch_packets)
        assert balanced(batch.ledger), batch.ledger
        out += batch.events
        if batch.done:
            return out, batch.ledger


def balanced(ledger: dict[str, Any]) -> bool:
    known = ledger["parsed"] + sum(ledger["skipped"].values()) + sum(ledger["lost"].values()) + ledger["held"]
    return bool(ledger["received"] == known and ledger["balanced"])


@pytest.mark.parametrize("path", bundled_captures(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_bundled_captures(path: Path) -> None:
    _, ledger = read([path])
    assert ledger["held"] == 0 and ledger["skipped"]["panic"] == 0


def test_every_shared_capture(shared: list[Path]) -> None:
    """All of it on: the bundled rules, a baseline that knows none of these hosts, windows, and every hit listed."""
    rules = load_rules().to_core_json()
    table = learned_table(ROOT / "pcaps" / "plant" / "normal.pcap")
    packets = 0
    for path in shared:
        engine = Engine(json.dumps({"listing": True, "window_ns": 1_000_000_000}), rules, table)
        engine.open_files([path])
        listed = 0
        while True:
            batch = engine.poll()
            assert balanced(batch.ledger), path
            listed += batch.listing.count(b"\n")
            if batch.done:
                break
        assert batch.ledger["held"] == 0 and batch.ledger["skipped"]["panic"] == 0, path
        assert listed == batch.ledger["hits"], path
        packets += batch.ledger["received"]
    assert packets > 180_000


def test_batch_edges_change_nothing(shared: list[Path]) -> None:
    """The same bytes whether a poll takes everything or seven packets, with room for few conversations."""
    for path in shared[::12]:
        whole, account = read([path], flows=16)
        pieces, again = read([path], batch_packets=7, flows=16)
        assert whole == pieces, path
        assert account == again, path


def test_several_files_are_one_time_line(shared: list[Path]) -> None:
    """Merged, nothing is lost, and the order of the arguments changes only what the files are numbered as."""
    captures = [path for path in shared if "icsnpp-modbus" in str(path) or "icsnpp-s7comm" in str(path)][:6]
    alone = sum(read([path])[1]["received"] for path in captures)
    events, ledger = read(captures)
    assert ledger["received"] == alone
    reversed_events, _ = read(captures[::-1])
    key = lambda line: (line["@timestamp"], line["file.name"], line["frame.number"])  # noqa: E731
    forward = sorted((json.loads(line) for line in events.splitlines()), key=key)
    backward = sorted((json.loads(line) for line in reversed_events.splitlines()), key=key)
    assert len(forward) == len(backward)
