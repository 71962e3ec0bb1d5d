"""What a rule hits while learning is kept apart."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detectors.baseline import read_folder
from detectors.baseline.poison import Guard, Unsuspicious
from detectors.rules import load_rules
from detectors.rules.model import RuleSet
from sensor.schema import Level
from tests.detectors.baseline.conftest import capture

core = pytest.importorskip("sensor._core", reason="the core is not built: make build")

RULE = """
title: Writes Register Forty
id: 0d9f6f0e-7a3c-4a43-9a52-0d7f7b0d3c11
status: experimental
description: A test's own.
level: LEVEL
tags: [attack.ics.t0855]
protocol: modbus
detection:
  selection: {modbus.function_code: 6}
  condition: selection
falsepositives: [None known]
"""


def rules(tmp_path: Path, level: str = "medium") -> RuleSet:
    folder = tmp_path / "rules"
    folder.mkdir(exist_ok=True)
    (folder / "writes_register_forty.yml").write_text(RULE.replace("LEVEL", level).strip() + "\n")
    return load_rules(folder)


@dataclass
class Hit:
    kind: str = "first"
    fold: int = 1
    rule: int | None = 0
    first_ns: int = 100
    last_ns: int = 100
    segment: str = "default"
    protocol: str = "modbus"
    file: str = "a.pcap"
    frame: int | None = 7
    client: tuple[str, int | None, str | None] | None = ("10.0.0.1", 1, None)
    server: tuple[str, int | None, str | None] | None = ("10.0.0.2", 502, None)


def link(client: str, server: str, first_ns: int = 50, protocol: str = "modbus") -> dict[str, Any]:
    return {"segment": "default", "client": client, "server": server, "protocol": protocol, "first_ns": first_ns}


LINKS = {
    "links": [
        link("10.0.0.1", "10.0.0.2"),
        link("10.0.0.1", "10.0.0.2", protocol="dns"),
        link("10.0.0.1", "10.0.0.3", first_ns=120),
        link("10.0.0.1", "10.0.0.4", first_ns=10),
        link("10.0.0.9", "10.0.0.2", first_ns=120),
    ]
}


def suspected(ruleset: RuleSet, *hits: Hit) -> list[str]:
    guard = Guard(ruleset)
    guard.take(hits)
    return [one.link.removeprefix("link:default/") for one in guard.suspicions(LINKS)]


def test_the_conversation_of_a_hit_is_marked_once(tmp_path: Path) -> None:
    ruleset = rules(tmp_path)
    assert suspected(ruleset, Hit(), Hit(fold=2, first_ns=300)) == ["10.0.0.1>10.0.0.2/modbus"]
    assert suspected(ruleset, Hit(rule=None)) == []
    assert suspected(rules(tmp_path, "low"), Hit()) == []


def test_a_hit_that_stands_for_many_conversations_marks_those_that_began_with_it(tmp_path: Path) -> None:
    ruleset = rules(tmp_path)
    wide = RuleSet((replace(ruleset[0], fold=("client.ip",)),))
    grown = Hit(kind="update", last_ns=200)
    assert set(suspected(wide, Hit(), grown)) == {
        "10.0.0.1>10.0.0.2/modbus", "10.0.0.1>10.0.0.2/dns", "10.0.0.1>10.0.0.3/modbus",
    }  # fmt: skip
    by_server = RuleSet((replace(ruleset[0], fold=("server.ip",), level=Level.HIGH),))
    assert "10.0.0.9>10.0.0.2/modbus" in suspected(by_server, Hit(), grown)


def test_learning_keeps_it_apart_and_an_approval_brings_it_back(tmp_path: Path) -> None:
    from otus.learning import learn_into

    normal = capture(tmp_path / "normal.pcap", seconds=60)
    said = learn_into(tmp_path / "base", (str(normal),), rules=rules(tmp_path))
    assert "otus baseline review" in said and "1 links were hit" in said
    folder = read_folder(tmp_path / "base")
    assert json.loads(core.baseline_to_json(folder.table))["links"] == []
    assert folder.summary()["review"]["suspicious"] == 1
    trusted = read_folder_after(tmp_path / "trusted", normal)
    assert len(json.loads(core.baseline_to_json(trusted))["links"]) == 1


def read_folder_after(path: Path, normal: Path) -> bytes:
    from otus.learning import learn_into

    assert "otus baseline review" not in learn_into(path, (str(normal),))
    return read_folder(path).table


def test_the_model_does_not_learn_from_it() -> None:
    class Windows:
        columns = ("a", "b")
        matrix = np.arange(6, dtype=np.float64).tobytes()
        starts = ends = np.arange(3, dtype=np.uint64).tobytes()

        def __len__(self) -> int:
            return 3

        def segments(self) -> list[str]:
            return ["default"] * 3

        def clients(self) -> list[str]:
            return ["10.0.0.1", "10.0.0.9", "10.0.0.1"]

        def servers(self) -> list[str]:
            return ["10.0.0.2"] * 3

        def protocols(self) -> list[str]:
            return ["modbus", "modbus", "dns"]

    windows = Windows()
    kept = Unsuspicious.without(windows, frozenset({"link:default/10.0.0.9>10.0.0.2/modbus"}))
    assert len(kept) == 2 and kept.clients() == ["10.0.0.1"] * 2 and kept.protocols() == ["modbus", "dns"]
    assert np.frombuffer(kept.matrix).tolist() == [0, 1, 4, 5]
    assert np.frombuffer(kept.ends, np.uint64).tolist() == [0, 2]
    assert Unsuspicious.without(windows, frozenset({"link:default/1>2/x"})) is windows


def test_learning_ends_when_the_meter_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from otus.learning import UntilComplete, learn_into

    monkeypatch.setattr("otus.learning.LOOK_PACKETS", 50)
    normal = capture(tmp_path / "normal.pcap", seconds=300)
    second = 1_000_000_000

    def lasted_s(name: str, until: UntilComplete) -> float:
        learn_into(tmp_path / name, (str(normal),), until=until)
        learned = read_folder(tmp_path / name).manifest["learned"]
        return (learned["to_ns"] - learned["from_ns"]) / second

    # Nothing new comes after ten seconds: at most three in the time that was watched, by the rule of three.
    accepted = 3.0 * 86_400 / 120
    assert 100 <= lasted_s("enough", UntilComplete(10 * second, 3600 * second, accepted)) <= 160
    assert lasted_s("least", UntilComplete(200 * second, 3600 * second, accepted)) >= 200
    assert lasted_s("most", UntilComplete(10 * second, 60 * second, 1.0)) <= 80
    assert lasted_s("never", UntilComplete(10 * second, 3600 * second, 1.0)) >= 298


def test_the_guard_goes_on_after_a_restart(tmp_path: Path) -> None:
    ruleset = rules(tmp_path)
    guard, again = Guard(ruleset), Guard(RuleSet(()))
    guard.take([Hit(), Hit(fold=2, server=("10.0.0.3", 502, None))])
    again.recall(json.loads(json.dumps(guard.remember())))
    again.take([Hit(kind="update", last_ns=900)])
    assert again.suspicions(LINKS) == guard.suspicions(LINKS) != ()
    with pytest.raises((TypeError, LookupError)):
        again.recall([{"number": 1}])


def test_a_sensor_learns_beside_detection_until_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from otus.learning import SensorLearning, UntilComplete

    monkeypatch.setattr("otus.learning.LOOK_S", 0.0)
    ruleset, second = rules(tmp_path), 1_000_000_000
    engine = core.Engine(json.dumps({"learn": True}), ruleset.to_core_json())
    engine.open_files([str(capture(tmp_path / "normal.pcap", seconds=300))])
    learning = SensorLearning(tmp_path / "base", Guard(ruleset), UntilComplete(10 * second, 60 * second))
    told = []
    while not (batch := engine.poll(50)).done:
        learning.tend(engine, batch)
        told.append(dict(learning.facts))
    assert told[3]["learning"] and not told[3]["complete"] and told[3]["new_per_day_most"] > 0
    assert not told[-1]["learning"]
    folder = read_folder(tmp_path / "base")
    assert folder.summary()["review"]["suspicious"] == 1 and not folder.is_approved
    learned = folder.manifest["learned"]
    assert 60 <= (learned["to_ns"] - learned["from_ns"]) / second <= 90
