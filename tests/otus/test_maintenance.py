"""Work orders of the range: the work passes quietly, and an attack inside the window is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("sensor._core", reason="the core is not built: make build")

from detectors.evaluation import read_labels
from otus.evaluate import judge
from testbed.play.play import Order, play_into


def test_work_with_an_order_is_quiet_and_an_attack_meanwhile_is_not(tmp_path: Path) -> None:
    order = Order("modbus-line", 7, acts=("maintenance", "modbus-new-writer"), quiet_s=150, apart_s=200)
    path = tmp_path / "line.truth.json"
    play_into(order, tmp_path / "line.pcap", path)
    truth = json.loads(path.read_text())
    work = next(one for one in truth["events"] if one["name"] == "maintenance")
    assert work["details"]["expected"] == ["write", "read"]
    # The order is for the whole time: what is not the engineer's work is found in it all the same.
    work["first_ns"], work["last_ns"] = truth["first_ns"], truth["last_ns"]
    path.write_text(json.dumps(truth))
    found = {one.event.name: one for one in judge(read_labels(path)[0]).events}
    assert found["modbus-new-writer"].alerts
    assert found["maintenance"].alarms == 0
    # Without an order the same work is an alarm: what made it quiet is the order.
    del work["details"]["work_order"]
    path.write_text(json.dumps(truth))
    found = {one.event.name: one for one in judge(read_labels(path)[0]).events}
    assert found["maintenance"].alarms > 0
