"""Relations between process values, on a plant of the range that has one: two lines and the header they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from detectors.values import describe
from sensor._core import Engine
from sensor.schema import Level
from testbed.play import plants
from testbed.play.collector import SECOND, Times
from testbed.play.devices import ModbusDevice
from testbed.play.plant import Plant
from testbed.play.play import START_NS, Order, play_into
from testbed.play.signals import Disturbance, Signal, Values

QUIET_S, AFTER_S, FORGED_S = 3 * 3600, 3600, 1200


class Header(Signal):
    """As much as both lines take."""

    lines: tuple[Signal, Signal]

    def _shape(self, ticks: Times, seconds: Values) -> Values:
        one, two = (line._shape(ticks, seconds) for line in self.lines)
        total: Values = one + two + 0.002 * self.span * self._noise(ticks)
        return total


def build(plant: Plant) -> None:
    net = plant.net()
    plant.router = plant.station("router", net, "network", "router")
    scada = plant.station("scada", net, role="scada")
    lines = plant.signal("LineOne", "pressure", 0, 400), plant.signal("LineTwo", "pressure", 0, 300)
    header = Header("Header", "pressure", 0, 700, plant.rng("signal", "Header"))
    header.lines = lines
    begin_ns = START_NS + (QUIET_S + AFTER_S - FORGED_S) * SECOND

    def of_an_hour_ago(values: Values, since: Values) -> Values:
        ticks = ((begin_ns + since * SECOND - 3600 * SECOND) // (SECOND // 5)).astype("int64")
        return header._shape(ticks, ticks / 5.0)

    header.disturbances.append(Disturbance(begin_ns, 1 << 62, 1, of_an_hour_ago))
    device = ModbusDevice(
        plant.station("Manifold", net, "modbus", "plc"), [*lines, header], [], plant.rng("device"), unit=3, first=40
    )
    plant.poll(scada, device, SECOND)


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The whole, and how many packets are learned from."""
    folder = tmp_path_factory.mktemp("manifold")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(plants.BY_NAME, "manifold", plants.Scenario("manifold", build, "母管", "manifold"))
        path = folder / "all.pcap"
        frames = play_into(Order("manifold", 5, QUIET_S + AFTER_S), path, folder / "truth.json").frames
    return path, frames * QUIET_S // (QUIET_S + AFTER_S)


def test_a_forged_value_in_its_range_breaks_the_relation_and_nothing_before_it_does(capture: tuple[Path, int]) -> None:
    path, packets = capture
    learner = Engine(json.dumps({"learn": True}))
    learner.open_files([path])
    learner.poll(packets)
    table, values = learner.learned(), learner.learned_values()
    (link,) = json.loads(values)["links"]
    (relation,) = link["relations"]
    assert {relation["linear"]["of"], *(tag for tag, _ in relation["linear"]["terms"])} == {0, 1, 2}
    hits = found(path, table, values)
    broken = [hit for hit in hits if hit.cause == "value:relation"]
    begin_ns = START_NS + (QUIET_S + AFTER_S - FORGED_S) * SECOND
    assert len(broken) == 1 and {hit.cause for hit in hits} <= {"value:relation", "value:jump"}
    assert all(hit.first_ns >= begin_ns for hit in hits)
    assert broken[0].first_ns < begin_ns + 300 * SECOND
    said = describe(broken[0])
    assert (said.level, said.reason.code) == (Level.MEDIUM, "value_relation")
    assert begin_ns - 35 * SECOND <= said.reason.params["since_ns"] < broken[0].first_ns
    # Without a table of points tags are called by their places.
    assert all(f"input_register 3:{place}" in said.reason.params["formula"] for place in (40, 41, 42))


def found(path: Path, table: bytes, values: bytes) -> list[Any]:
    engine = Engine("{}", None, table, None, values)
    engine.open_files([path])
    hits, done = [], False
    while not done:
        batch = engine.poll()
        hits += [hit for hit in batch.hits if hit.kind == "first" and hit.cause.startswith("value:")]
        done = batch.done
    return hits
