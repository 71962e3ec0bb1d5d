"""A restart in the middle: nothing is new again, open alerts go on, and a state that cannot be used is set aside."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from otus.detection import Detection, Given, load
from otus.memory import BAD, FILE, Memory, start_engine
from sensor import saved
from sensor.inventory import Inventory
from sensor.pipeline import Pipeline
from sensor.schema import Record
from testbed import pcapfile
from tests.captures import ROOT

ATTACK = ROOT / "pcaps" / "plant" / "attack.pcap"


@pytest.fixture(scope="module")
def detection() -> Detection:
    return load()


class Kept:
    def __init__(self) -> None:
        self.records: list[Record] = []

    def put(self, records: Any) -> None:
        self.records += records


def run(detection: Detection, capture: Path, folder: Path | None, **settings: Any) -> list[Record]:
    """What one run tells; with what it remembers in `folder`."""
    memory = None if folder is None else Memory(folder, "sensor-9", "default")
    keeps = memory is not None
    analyst, inventory = detection.analyst("sensor-9", files=True, keep_open=keeps), Inventory("sensor-9", "default")
    engine = start_engine(detection, memory, analyst, inventory, **settings)
    engine.open_files([capture])

    def tend(batch: Any) -> None:
        if memory is not None and (state := engine.snapshot() if batch.done else batch.state) is not None:
            memory.save(state, analyst, inventory, end=batch.done)

    kept, due = Kept(), bool if memory is None else memory.is_due
    pipeline = Pipeline(engine, analyst, [kept], inventory=inventory, on_batch=tend, wants_state=due)
    ledger = pipeline.run(max_packets=100)
    assert ledger["balanced"] and ledger["held"] == 0
    return kept.records


def latest(records: list[Record], kind: str) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for record in records:
        if record.kind == kind:
            assert record.id not in found or record.revision > found[record.id].revision, "a revision is told once"
            found[record.id] = record
    return found


def halves(folder: Path, capture: Path) -> tuple[Path, Path]:
    """A capture, cut in the middle of everything."""
    frames = list(pcapfile.read(capture))
    middle = len(frames) // 2
    parts = folder / "first.pcap", folder / "second.pcap"
    for part, some in zip(parts, (frames[:middle], frames[middle:]), strict=True):
        pcapfile.write(part, some)
    return parts


def said(record: Record) -> dict[str, Any]:
    """What does not depend on the file a message is in, or on what else was seen in the run."""
    body = {name: value for name, value in record.body.items() if name not in ("coverage", "evidence", "state")}
    numbers = ("frame.number", "request.frame.number", "file.name")
    if "fields" in body:
        body["fields"] = {name: value for name, value in body["fields"].items() if name not in numbers}
    return body


@pytest.mark.parametrize("name", ["plant/attack", "modbus/function_code_scan", "modbus/register_scan"])
def test_both_halves_tell_what_one_run_tells(detection: Detection, tmp_path: Path, name: str) -> None:
    capture = ROOT / "pcaps" / f"{name}.pcap"
    one = run(detection, capture, None)
    first, second = (run(detection, part, tmp_path) for part in halves(tmp_path, capture))
    for kind in ("alert", "asset"):
        whole, both = latest(one, kind), latest(first + second, kind)
        assert {key: said(record) for key, record in both.items()} == {
            key: said(record) for key, record in whole.items()
        }
    assert {record.id for record in first if record.kind == "asset"} == set(latest(one, "asset")), "nobody came later"
    if name == "modbus/function_code_scan":
        assert latest(first, "alert").keys() & latest(second, "alert").keys(), "an alert that goes on"


def test_what_is_seen_again_is_not_new(detection: Detection, tmp_path: Path) -> None:
    """The same traffic after a restart: no station is told, and each alert goes on under its id."""
    first = run(detection, ATTACK, tmp_path)
    again = run(detection, ATTACK, tmp_path)
    assert [record for record in first if record.kind == "asset"]
    assert not [record for record in again if record.kind == "asset"]
    # Twice as many messages within a rule's time may be many where they were not before: counts live on.
    counted = {name for name, record in latest(again, "alert").items() if record.body["reason"]["code"] == "rule_count"}
    assert latest(first, "alert").keys() <= latest(again, "alert").keys()
    assert latest(again, "alert").keys() - counted == latest(first, "alert").keys() - counted
    latest(first + again, "alert")  # no revision is used twice
    lived_on = 0
    for key, record in latest(again, "alert").items():
        if key in counted - latest(first, "alert").keys():
            continue
        before = latest(first, "alert")[key].body
        assert record.body["first_ns"] == before["first_ns"]
        if "timespan_ns" in before["reason"]["params"]:  # what was counted lives on: the first ones are hits, too
            assert record.body["count"] >= 2 * before["count"]
            lived_on += record.body["count"] > 2 * before["count"]
        else:
            assert record.body["count"] == 2 * before["count"]
    assert lived_on


def test_an_alert_whose_rule_has_gone_is_closed_after_the_restart(detection: Detection, tmp_path: Path) -> None:
    first = run(detection, ATTACK, tmp_path)
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules" / "s7comm", rules / "s7comm")
    fewer = load(Given(rules))
    idle = tmp_path / "idle.pcap"
    pcapfile.write(idle, list(pcapfile.read(ATTACK))[-1:])
    closed = latest(run(fewer, idle, tmp_path), "alert")
    staying = {rule.id for rule in fewer.rules}
    assert {record.body["state"] for record in closed.values()} == {"closed"}
    gone = {key for key, record in latest(first, "alert").items() if record.body["rule_id"] not in staying}
    assert closed.keys() == gone and gone


def test_a_state_that_cannot_be_used_is_set_aside(
    detection: Detection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = run(detection, ATTACK, tmp_path)
    state = (tmp_path / FILE).read_bytes()
    engine, parts = saved.unpack(state)
    damaged = bytearray(state)
    damaged[len(state) // 2] ^= 1
    cases = {
        "is damaged": bytes(damaged),
        "is cut off": state[:20],
        "is no saved state": b"x" * 100,
        "is of node sensor-8": saved.pack(engine, {**parts, "node": "sensor-8"}),
        "the saved state is damaged": saved.pack(engine[:-1], parts),
        "contradicts itself": saved.pack(engine, {**parts, "alerts": {"folds": [{}]}}),
    }
    for words, content in cases.items():
        (tmp_path / FILE).write_bytes(content)
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            again = run(detection, ATTACK, tmp_path)
        (line,) = [record.getMessage() for record in caplog.records]
        assert words in line and "starting without it" in line and "\n" not in line
        assert (tmp_path / BAD).read_bytes() == content
        told = {record.id for record in again if record.kind == "alert"}
        assert latest(first, "alert").keys() <= told, "what is found is told"
    assert saved.unpack((tmp_path / FILE).read_bytes()), "and the next one can be used"


def test_alerts_are_closed_where_the_engine_cannot_go_on(detection: Detection, tmp_path: Path) -> None:
    """A newer engine does not read an older one's bytes: the alerts of before are not left open for ever."""
    first = latest(run(detection, ATTACK, tmp_path), "alert")
    engine, parts = saved.unpack((tmp_path / FILE).read_bytes())
    saved.write(tmp_path / FILE, saved.pack(b"OTUSENGI\xff\xff" + engine[10:], parts))
    idle = tmp_path / "idle.pcap"
    pcapfile.write(idle, list(pcapfile.read(ATTACK))[-1:])
    again = latest(run(detection, idle, tmp_path), "alert")
    assert first.keys() == again.keys()
    assert {record.body["state"] for record in again.values()} == {"closed"}


def test_equal_state_gives_equal_bytes(detection: Detection, tmp_path: Path) -> None:
    states = []
    for number, threads in enumerate((1, 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        run(detection, ATTACK, folder, threads=threads)
        states.append((folder / FILE).read_bytes())
    assert states[0] == states[1]


def test_a_disk_that_is_full_is_said_once(
    detection: Detection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    memory = Memory(tmp_path / "nowhere", "sensor-9", "default")
    analyst, inventory = detection.analyst("sensor-9"), Inventory("sensor-9", "default")
    engine = start_engine(detection, memory, analyst, inventory)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            memory.save(engine.snapshot(), analyst, inventory, end=True)
        (tmp_path / "nowhere").mkdir()
        memory.save(engine.snapshot(), analyst, inventory, end=True)
    said_lines = [record.getMessage() for record in caplog.records]
    assert [line.rpartition(": ")[2] for line in said_lines][1:] == ["the state is saved again"]
    assert "the state cannot be saved" in said_lines[0] and memory.read() is not None
