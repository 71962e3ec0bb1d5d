"""A rule pack from the province through the enterprise to a running sensor, and each answer on the way up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from console.cli import enrol
from otus.cli import otus
from testbed.demo_plant import available
from tests.detectors.packs.making import Maker
from tests.e2e.desks import Desk, wait_for
from tests.e2e.running import end_all
from tests.sensor.live_wire import Sensor, Wire, capture, play

REASON = available()
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"no live capture here: {REASON}")

RULE = "rule:5a0c9a3e-6d1d-5b3e-9a63-7d5f6f747501"


@pytest.fixture
def wire() -> Iterator[Wire]:
    laid = Wire.lay(f"pk{os.getpid() % 100_000}")
    try:
        yield laid
    finally:
        laid.remove()


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    province, plant = Desk(tmp_path / "gd", "province", "gd"), Desk(tmp_path / "shili", "enterprise", "shili")
    plant.under(province)
    plant.parents.append("--pass-packs")
    province.start()
    plant.start()
    yield province, plant
    for desk in (plant, province):
        desk.stop()
        if desk.process is not None:
            end_all(desk.process.mark)


def send(desk: Desk, *words: str) -> None:
    told = ["console", "send-pack", "--data-dir", str(desk.settings.data_dir), "--node-name", desk.name, "--text", "x"]
    done = CliRunner().invoke(otus, [*told, *words])
    assert done.exit_code == 0, done.output


def answers(desk: Desk, title: str) -> list[dict[str, Any]]:
    person = desk.person()
    return [] if title not in person.orders() else list(person.order(title)["receipts"])


def test_from_the_province_to_the_sensor_and_back(wire: Wire, desks: tuple[Desk, Desk], tmp_path: Path) -> None:
    province, plant = desks
    maker, token = Maker(tmp_path / "maker"), tmp_path / "token"
    token.write_text(enrol(plant.settings, "sensor-1", "sensor"))
    settings = {
        "rule_packs": str(tmp_path / "packs"), "pack_keys": str(maker.keys), "spool_dir": str(tmp_path / "spool"),
        "parents": [{"name": "shili", "url": plant.url, "token_file": str(token)}],
    }  # fmt: skip
    with Sensor(tmp_path, [wire.near], **settings) as sensor:
        send(province, str(maker.pack("2026.11.1")), "--keys", str(maker.keys))
        title = "规则包 plant-rules 2026.11.1"
        wait_for(lambda: bool(answers(province, title)), "the province hears of it", 120)
        (answer,) = answers(province, title)
        assert (answer["origin"], answer["child"], answer["state"]) == ("sensor-1", "shili", "applied")
        assert answer["steps"][0]["note"] == "plant-rules 2026.11.1"
        play(capture("s7comm/plc_stop"), lambda _: wire, faster=100)
        wait_for(lambda: RULE in {one["cause"] for one in sensor.alerts().values()}, "the new rule alerts")

        send(province, "--rollback", "plant-rules@2026.11.1")
        back = "回退规则包 plant-rules 2026.11.1"
        wait_for(lambda: bool(answers(province, back)), "it is taken back", 120)
        assert answers(province, back)[0]["steps"][0]["note"] == "plant-rules -"
        sensor.stop()
    listed = CliRunner().invoke(otus, ["rules", "pack", "list", "--rule-packs", settings["rule_packs"],
                                       "--pack-keys", settings["pack_keys"]])  # fmt: skip
    assert "plant-rules  off" in listed.output
