"""Protocols that a site describes: from a YAML file to events, rules, baseline and words on a screen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from scapy.all import IP, TCP, Ether, Raw, wrpcap

from console.present.message import line
from detectors.rules import RuleError, load_rules
from sensor._core import Engine, protocols
from sensor.own_protocols import load, take_up, taken_up
from sensor.own_protocols.words import FLAWS
from sensor.schema.fields import FIELDS, PROTOCOLS, Upward

ROOT = Path(__file__).parents[2]
BUNDLED = ROOT / "docs" / "own_protocols"
STX, ETX = b"\x02", b"\x03"


def fatek(station: int, command: int, data: str = "") -> bytes:
    """A message of the computer link: its LRC is the sum of all before it."""
    front = STX + f"{station:02X}{command:02X}{data}".encode()
    return front + f"{sum(front) & 0xFF:02X}".encode() + ETX


def modbus(transaction: int, unit: int, code: int, data: bytes) -> bytes:
    return (
        transaction.to_bytes(2, "big") + bytes([0, 0]) + (len(data) + 2).to_bytes(2, "big") + bytes([unit, code]) + data
    )


def record(path: Path, port: int, messages: list[tuple[bool, bytes]]) -> Path:
    """One conversation; True: the client sent it."""
    sent, frames = [1000, 5000], []
    for number, (from_client, payload) in enumerate(messages):
        ends = ("10.0.0.1", "10.0.0.2") if from_client else ("10.0.0.2", "10.0.0.1")
        ports = (40_000, port) if from_client else (port, 40_000)
        side = 0 if from_client else 1
        frame = Ether(src=f"02:00:00:00:00:0{side + 1}", dst=f"02:00:00:00:00:0{2 - side}") / IP(
            src=ends[0], dst=ends[1]
        )
        frame /= TCP(sport=ports[0], dport=ports[1], seq=sent[side], ack=sent[1 - side], flags="PA") / Raw(payload)
        frame.time = 1_790_000_000 + number / 100
        sent[side] += len(payload)
        frames.append(frame)
    wrpcap(str(path), frames)
    return path


def events(capture: Path, **settings: Any) -> list[dict[str, Any]]:
    engine = Engine(json.dumps({"events": "ndjson", **settings}))
    engine.open_files([capture])
    found: list[dict[str, Any]] = []
    while True:
        batch = engine.poll()
        found += [json.loads(text) for text in batch.events.splitlines()]
        if batch.done:
            return [event for event in found if event["network.protocol"] != "flow"]


@pytest.fixture(scope="module", autouse=True)
def _taken_up() -> None:
    take_up(load(BUNDLED))


WORKSHOP = [
    (True, fatek(1, 0x46, "02R00100")),
    (False, fatek(1, 0x46, "0" + "00FA0011")),
    (True, fatek(1, 0x47, "01DR001200000FFFF")),
    (False, fatek(1, 0x47, "0")),
    (True, fatek(1, 0x42, "3Y0003")),
    (False, fatek(1, 0x42, "A")),
    (True, fatek(1, 0x41, "0")),
    (False, fatek(1, 0x41, "0")),
]


def test_a_controllers_link(tmp_path: Path) -> None:
    capture = record(tmp_path / "workshop.pcap", 500, WORKSHOP)
    read, answer, write, _, force, refused, stop, _ = events(capture, own_protocols=["fatek"])
    assert read["network.protocol"] == "fatek" and read["operation.name"] == "read_registers"
    assert (read["fatek.station"], read["fatek.quantity"], read["fatek.element"]) == (1, 2, "R00100")
    assert answer["fatek.registers"] == [250, 17] and answer["event.outcome"] == "success"
    assert answer["request.frame.number"] == 1
    assert (write["fatek.element"], write["fatek.registers"]) == ("DR00120", [0, 65535])
    assert (force["fatek.control_name"], force["fatek.element"], force["operation.class"]) == (
        "set",
        "Y0003",
        "control",
    )
    assert (refused["event.outcome"], refused["fatek.error_name"]) == ("failure", "illegal_address")
    assert (stop["operation.name"], stop["fatek.run_name"]) == ("run_or_stop", "stop")
    assert not any(event.get("flaws") for event in events(capture, own_protocols=["fatek"]))


def test_nothing_is_read_by_it_where_it_is_not_asked_for(tmp_path: Path) -> None:
    capture = record(tmp_path / "workshop.pcap", 500, WORKSHOP)
    assert events(capture) == []


def test_functions_inside_modbus(tmp_path: Path) -> None:
    messages = [
        (True, modbus(1, 5, 3, bytes([0, 0, 0, 1]))),
        (False, modbus(1, 5, 3, bytes([2, 0, 7]))),
        (True, modbus(2, 5, 65, bytes([0, 9, 0, 0, 1, 0]))),
        (False, modbus(2, 5, 65, bytes([1]))),
        (True, modbus(3, 5, 66, b"")),
        (False, modbus(3, 5, 66, bytes([0, 0, 0, 3, 0, 1, 0, 0]))),
        (True, modbus(4, 5, 67, bytes([1]))),
    ]
    capture = record(tmp_path / "maker.pcap", 502, messages)
    found = events(capture, own_protocols=["maker_modbus"])
    assert [event["network.protocol"] for event in found] == ["modbus"] * 2 + ["maker_modbus"] * 4 + ["modbus"]
    run, accepted, asked, counters = found[2:6]
    assert (run["maker_modbus.recipe"], run["maker_modbus.pieces"], run["maker_modbus.unit_id"]) == (9, 256, 5)
    assert (run["operation.name"], run["operation.code"], run["operation.class"]) == ("run_recipe", 65, "control")
    assert (accepted["maker_modbus.status_name"], accepted["request.frame.number"]) == ("busy", 3)
    assert (asked["operation.name"], counters["maker_modbus.counters"]) == ("read_counters", [3, 65536])
    assert not any(event.get("flaws") for event in found[2:6])


def rule(folder: Path, **selection: Any) -> Path:
    """A bundled rule made to ask for our protocol."""
    document = yaml.safe_load((ROOT / "rules" / "modbus" / "modbus_broadcast_write.yml").read_text(encoding="utf-8"))
    del document["examples"]
    document |= {"protocol": "fatek", "detection": {"selection": selection, "condition": "selection"}}
    (folder / "stop.yml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return folder


def test_rules_speak_of_it(tmp_path: Path) -> None:
    capture = record(tmp_path / "workshop.pcap", 500, WORKSHOP)
    rules = load_rules(rule(tmp_path, **{"fatek.run_name": "stop", "message.kind": "request"}))
    engine = Engine(json.dumps({"own_protocols": ["fatek"]}), rules.to_core_json())
    engine.open_files([capture])
    hits = [hit for hit in engine.poll().hits if hit.kind == "first"]
    assert [rules[hit.rule].title for hit in hits if hit.rule is not None] == ["Modbus Broadcast Write"]
    with pytest.raises(RuleError, match=r"fatek\.run_nam.*did you mean fatek\.run_name"):
        load_rules(rule(tmp_path, **{"fatek.run_nam": "stop"}))


def test_a_baseline_knows_it(tmp_path: Path) -> None:
    learned = record(tmp_path / "learned.pcap", 500, WORKSHOP[:2])
    engine = Engine(json.dumps({"learn": True, "own_protocols": ["fatek"]}))
    engine.open_files([learned])
    while not engine.poll().done:
        pass
    table = engine.learned()
    known = [event["link.learned_operation"] for event in events_with(table, tmp_path)]
    assert known[:2] == [True, True] and known[2] is False


def events_with(table: bytes, folder: Path) -> list[dict[str, Any]]:
    engine = Engine(json.dumps({"events": "ndjson", "own_protocols": ["fatek"]}), None, table)
    engine.open_files([record(folder / "workshop.pcap", 500, WORKSHOP)])
    return [json.loads(text) for text in engine.poll().events.splitlines()]


def test_a_screen_has_words_for_it() -> None:
    fields = {
        "network.protocol": "fatek",
        "operation.name": "write_registers",
        "message.kind": "request",
        "fatek.element": "R00100",
        "fatek.registers": [250],
    }
    assert line(fields, "zh") == "写入连续寄存器 · 元件 R00100 · 寄存器值 250"
    assert line(fields, "en") == "Write registers · Element R00100 · Register values 250"
    stop = {"network.protocol": "fatek", "operation.name": "run_or_stop", "fatek.run": 0, "fatek.run_name": "stop"}
    assert line(stop, "zh") == "启动/停止控制器 · 运行命令 停止"
    assert PROTOCOLS["fatek"].label.zh == "永宏 PLC 通信协议"


def test_nothing_goes_up_unless_it_is_said() -> None:
    assert FIELDS["fatek.registers"].upward is Upward.DROP
    assert FIELDS["fatek.command"].upward is Upward.CLEAR


def test_core_and_list_agree() -> None:
    for name, fields, flaws, _ in protocols():
        if name in taken_up():
            assert sorted(fields) == sorted(field for field, of in FIELDS.items() if of.protocol == name)
            assert flaws[: len(FLAWS)] == [f"{name}.{flaw}" for flaw in FLAWS]


def test_what_is_wrong_is_one_line_each(tmp_path: Path) -> None:
    text = (BUNDLED / "fatek.yml").read_text(encoding="utf-8").replace("protocol: fatek", "protocol: fatek_two")
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(text.replace("touches:", "touch:", 1).replace("scope:", "scop:"), encoding="utf-8")
    with pytest.raises(ValueError, match="did you mean scope") as caught:
        load(wrong)
    assert len(str(caught.value).splitlines()) == 2 and "did you mean touches?" in str(caught.value)
    wrong.write_text(text.replace("pair: [station, command]", "pair: [stations]"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"wrong\.yml: pair: stations is no plain number of the header"):
        take_up(load(wrong))
    for content, told in [("- 1", "expected a mapping"), ("a: [", "not YAML"), ("protocol: x", "no operations")]:
        wrong.write_text(content, encoding="utf-8")
        with pytest.raises(ValueError, match=told):
            load(wrong)
    with pytest.raises(ValueError, match="cannot be read"):
        load(tmp_path / "missing.yml")


def test_the_command_line(tmp_path: Path) -> None:
    capture = record(tmp_path / "workshop.pcap", 500, WORKSHOP)
    run = [sys.executable, "-m", "otus.cli"]
    named = ["--own-protocols", str(BUNDLED)]
    told = subprocess.run([*run, "events", str(capture), *named], capture_output=True, text=True, check=True)
    assert [json.loads(text)["operation.name"] for text in told.stdout.splitlines()][::2] == [
        "read_registers", "write_registers", "control_discrete", "run_or_stop",
    ]  # fmt: skip
    only = [*run, "events", str(capture), *named, "--protocol", "fatek", "--format", "csv"]
    assert "fatek.element" in subprocess.run(only, capture_output=True, text=True, check=True).stdout
    lint = [*run, "rules", "lint", str(rule(tmp_path, **{"fatek.run": 0})), *named]
    assert "unknown" not in subprocess.run(lint, capture_output=True, text=True, check=False).stdout
    missing = subprocess.run(
        [*run, "events", str(capture), "--own-protocols", "none.yml"], capture_output=True, text=True, check=False
    )
    assert missing.returncode != 0 and missing.stderr.count("\n") == 1 and "none.yml: cannot be read" in missing.stderr
