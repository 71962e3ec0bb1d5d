"""A decision about a baseline, made in the browser's form, until the running sensor alerts by it; and taken back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from console.cli import enrol
from detectors.baseline import read_folder
from detectors.baseline.versions import decisions_of
from otus.cli import otus
from testbed.demo_plant import available
from tests.captures import ROOT
from tests.e2e.desks import Desk, wait_for
from tests.e2e.running import end_all
from tests.sensor.live_wire import Sensor, Wire, capture, play

REASON = available()
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"no live capture here: {REASON}")

WRITES = "operation:default/10.77.1.101>10.77.1.11/modbus#6.write"


@pytest.fixture
def wire() -> Iterator[Wire]:
    laid = Wire.lay(f"bd{os.getpid() % 100_000}")
    try:
        yield laid
    finally:
        laid.remove()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path / "shili", "enterprise", "shili")
    opened.start()
    yield opened
    opened.stop()
    if opened.process is not None:
        end_all(opened.process.mark)


def told(desk: Desk, view: str = "versions") -> dict[str, Any]:
    found: dict[str, Any] = desk.person().get(f"/baseline.json?view={view}").json()
    return found


def answered(desk: Desk, number: int) -> bool:
    page = told(desk)
    decisions = page["decisions"]
    return len(decisions) == number and all(one["state"] == "applied" for one in decisions)


def test_a_decision_reaches_the_sensor_and_comes_back(wire: Wire, desk: Desk, tmp_path: Path) -> None:
    base = tmp_path / "base"
    learned = CliRunner().invoke(
        otus, ["baseline", "learn", str(ROOT / "pcaps/modbus/normal_polling.pcap"), "-o", str(base)]
    )
    assert learned.exit_code == 0, learned.output
    token = tmp_path / "token"
    token.write_text(enrol(desk.settings, "sensor-1", "sensor"))
    parent = {"name": "shili", "url": desk.url, "token_file": str(token)}
    settings = {"baseline": str(base), "spool_dir": str(tmp_path / "spool"), "parents": [parent]}
    frames = capture("modbus/normal_polling")

    def rejected(sensor: Sensor) -> list[dict[str, Any]]:
        return [one for one in sensor.alerts().values() if "已否决" in json.dumps(one, ensure_ascii=False)]

    with Sensor(tmp_path, [wire.near], **settings) as sensor:
        wait_for(lambda: told(desk).get("baseline", {}).get("version") == 1, "the console is told of the baseline")
        assert told(desk)["baseline"]["decides"] is True
        no = {"entry": WRITES, "action": "reject", "reason": "只读"}
        desk.person().post("/baseline?view=entries", "/baseline/decide", sensor="sensor-1", **no)
        wait_for(lambda: answered(desk, 1), "the sensor answers")
        page = told(desk)
        assert page["decisions"][0]["version"] == 2
        (decision,) = decisions_of(read_folder(base))
        assert (decision.entry, decision.person, decision.reason) == (WRITES, "wang@shili", "只读")
        wait_for(lambda: told(desk)["baseline"]["version"] == 2, "and tells of what came of it")
        rows = told(desk, "entries&state=rejected")["entries"]
        assert [row["name"] for row in rows] == [WRITES]
        play(frames, lambda _: wire, faster=100)
        wait_for(lambda: rejected(sensor), "the running sensor alerts by it")
        sensor.stop()
        sent = Path(f"/sys/class/net/{wire.near}/statistics/tx_packets").read_text().strip()
        assert sent == "0", "towards the plant it stays silent"

    # Asked while the sensor is away: it waits, also over a restart of the console.
    desk.person().post("/baseline?view=versions", "/baseline/rollback", sensor="sensor-1", number="1", reason="误报")
    assert [one["state"] for one in told(desk)["decisions"]] == ["under_way", "applied"]
    desk.stop()
    desk.start()
    with Sensor(tmp_path, [wire.near], **settings) as sensor:
        wait_for(lambda: answered(desk, 2), "it is carried out when the sensor is back")
        assert decisions_of(read_folder(base)) == [] and read_folder(base).version == 3
        sensor.stop()
