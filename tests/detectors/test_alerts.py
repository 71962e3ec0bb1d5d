"""Hits and windows → alert records: revisions, identity, bounds. With the real core where bytes matter."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from detectors.alerts import FOLD_IDLE_NS, Analyst, WindowAlert
from detectors.bounds import FIELDS_LETTERS, LIST_VALUES, TEXT_LETTERS, bounded
from detectors.describe import Description
from otus.detection import Detection, load
from sensor.schema import Level, Reason, Record, Text
from tests.captures import ROOT, bundled_captures

SECOND = 1_000_000_000
SAID = Description("signature", Level("high"), Text("标题", "title"), Reason("rule_matched"))
LEDGER = {"received": 9, "parsed": 5, "skipped": {"not_ip": 3, "no_payload": 0}, "lost": {"kernel": 1}}


@dataclass(frozen=True)
class Hit:
    kind: str = "first"
    fold: int = 1
    id: str = "0" * 32
    cause: str = "rule:x"
    rule: int | None = 0
    first_ns: int = SECOND
    last_ns: int = SECOND
    count: int = 1
    outcome: str = "pending"
    segment: str = "line 3"
    protocol: str = "modbus"
    frame: int | None = 1
    last_file: str = "a.pcap"
    last_frame: int | None = 1
    file: str = "a.pcap"
    client: Any = ("10.0.0.1", 1025, None)
    server: Any = ("10.0.0.2", 502, "02:00:00:00:00:02")
    source: Any = None
    destination: Any = None
    said: dict[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        return dict(self.said)

    def params(self) -> dict[str, Any]:
        return {}


class Windows(list[WindowAlert]):
    columns: tuple[str, ...] = ()
    matrix = b""

    def keys(self) -> list[Any]:
        return []


@dataclass(frozen=True)
class Batch:
    hits: list[Hit] = field(default_factory=list)
    windows: Windows = field(default_factory=Windows)
    now_ns: int = SECOND
    done: bool = False
    ledger: dict[str, Any] = field(default_factory=lambda: LEDGER)


class Judge:
    """Calls every window unusual."""

    def judge(self, windows: Any) -> list[WindowAlert]:
        return list(windows)

    def state(self) -> dict[str, Any]:
        return {"model": "active", "windows": {"seen": 1, "judged": 1}}


class OnlyAlerts(Analyst):
    """Stories have tests of their own."""

    def take(self, batch: Any) -> list[Record]:
        return [record for record in super().take(batch) if record.kind == "alert"]


def analyst(describe: Any = lambda hit: SAID) -> Analyst:
    return OnlyAlerts("sensor-9", "plant-a", {"rule": describe}, Judge(), files=True)


def window(number: int, client: str = "10.0.0.1", length_s: int = 10) -> WindowAlert:
    said = Description("anomaly", Level("medium"), Text("异常", "odd"), Reason("window"))
    start_ns = number * length_s * SECOND
    return WindowAlert("line 3", client, "10.0.0.2", "modbus", start_ns, start_ns + length_s * SECOND, said)


def test_one_fold_is_one_alert_in_growing_revisions() -> None:
    hit, room = Hit(), analyst()
    told = room.take(Batch([hit]))
    told += room.take(Batch([replace(hit, kind="outcome", outcome="success")]))
    told += room.take(Batch([replace(hit, kind="update", count=40, last_ns=3 * SECOND, last_frame=80)]))
    told += room.take(Batch([replace(hit, kind="close", outcome="success", count=41, last_ns=4 * SECOND)]))
    assert [record.revision for record in told] == [1, 2, 3, 4]
    assert {(r.id, r.origin, r.tenant, r.segment, r.kind) for r in told} == {
        (hit.id, "sensor-9", "plant-a", "line 3", "alert")
    }
    alerts = [record.alert() for record in told]
    assert [alert.count for alert in alerts] == [1, 1, 40, 41]
    assert [alert.last_ns // SECOND for alert in alerts] == [1, 1, 3, 4]
    assert [str(alert.state) for alert in alerts] == ["open", "open", "open", "closed"]
    assert [str(alert.outcome) for alert in alerts] == ["pending", "success", "pending", "success"]
    assert alerts[0].coverage == {"received": 9, "parsed": 5, "skipped": 3, "lost": 1}
    assert told[-1].to_bytes() == Record.from_bytes(told[-1].to_bytes()).to_bytes()


def test_what_was_told_is_not_changed_by_what_is_told_later() -> None:
    """Revisions share what did not change."""
    room = analyst()
    told = room.take(Batch([Hit(said={"a": [1, 2]})]))
    before = [record.to_bytes() for record in told]
    for number in range(2, 12):
        told += room.take(Batch([Hit(kind="update", count=number, last_frame=number, last_ns=number * SECOND)]))
        assert [record.to_bytes() for record in told[:-1]] == before
        before.append(told[-1].to_bytes())
    assert told[0].body["fields"] is told[-1].body["fields"] and len(told[-1].body["evidence"]) == 8


def test_a_closed_fold_is_forgotten_and_an_unknown_one_makes_nothing() -> None:
    room = analyst()
    room.take(Batch([Hit()]))
    assert len(room.take(Batch([Hit(kind="close")]))) == 1
    assert room.take(Batch([Hit(kind="update"), Hit(kind="close", fold=7)])) == []


def test_evidence_is_the_first_messages_and_at_most_eight() -> None:
    room = analyst()
    told = room.take(Batch([Hit()]))
    for frame in range(1, 30):
        told += room.take(Batch([Hit(kind="update", count=frame, last_frame=frame, last_ns=frame * SECOND)]))
    evidence = told[-1].alert().evidence
    assert [item.frame for item in evidence] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert {(item.file, item.interface) for item in evidence} == {("a.pcap", None)}
    assert told[-1].body["evidence"] == [item.to_json() for item in evidence]


def test_what_was_found_without_a_message_has_no_evidence() -> None:
    (record,) = analyst().take(Batch([Hit(frame=None, last_frame=None, client=None)]))
    assert record.alert().evidence == () and record.alert().client is None


def test_a_megabyte_of_fields_fits_into_a_record() -> None:
    """A message made to be too large for every tier must not silence its own alert."""
    huge = {"a.list": ["x" * 5000] * 2048, "b.text": "\x00" * 900_000, **{f"c.{n}": "y" * 1000 for n in range(400)}}
    describe = lambda hit: replace(SAID, reason=Reason("rule_matched", hit.fields()))  # noqa: E731
    (record,) = analyst(describe).take(Batch([Hit(said={"function": 5, **huge})]))
    assert len(record.to_bytes()) < 2**20
    fields = record.alert().fields
    assert fields["function"] == 5
    assert len(str(fields)) < 2 * FIELDS_LETTERS
    (record,) = analyst().take(Batch([Hit(said={"b.text": "z" * 5000, "a.list": list(range(5000))})]))
    fields = record.alert().fields
    assert len(fields["b.text"]) == TEXT_LETTERS + 1 and fields["b.text"].endswith("…")
    assert fields["a.list"] == list(range(LIST_VALUES))


def test_what_needs_no_cut_is_told_from_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """The short way gives what the long way does: around every limit, and for every type that JSON has."""
    chance = random.Random(5)
    edges = (TEXT_LETTERS - 1, TEXT_LETTERS, TEXT_LETTERS + 1)
    values: list[Any] = [0, -(2**63), 2**64 - 1, 1.7976931348623157e308, True, None, "", {"a": 1}, [], ["a"], [[1]]]
    values += ["x" * letters for letters in edges]
    values += [[2**64 - 1] * length for length in (LIST_VALUES - 1, LIST_VALUES, LIST_VALUES + 1)]
    cases = [{str(n): chance.choice(values) for n in range(chance.choice((1, 5, 20, 40, 60)))} for _ in range(300)]
    short = [bounded(fields) for fields in cases]
    monkeypatch.setattr("detectors.bounds._small", lambda fields: False)
    assert short == [bounded(fields) for fields in cases]


def test_deviating_windows_of_a_conversation_are_one_alert() -> None:
    room = analyst()
    told = room.take(Batch(windows=Windows([window(0), window(1), window(0, "10.0.0.3")]), now_ns=20 * SECOND))
    told += room.take(Batch(windows=Windows([window(2)]), now_ns=30 * SECOND))
    told += room.take(Batch(now_ns=40 * SECOND, done=True))
    last = {record.id: record.alert() for record in told}
    assert sorted(alert.count for alert in last.values()) == [1, 3]
    assert {str(alert.state) for alert in last.values()} == {"closed"}
    for record_id in last:
        revisions = [record.revision for record in told if record.id == record_id]
        assert revisions == list(range(1, len(revisions) + 1))


@pytest.mark.parametrize("together", [True, False])
def test_batch_edges_do_not_change_which_windows_are_one_alert(together: bool) -> None:
    """One went wrong here: only the end of a batch looked for quiet, so one large batch folded what small ones did
    not."""
    quiet = FOLD_IDLE_NS // SECOND // 10
    windows = [window(0), window(quiet - 1), window(3 * quiet)]
    room = analyst()
    batches = [windows] if together else [[one] for one in windows]
    told = [r for batch in batches for r in room.take(Batch(windows=Windows(batch), now_ns=batch[-1].end_ns))]
    told += room.take(Batch(now_ns=4 * FOLD_IDLE_NS, done=True))
    last = {record.id: record.alert() for record in told}
    assert [(alert.count, str(alert.state)) for alert in last.values()] == [(2, "closed"), (1, "closed")]


def test_quiet_window_alerts_are_closed_without_new_ones() -> None:
    room = analyst()
    room.take(Batch(windows=Windows([window(0)]), now_ns=10 * SECOND))
    assert room.take(Batch(now_ns=10 * SECOND + FOLD_IDLE_NS)) == [], "one may still come for it"
    (closed,) = room.take(Batch(now_ns=10 * SECOND + 2 * FOLD_IDLE_NS))
    assert str(closed.alert().state) == "closed"


def test_the_number_of_open_window_alerts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detectors.alerts.OPEN_WINDOWS", 3)
    room = analyst()
    told = room.take(Batch(windows=Windows([window(n, f"10.0.1.{n}") for n in range(6)]), now_ns=60 * SECOND))
    states = [str(record.alert().state) for record in told]
    assert states.count("closed") == 3 and states.count("open") == 6
    assert len(room.take(Batch(now_ns=70 * SECOND, done=True))) == 3


@pytest.fixture(scope="module")
def detection() -> Detection:
    return load()


def alerts_of(detection: Detection, path: Path, batch_packets: int = 1_000_000) -> tuple[list[Record], int, int]:
    """All records of a capture, its hits by the ledger, and its lines in the listing."""
    engine = detection.engine(listing=True)
    engine.open_files([path])
    room = detection.analyst("sensor-9", files=True)
    told: list[Record] = []
    lines = 0
    while True:
        batch = engine.poll(batch_packets)
        told += room.take(batch)
        lines += batch.listing.count(b"\n")
        if batch.done:
            return told, batch.ledger["hits"], lines


@pytest.mark.parametrize("path", bundled_captures(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_capture_makes_a_whole_account_of_alerts(path: Path, detection: Detection) -> None:
    told, hits, lines = alerts_of(detection, path)
    revisions = defaultdict(list)
    for record in told:
        if record.kind == "alert":
            revisions[record.id].append(record)
    for records in revisions.values():
        assert [record.revision for record in records] == list(range(1, len(records) + 1))
        counts = [record.alert().count for record in records]
        assert counts == sorted(counts)
        assert [str(r.alert().state) for r in records] == ["open"] * (len(records) - 1) + ["closed"]
        assert all(len(record.alert().evidence) <= 8 for record in records)
    assert sum(records[-1].alert().count for records in revisions.values()) == hits == lines


def test_identity_and_count_do_not_depend_on_batches(detection: Detection) -> None:
    path = ROOT / "pcaps" / "plant" / "attack.pcap"

    def last(told: list[Record]) -> dict[str, Any]:
        return {r.id: json.dumps({**r.body, "coverage": None}, sort_keys=True) for r in told}

    whole, pieces = (last(alerts_of(detection, path, packets)[0]) for packets in (1_000_000, 13))
    assert whole == pieces and len(whole) > 10
