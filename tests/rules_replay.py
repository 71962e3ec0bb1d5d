"""The core, driven for tests of rules: alerts, events and hits of one capture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from detectors.rules import RuleSet

ROOT = Path(__file__).resolve().parents[1]
PCAPS = ROOT / "pcaps"
NO_RULES = '{"version":1,"rules":[]}'


def core() -> Any:
    """The compiled core; tests that need it are skipped, visibly, where it is not built."""
    return pytest.importorskip("sensor._core", reason="the core is not built: make build")


@cache
def learned(pcap: Path) -> bytes:
    engine = core().Engine(json.dumps({"learn": True}), NO_RULES)
    engine.open_files([pcap])
    while not engine.poll().done:
        pass
    table: bytes = engine.learned()
    return table


def run(pcap: Path, rules: str, baseline: Path | None = None, **settings: Any) -> tuple[list[Any], bytes, bytes]:
    """Hits, events and listing of a capture."""
    table = None if baseline is None else learned(baseline)
    engine = core().Engine(json.dumps(settings), rules, table)
    engine.open_files([pcap])
    hits: list[Any] = []
    events, listing = b"", b""
    while True:
        batch = engine.poll()
        hits += batch.hits
        events += batch.events
        listing += batch.listing
        if batch.done:
            return hits, events, listing


def alerts_of(ruleset: RuleSet, pcap: Path, baseline: Path | None) -> Sequence[str]:
    """The rule of every alert, after folding."""
    hits, _, _ = run(pcap, ruleset.to_core_json(), baseline)
    return [ruleset[hit.rule].id for hit in hits if hit.kind == "first" and hit.rule is not None]


def events_of(pcap: Path, baseline: Path | None = None, rules: str = NO_RULES) -> list[dict[str, Any]]:
    """Messages of all protocols; how conversations end is told where one of the rules asks for it."""
    _, events, _ = run(pcap, rules, baseline, events="ndjson")
    return [json.loads(line) for line in events.splitlines()]


def hits_of(pcap: Path, rules: str, baseline: Path | None = None) -> list[dict[str, Any]]:
    """Every single hit of a rule, before folding."""
    _, _, listing = run(pcap, rules, baseline, listing=True)
    return [hit for line in listing.splitlines() if (hit := json.loads(line)).get("rule_id")]
