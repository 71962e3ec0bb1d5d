"""Decisions and the table that follows; versions of a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from detectors.baseline import BaselineError, Folder, read_folder, write_folder
from detectors.baseline.entries import entries
from detectors.baseline.review import (
    Decision,
    Known,
    ReviewError,
    Suspicion,
    decide,
    reviewed,
    side,
)
from detectors.baseline.review import table as table_of
from detectors.baseline.versions import (
    Codec,
    Content,
    decisions_of,
    difference,
    dump,
    put_in_place,
    read_known,
    rollback,
    state_counts,
    write_version,
)

core = pytest.importorskip("sensor._core", reason="the core is not built: make build")

CODEC = Codec(core.baseline_to_json, core.baseline_from_json)
LINK = "link:default/192.168.1.10>192.168.1.20/modbus"
OPERATION = "operation:default/192.168.1.10>192.168.1.20/modbus#6.write"
READS = "object:default/192.168.1.10>192.168.1.20/modbus#read.holding_register.1:0-9"


@pytest.fixture
def known(table: bytes) -> Known:
    return Known(json.loads(core.baseline_to_json(table)))


def made(known: Known, action: str, *patterns: str, **more: Any) -> list[Decision]:
    return decide(known, [], action, patterns, "王工", "工单 7", 5, **more)


def test_entries_have_names_that_people_can_write(known: Known) -> None:
    names = [entry.id for entry in entries(known.document, None)]
    assert "station:default/192.168.1.20" in names
    assert {LINK, OPERATION, READS} <= set(names)
    assert len(names) == len(set(names))
    assert sum(name.startswith("poll:") for name in names) == 1


def test_without_decisions_all_that_was_learned_is_normal(known: Known, table: bytes) -> None:
    assert core.baseline_from_json(json.dumps(table_of(known, []))) == table


def test_what_is_rejected_is_not_normal_and_can_be_taken_back(known: Known) -> None:
    rejected = made(known, "reject", OPERATION)
    assert [row["code"] for row in table_of(known, rejected)["links"][0]["operations"]] == [3]
    taken_back = [*rejected, *made(known, "approve", OPERATION)]
    assert table_of(known, taken_back) == table_of(known, [])
    states = {one.entry.id: one.state for one in reviewed(known, taken_back)}
    assert states[OPERATION] == "approved" and states[READS] == "learned"


def test_a_rejected_link_takes_its_stations_with_it_and_a_rejected_station_its_links(known: Known) -> None:
    assert table_of(known, made(known, "reject", LINK)) == {**known.document, "links": [], "assets": []}
    document = table_of(known, made(known, "reject", "station:*.20"))
    assert (document["links"], document["assets"]) == ([], [])


def test_a_range_is_widened_and_a_rejected_one_is_cut_out(known: Known) -> None:
    def stretches(decisions: list[Decision]) -> Any:
        rows = table_of(known, decisions)["links"][0]["objects"]
        return next((row["stretches"] for row in rows if row["class"] == "read"), None)

    assert stretches([]) == [[0, 9]]
    assert stretches(made(known, "widen", READS, stretch=(5, 99))) == [[0, 99]]
    assert stretches(made(known, "widen", READS, stretch=(50, 99))) == [[0, 9], [50, 99]]
    assert stretches(made(known, "reject", READS)) is None


def test_a_link_is_widened_to_a_network(known: Known) -> None:
    document = table_of(known, made(known, "widen", LINK, network="192.168.1.8/29"))
    clients = {link["client"] for link in document["links"]}
    assert clients == {f"192.168.1.{last}" for last in range(8, 16)}
    assert {link["server"] for link in document["links"]} == {"192.168.1.20"}
    assert all(link["polls"] == [] for link in document["links"] if link["client"] != "192.168.1.10")
    assert {asset["ip"] for asset in document["assets"]} == clients | {"192.168.1.20"}
    core.baseline_from_json(json.dumps(document))  # compiles
    assert side(LINK, "192.168.1.20/32") == "server"


@pytest.mark.parametrize(
    ("action", "pattern", "more", "words"),
    [
        ("approve", "link:nothing*", {}, "no entry is called"),
        ("widen", READS, {}, "--range"),
        ("widen", READS, {"stretch": (9, 1)}, "ends before it starts"),
        ("widen", LINK, {"stretch": (0, 1)}, "--network"),
        ("widen", LINK, {"network": "192.168.1.0/24"}, "both ends are"),
        ("widen", LINK, {"network": "10.0.0.0/24"}, "neither end is"),
        ("widen", LINK, {"network": "192.168.0.0/16"}, "more than 1024"),
        ("widen", LINK, {"network": "somewhere"}, "not a network"),
        ("widen", OPERATION, {"network": "192.168.1.8/29"}, "widen an address range"),
    ],
)
def test_a_decision_that_cannot_be_is_refused_with_one_line(
    known: Known, action: str, pattern: str, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(ReviewError, match=words) as refused:
        made(known, action, pattern, **more)
    assert "\n" not in str(refused.value)


def test_a_decision_has_a_person_and_a_reason(known: Known) -> None:
    with pytest.raises(ReviewError, match="--person NAME --reason TEXT"):
        decide(known, [], "approve", [LINK], "王工", " ", 5)
    with pytest.raises(ReviewError, match="not a decision"):
        Decision.from_json({"action": "approve"})


def test_what_is_suspicious_is_kept_apart_until_it_is_approved(known: Known) -> None:
    suspicion = Suspicion(LINK, "0d9f6f0e", {"zh": "写", "en": "write"}, "high", 7, "normal.pcap", 12)
    poisoned = Known(known.document, None, (suspicion,))
    assert table_of(poisoned, [])["links"] == []
    assert state_counts(poisoned, [])["suspicious"] == 1
    assert Known.from_json(json.loads(json.dumps(poisoned.to_json()))) == poisoned
    approved = made(poisoned, "approve", LINK)
    assert table_of(poisoned, approved) == table_of(known, [])
    assert next(one for one in reviewed(poisoned, approved) if one.entry.id == LINK).suspicions == (suspicion,)


@pytest.fixture
def folder(tmp_path: Path, table: bytes, known: Known) -> Folder:
    return write_folder(
        tmp_path / "base", table, None, to_json=core.baseline_to_json, source=["normal.pcap"], start_ns=1, end_ns=2,
        known=dump(known.to_json()), review=dump([]), author="learn", note="first", time_ns=3,
    )  # fmt: skip


def decided(folder: Folder, decisions: list[Decision], note: str) -> Folder:
    known, model = read_known(folder, CODEC), folder.model_files()
    return write_version(folder, known, decisions, CODEC, author="王工", note=note, time_ns=9, model=model)


def test_each_decision_is_a_version_and_a_rollback_is_one_too(folder: Folder, known: Known, table: bytes) -> None:
    second = decided(folder, made(known, "reject", OPERATION), "no writes")
    assert (second.version, read_folder(folder.path).version) == (2, 2)
    assert second.table != table
    assert [(one["number"], one["author"], one["note"]) for one in second.versions] == [
        (1, "learn", "first"), (2, "王工", "no writes"),
    ]  # fmt: skip
    third = rollback(read_folder(folder.path), 1, CODEC, author="李工", note="", time_ns=11)
    assert (third.version, third.table, decisions_of(third)) == (3, table, [])
    again = rollback(read_folder(folder.path), 2, CODEC, author="李工", note="", time_ns=12)
    assert (again.version, again.table) == (4, second.table)
    assert [one.entry for one in decisions_of(again)] == [OPERATION]
    with pytest.raises(BaselineError, match="has no version 9; there are 1, 2, 3, 4"):
        rollback(again, 9, CODEC, author="x", note="", time_ns=1)


def test_a_damaged_earlier_version_is_refused_and_nothing_changes(folder: Folder, known: Known) -> None:
    second = decided(folder, made(known, "reject", OPERATION), "no writes")
    damaged = folder.path / "objects" / second.versions[0]["files"]["review.json"]
    damaged.write_bytes(b"[{}]")
    with pytest.raises(BaselineError, match="does not match"):
        rollback(second, 1, CODEC, author="x", note="", time_ns=1)
    assert read_folder(folder.path).version == 2


def test_versions_beyond_those_that_are_kept_go_with_their_files(
    folder: Folder, known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detectors.baseline.folder.VERSIONS", 3)
    latest = folder
    for number in range(5):
        latest = decided(read_folder(folder.path), made(known, "reject", OPERATION)[:1] * (number + 1), f"{number}")
    assert [one["number"] for one in latest.versions] == [4, 5, 6]
    needed = {sha256 for one in latest.versions for sha256 in one["files"].values()}
    assert {path.name for path in (folder.path / "objects").iterdir()} == needed


def test_the_difference_names_entries(folder: Folder, known: Known, table: bytes) -> None:
    second = decided(folder, [*made(known, "reject", OPERATION), *made(known, "widen", READS, stretch=(0, 20))], "both")
    lines = list(difference(Content(table), Content(second.table), CODEC).lines())
    assert f"- {OPERATION}" in lines
    assert f"- {READS}" in lines and f"+ {READS.replace('0-9', '0-20')}" in lines
    assert list(difference(Content(table), Content(table), CODEC).lines()) == []


def test_a_folder_of_an_earlier_version_can_be_reviewed(tmp_path: Path, table: bytes, known: Known) -> None:
    old = write_folder(
        tmp_path / "old", table, None, to_json=core.baseline_to_json, source=[], start_ns=1, end_ns=2
    )  # fmt: skip
    assert old.known is None and read_known(old, CODEC) == known
    assert decided(old, made(known, "approve", LINK), "seen").version == 2


def test_a_candidate_is_put_in_place_as_the_next_version(folder: Folder, known: Known, tmp_path: Path) -> None:
    candidate = decided(folder, made(known, "reject", OPERATION), "no writes")
    counts = write_folder(
        tmp_path / "counts", folder.table, None, to_json=core.baseline_to_json, source=[], start_ns=1, end_ns=2,
        author="otus baseline learn",
    )  # fmt: skip
    assert not counts.is_approved
    put = put_in_place(candidate, counts.path, CODEC, author="李工", note="quiet for a week", time_ns=20)
    assert (put.version, put.table, put.is_approved) == (2, candidate.table, True)
    assert [one.entry for one in decisions_of(put)] == [OPERATION]
    assert rollback(put, 1, CODEC, author="李工", note="", time_ns=21).table == folder.table
