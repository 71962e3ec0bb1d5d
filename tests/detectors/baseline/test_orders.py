"""The order of operations: learned on the range's plants, silent on their own days, told where it is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from detectors.baseline.completeness import completeness
from detectors.baseline.describe import describe
from sensor._core import Engine, baseline_from_json, baseline_to_json
from sensor.schema import Level
from testbed.play.plants import SCENARIOS
from testbed.play.play import Order, play_into

HOURS = 3
CAUSE = "baseline:new_order"
BENIGN = ("maintenance", "device-restart", "device-replaced", "shift-change")
"""What a plant's own people do, and what happens to it."""


def learned(path: Path, packets: int) -> tuple[bytes, dict[str, Any]]:
    engine = Engine(json.dumps({"learn": True}))
    engine.open_files([path])
    engine.poll(packets)
    report = json.loads(engine.learning(True) or "{}")
    return engine.learned(), report


def found(path: Path, table: bytes) -> list[Any]:
    engine = Engine("{}", None, table)
    engine.open_files([path])
    hits, done = [], False
    while not done:
        batch = engine.poll()
        hits += [hit for hit in batch.hits if hit.kind == "first" and hit.cause == CAUSE]
        done = batch.done
    return hits


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS])
def test_a_plants_own_day_is_silent(name: str, tmp_path: Path) -> None:
    path = tmp_path / "day.pcap"
    order = Order(name, 41, None, BENIGN, HOURS * 3600.0, 900.0)
    truth = play_into(order, path, tmp_path / "truth.json").truth
    table, _ = learned(path, truth["learn"]["packets"])
    assert found(path, table) == []


def test_a_write_out_of_turn_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "act.pcap"
    order = Order("modbus-line", 22, None, ("modbus-write-out-of-turn",), HOURS * 3600.0, 600.0)
    truth = play_into(order, path, tmp_path / "truth.json").truth
    table, report = learned(path, truth["learn"]["packets"])
    (hit,) = found(path, table)
    (event,) = truth["events"]
    assert event["first_ns"] <= hit.first_ns <= event["last_ns"]
    assert {hit.client[0], hit.server[0]} == set(event["hosts"])
    said = describe(hit)
    assert (said.level, said.reason.code, said.technique) == (Level.MEDIUM, "new_order", ("T0855",))
    params = said.reason.params
    assert params["operation"] == "write_single_register"
    assert params["last_operation"] == "read_input_registers"
    assert params["usually_after"] == "read_holding_registers"
    assert params["usually_before"] in ("read_coils", "read_holding_registers")
    # The table as people edit it: without its orders nothing is told of them.
    document = json.loads(baseline_to_json(table))
    assert baseline_from_json(json.dumps(document)) == table
    assert {row["next"].rpartition(".")[2] for link in document["links"] for row in link["orders"]} == {"read", "write"}
    for link in document["links"]:
        link["orders"] = []
    assert found(path, baseline_from_json(json.dumps(document))) == []
    # The meter tells of orders, and does not wait for them.
    meter = completeness(report)
    assert meter.kinds["orders"].seen > 0
    report["meters"]["orders"]["once"] += 50
    assert completeness(report).new_per_day == meter.new_per_day
