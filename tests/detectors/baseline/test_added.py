"""What was seen in operation and taken in by a person: named in full, in the table, and out of it again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detectors.baseline import added
from detectors.baseline.review import Decision, Known, ReviewError, decide, reviewed, table
from otus.reviewing import codec
from tests.detectors.baseline.conftest import capture, core

LINK = "link:default/192.168.1.99>192.168.1.20/modbus"
WRITE = "operation:default/192.168.1.99>192.168.1.20/modbus#6.write"
KNOWN = "link:default/192.168.1.10>192.168.1.20/modbus"
STRETCH = "object:default/192.168.1.10>192.168.1.20/modbus#read.holding_register.1:8-19"
NODE = 'object:line 2/10.0.0.1>fe80::2/opcua#read.node.2="Pump.a=\\"b\\".c:1-2"'


@pytest.fixture
def known(table: bytes) -> Known:
    return Known(json.loads(codec().to_json(table)))


@pytest.mark.parametrize("name", [LINK, WRITE, STRETCH, NODE])
def test_a_name_says_all_there_is(name: str) -> None:
    read = added.read(name)
    assert added.name_of(read) == name == read.entry("x").id


@pytest.mark.parametrize(
    "name",
    ["", "link:*", "station:default/10.0.0.1", "link:default/10.0.0.1>10.0.0.2/", "link:/1.1.1.1>1.1.1.2/modbus",
     "link:default/a>b/modbus", "operation:default/1.1.1.1>1.1.1.2/modbus#x.read", WRITE.replace("#6", "#06"),
     "operation:default/1.1.1.1>1.1.1.2/modbus", STRETCH.replace("8-19", "19-8"), STRETCH.replace("8-19", "8"),
     "object:default/1.1.1.1>1.1.1.2/modbus#read.1:0-1", STRETCH.replace("8-19", f"0-{2**63}"), f"{LINK}#x",
     "poll:default/1.1.1.1>1.1.1.2/modbus#3.read.9"],
)  # fmt: skip
def test_what_names_nothing_is_refused(known: Known, name: str) -> None:
    with pytest.raises(ValueError):
        added.read(name)
    with pytest.raises(ReviewError, match="can be added"):
        decide(known, (), "add", [name], "王工", "x", 1)
    with pytest.raises(ReviewError, match="can be added"):
        Decision.from_json({"action": "add", "entry": name, "person": "p", "reason": "r", "time_ns": 1})


def take_in(known: Known, *names: str, earlier: tuple[Decision, ...] = ()) -> list[Decision]:
    called = {WRITE: "write_single_register"}
    return [*earlier, *decide(known, earlier, "add", names, "王工", "工单 118", 1, called=called)]


def test_it_is_in_the_table_and_listed_with_who_and_why(known: Known) -> None:
    decisions = take_in(known, LINK, WRITE, STRETCH)
    assert [Decision.from_json(one.to_json()) for one in decisions] == decisions
    document = table(known, decisions)
    links = {one["client"]: one for one in document["links"]}
    (operation,) = links["192.168.1.99"]["operations"]
    assert (operation["code"], operation["name"], operation["class"]) == (6, "write_single_register", "write")
    (read,) = [row for row in links["192.168.1.10"]["objects"] if row["class"] == "read"]
    assert read["stretches"] == [[0, 19]], "what is learned and what is added are one stretch"
    assert "192.168.1.99" in {one["ip"] for one in document["assets"]}
    codec().from_json(json.dumps(document))
    states = {one.entry.id: one for one in reviewed(known, decisions)}
    assert states[WRITE].state == "approved" and states[WRITE].decision == decisions[1]
    assert states[WRITE].entry.about["operation"] == "write_single_register"


def test_rejected_afterwards_it_is_out_again(known: Known) -> None:
    decisions = take_in(known, LINK, WRITE)
    out = [*decisions, *decide(known, decisions, "reject", [WRITE], "李工", "误加", 2)]
    (link,) = [one for one in table(known, out)["links"] if one["client"] == "192.168.1.99"]
    assert link["operations"] == []
    assert {one.entry.id: one.state for one in reviewed(known, out)}[WRITE] == "rejected"
    gone = [*decisions, *decide(known, decisions, "reject", [LINK], "李工", "误加", 2)]
    assert all(one["client"] != "192.168.1.99" for one in table(known, gone)["links"]), "nor what hangs on it"


def test_on_a_link_that_is_not_normal_nothing_is_added(known: Known) -> None:
    rejected = tuple(decide(known, (), "reject", [KNOWN], "王工", "x", 1))
    document = table(known, take_in(known, STRETCH, earlier=rejected))
    assert document["links"] == []


def test_traffic_that_was_added_raises_nothing(known: Known, tmp_path: Path) -> None:
    """Held against the core: without it two deviations, with it none."""
    path = capture(tmp_path / "normal.pcap", seconds=30)
    empty = Known({**known.document, "links": [], "assets": []})
    names = [one.entry.id for one in reviewed(known, ()) if one.entry.kind in ("link", "operation", "object")]

    def causes(decisions: list[Decision]) -> set[str]:
        engine = core.Engine("{}", None, codec().from_json(json.dumps(table(empty, decisions))))
        engine.open_files([str(path)])
        found = set()
        while True:
            batch = engine.poll()
            found |= {hit.cause for hit in batch.hits}
            if batch.done:
                return found

    assert causes([]) >= {"baseline:new_link"}
    assert causes(take_in(empty, *names)) == set()
