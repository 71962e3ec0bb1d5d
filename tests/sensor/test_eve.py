"""EVE lines: the names a SIEM knows, one line of type alert for one alert."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from otus.detection import load
from sensor.eve import SEVERITY, eve_lines, flow_id, signature_id, timestamp
from sensor.pipeline import Pipeline
from sensor.schema import Record
from sensor.schema.parts import Endpoint
from sensor.schema.words import LEVELS
from sensor.sinks import AlertFile
from tests.captures import ROOT

ATTACK = ROOT / "pcaps" / "plant" / "attack.pcap"
NEEDED = {
    "timestamp": str,
    "flow_id": int,
    "event_type": str,
    "src_ip": str,
    "dest_ip": str,
    "proto": str,
    "app_proto": str,
    "pcap_filename": str,
    "pcap_cnt": int,
    "alert": dict,
    "otus": dict,
}
NEEDED_OF_ALERT = {
    "action": str,
    "gid": int,
    "signature_id": int,
    "rev": int,
    "signature": str,
    "category": str,
    "severity": int,
    "metadata": dict,
}


class Kept:
    def __init__(self) -> None:
        self.records: list[Record] = []

    def put(self, records: Any) -> None:
        self.records += [record for record in records if record.kind == "alert"]


@pytest.fixture(scope="module")
def revisions() -> list[Record]:
    detection = load()
    engine = detection.engine()
    engine.open_files([ATTACK])
    kept = Kept()
    Pipeline(engine, detection.analyst("sensor-9", files=True), [kept]).run(max_packets=50)
    return kept.records


def alert_lines(revisions: list[Record]) -> list[dict[str, Any]]:
    return [line for record in revisions for line in eve_lines(record) if line["event_type"] == "alert"]


def test_every_alert_has_what_a_reader_of_eve_expects(revisions: list[Record]) -> None:
    lines = alert_lines(revisions)
    assert len(lines) > 10
    for line in lines:
        for names, part in ((NEEDED, line), (NEEDED_OF_ALERT, line["alert"])):
            for name, kind in names.items():
                assert type(part[name]) is kind, (name, part.get(name))
        assert line["alert"]["severity"] in (1, 2, 3, 4) and line["alert"]["action"] == "allowed"
        assert all(isinstance(value, list) for value in line["alert"]["metadata"].values())
        assert 0 <= line["flow_id"] < 2**52 and 0 < line["alert"]["signature_id"] < 2**31
        assert line["alert"]["severity"] == SEVERITY[line["alert"]["metadata"]["otus_level"][0]]


def test_one_alert_line_for_each_alert_and_one_other_when_it_grew(revisions: list[Record]) -> None:
    lines = [line for record in revisions for line in eve_lines(record)]
    opened = [line["otus"]["event.id"] for line in lines if line["event_type"] == "alert"]
    closed = [line["otus"]["event.id"] for line in lines if line["event_type"] == "otus"]
    assert len(opened) == len(set(opened)) == len({record.id for record in revisions})
    assert len(closed) == len(set(closed)) and set(closed) <= set(opened)
    last = {record.id: record for record in revisions}
    grown = [record for record in last.values() if record.revision > 1]
    assert grown and {record.id for record in grown} == set(closed)
    for line in lines:
        if line["event_type"] == "otus":
            assert line["otus"]["count"] == last[line["otus"]["event.id"]].alert().count and "alert" not in line


def test_every_level_has_a_severity_and_none_outranks_a_worse_one() -> None:
    worst_first = ("critical", "high", "medium", "low", "notice")
    assert set(SEVERITY) == set(map(str, LEVELS)) == set(worst_first)
    assert [SEVERITY[level] for level in worst_first] == sorted(SEVERITY.values())


def test_both_directions_are_one_flow() -> None:
    plc, station = Endpoint("10.0.0.2", 502), Endpoint("10.0.0.10", 40_000)
    assert flow_id("default", "TCP", plc, station) == flow_id("default", "TCP", station, plc)
    others = [("line 2", "TCP", plc), ("default", "UDP", plc), ("default", "TCP", Endpoint("10.0.0.2", 503))]
    same = flow_id("default", "TCP", plc, station)
    assert same not in {flow_id(segment, transport, end, station) for segment, transport, end in others}
    assert flow_id("default", "", None, None) == flow_id("default", "", Endpoint(), None)


def test_numbers_and_times_stay_what_they_were() -> None:
    """A SIEM's own rules name these numbers."""
    assert signature_id("rule:0d9f6f0e-7a3c-4a43-9a52-0d7f7b0d3c11") == 2089957964
    assert timestamp(1_763_675_999_999_999_999) == "2025-11-20T21:59:59.999999+0000"


MESSAGES = {
    "read": ({"function_code": 3, "address": 5, "quantity": 2}, {"read": {"address": 5, "quantity": 2}}),
    "write": ({"function_code": 6, "address": 5, "values": [7]}, {"write": {"address": 5, "values": [7]}}),
    "both": (
        {"function_code": 23, "address": 1, "quantity": 2, "write_address": 3, "write_quantity": 4},
        {"read": {"address": 1, "quantity": 2}, "write": {"address": 3, "quantity": 4}},
    ),
    "refused": (
        {"function_code": 0x83, "exception_code": 2, "exception_name": "illegal_data_address"},
        {"exception": {"raw": 2, "code": "illegal_data_address"}},
    ),
    "diagnostic": ({"function_code": 8, "diagnostic_code": 4}, {"diagnostic": {"raw": 4}}),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_a_modbus_message_under_its_names(case: str, revisions: list[Record]) -> None:
    given, expected = MESSAGES[case]
    kind = "response" if case == "refused" else "request"
    fields = {"message.kind": kind, "modbus.unit_id": 1, **{f"modbus.{name}": value for name, value in given.items()}}
    first = next(record for record in revisions if record.alert().protocol == "modbus" and record.revision == 1)
    record = Record(first.kind, first.id, 1, first.origin, {**first.body, "fields": fields})
    known = {"unit_id": 1, "function_raw": given["function_code"], "function_code": "unknown"}
    assert eve_lines(record)[0]["modbus"] == {kind: {**known, **expected}}


def test_a_file_of_eve_lines(tmp_path: Path, revisions: list[Record]) -> None:
    file = AlertFile(tmp_path / "eve.json", "eve")
    file.put(revisions)
    file.close()
    written = [json.loads(line) for line in (tmp_path / "eve.json").read_text(encoding="utf-8").splitlines()]
    assert written == [line for record in revisions for line in eve_lines(record)]
    with pytest.raises(ValueError, match="alerts_format: expected ecs or eve, got 'cef'"):
        AlertFile(tmp_path / "eve.json", "cef")
