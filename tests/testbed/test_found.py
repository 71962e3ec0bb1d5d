"""Every action in every capture is found by the core as actions.yml says, and no ordinary host is accused."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from detectors.rules import load_rules
from sensor._core import Engine, Hit
from testbed import manifest
from testbed.truth import expectations

FOLDER = Path(__file__).resolve().parents[2] / "pcaps"
RECORDED = [entry for entry in manifest.load(FOLDER / "manifest.yml") if "testbed.record" in entry["made"]]
HARMFUL = {"medium", "high", "critical"}
RULES = load_rules(None)


def play(engine: Engine, path: str) -> list[Hit]:
    engine.open_files([FOLDER / path])
    hits: list[Hit] = []
    while True:
        batch = engine.poll()
        hits += batch.hits
        if batch.done:
            return hits


@cache
def normal(path: str) -> bytes:
    engine = Engine(json.dumps({"learn": True}))
    play(engine, path)
    return engine.learned()


@cache
def found_in(path: str, protocols: tuple[str, ...]) -> list[Hit]:
    """The last word on each alert: an update or an outcome carries what the first one did not know."""
    baseline = "plant/normal.pcap" if len(protocols) > 1 else f"{path.partition('/')[0]}/normal_polling.pcap"
    last: dict[str, Hit] = {}
    for hit in play(Engine("{}", RULES.to_core_json(), normal(baseline)), path):
        last[hit.id] = hit
    return list(last.values())


def ip(side: tuple[str, int | None, str | None] | None) -> str | None:
    return None if side is None else side[0]


def fits(hit: Hit, wish: Mapping[str, str]) -> bool:
    rule = None if hit.rule is None else RULES[hit.rule].title
    detector = "signature" if rule else hit.cause.partition(":")[0]
    known = {"detector": detector, "cause": hit.cause, "rule": rule}
    return all(known[key] == value for key, value in wish.items())


@pytest.mark.parametrize("entry", [one for one in RECORDED if one["actions"]], ids=lambda one: one["path"])
def test_every_action_is_found(entry: dict[str, Any]) -> None:
    hits = found_in(entry["path"], tuple(entry["protocols"]))
    for action in entry["actions"]:
        expected = expectations()[action["action"]]
        between = [
            hit
            for hit in hits
            if {ip(hit.client), ip(hit.server)} == {action["source"], action["target"]}
            and hit.last_ns >= action["time_ns"]
            and (hit.frame is None or hit.frame <= action["last_frame"])
        ]
        seen = [hit for hit in between if any(fits(hit, wish) for wish in expected.seen_as)]
        assert seen, f"{action['action']}: only {sorted({hit.cause for hit in between})}"
        if expected.outcome:
            assert expected.outcome in {hit.outcome for hit in seen}, action["action"]


@pytest.mark.parametrize("entry", RECORDED, ids=lambda one: one["path"])
def test_nobody_else_is_accused(entry: dict[str, Any]) -> None:
    guilty = {action["source"] for action in entry["actions"]}
    wrong = [
        (hit.cause, ip(hit.client), ip(hit.server))
        for hit in found_in(entry["path"], tuple(entry["protocols"]))
        if ip(hit.client) not in guilty and (hit.rule is None or RULES[hit.rule].level in HARMFUL)
    ]
    assert not wrong


def test_the_plant_stays_in_its_network() -> None:
    for entry in RECORDED:
        for hit in found_in(entry["path"], tuple(entry["protocols"])):
            for side in (hit.client, hit.server):
                assert side is None or ipaddress.ip_address(side[0]) in ipaddress.ip_network("10.77.1.0/24")
