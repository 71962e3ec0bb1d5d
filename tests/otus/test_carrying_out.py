"""A decision made at the console, from the order to the version that came of it and the sensor's answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("sensor._core", reason="the core is not built: make build")

from detectors.baseline import read_folder
from detectors.baseline.versions import decisions_of
from federation.inbox import FileInbox, Waiting
from federation.parent import Parent
from federation.spool import Spool
from otus.baseline_report import BaselineReport
from otus.carrying_out import OURSELVES, Carrier, Refused, carry_out, parent_that_decides
from otus.cli import otus
from sensor.schema import Baseline, BaselinePart, Record, Review
from sensor.schema.batch import check_record
from sensor.schema.review import Asked
from sensor.schema.words import ReviewAction
from sensor.settings import defaults
from tests.detectors.baseline.conftest import capture
from tests.federation.baseline_records import review
from tests.federation.order_records import order_id

LINK = "link:default/192.168.1.10>192.168.1.20/modbus"
WRITES = "operation:default/192.168.1.10>192.168.1.20/modbus#6.write"
READ = "object:default/192.168.1.10>192.168.1.20/modbus#read.holding_register.1:0-9"


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learned")
    capture(folder / "normal.pcap", seconds=60)
    done = CliRunner().invoke(otus, ["baseline", "learn", str(folder / "normal.pcap"), "-o", str(folder / "base")])
    assert done.exit_code == 0, done.output
    return folder / "base"


@pytest.fixture
def settings(tmp_path: Path, learned: Path) -> dict[str, Any]:
    import shutil

    shutil.copytree(learned, tmp_path / "base")
    (tmp_path / "spool").mkdir()
    return {**defaults(), "baseline": str(tmp_path / "base"), "spool_dir": str(tmp_path / "spool")}


def loaded() -> tuple[bool, str]:
    return True, "reloaded"


def order(number: int, *decisions: Asked, **changes: Any) -> Review:
    more = {"decisions": decisions} if decisions else {}
    found = review(number, **more, **changes).order()
    assert isinstance(found, Review)
    return found


def asked(action: str, entry: str, **more: Any) -> Asked:
    return Asked(ReviewAction(action), entry, **more)


def do(asked_for: Review, settings: dict[str, Any], number: int = 1) -> int:
    return carry_out(asked_for, order_id(number), "shili", settings, loaded).version


def test_decisions_make_the_next_version_with_who_when_and_why(settings: dict[str, Any]) -> None:
    wanted = order(1, asked("reject", WRITES), asked("approve", LINK), asked("widen", READ, stretch=(0, 99)))
    assert do(wanted, settings) == 2
    folder = read_folder(Path(settings["baseline"]))
    latest = folder.versions[-1]
    assert (latest["author"], latest["time_ns"], latest["order"]) == ("wang@shili", wanted.steps[0].at_ns, order_id(1))
    assert "工单 118，调试" in latest["note"]
    found = {one.entry: one for one in decisions_of(folder)}
    writes = found[WRITES]
    assert (writes.action, writes.person, writes.reason) == ("reject", "wang@shili", "工单 118，调试")
    assert found[READ].stretch == (0, 99) and found[LINK].action == "approve"


def test_carried_out_twice_it_is_one_version(settings: dict[str, Any]) -> None:
    assert do(order(1, asked("reject", WRITES)), settings) == 2
    assert do(order(1, asked("reject", WRITES)), settings) == 2, "as after a crash before the answer was kept"
    assert len(read_folder(Path(settings["baseline"])).versions) == 2


@pytest.mark.parametrize(
    ("entry", "action", "more", "code"),
    [
        ("link:*", "approve", {}, "cannot_decide"),
        ("link:default/1.2.3.4>192.168.1.20/modbus", "approve", {}, "cannot_decide"),
        (WRITES, "widen", {"stretch": (0, 9)}, "cannot_decide"),
        (LINK, "widen", {"network": "10.0.0.0/8"}, "cannot_decide"),
        (READ, "widen", {"stretch": (9, 0)}, "cannot_decide"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    settings: dict[str, Any], entry: str, action: str, more: dict[str, Any], code: str
) -> None:
    """A pattern names nothing from afar: who approved every link at once did not look at them."""
    with pytest.raises(Refused, match=f"^{code}: "):
        do(order(1, asked("approve", LINK), asked(action, entry, **more)), settings)
    assert len(read_folder(Path(settings["baseline"])).versions) == 1


def test_what_was_never_learned_is_taken_in_and_told(settings: dict[str, Any]) -> None:
    new = "operation:default/192.168.1.99>192.168.1.20/modbus#6.write"
    assert do(order(1, asked("add", new, called="write_single_register")), settings) == 2
    report, records = told(settings)
    report.tell()
    entries = {one.name: one for one in BaselinePart.from_json(records[0].body).entries}
    assert entries[new].state == "approved" and entries[new].about["operation"] == "write_single_register"
    newest = Baseline.from_json(records[-1].body).versions[0]
    assert f"+ {new}" in newest["lines"] and newest["note"] == "add 1: 工单 118，调试"
    assert do(order(2, asked("reject", new)), settings, 2) == 3, "and may be rejected like others"
    with pytest.raises(Refused, match=r"^cannot_decide: .*can be added"):
        do(order(3, asked("add", "link:*")), settings, 3)


def test_back_to_a_version_and_to_none(settings: dict[str, Any]) -> None:
    do(order(1, asked("reject", WRITES)), settings, 1)
    assert do(order(2, rollback=1), settings, 2) == 3
    folder = read_folder(Path(settings["baseline"]))
    assert decisions_of(folder) == [] and folder.versions[-1]["author"] == "wang@shili"
    assert folder.versions[-1]["note"] == "rollback to version 1: 工单 118，调试"
    with pytest.raises(Refused, match=r"cannot_write: .*has no version 9"):
        do(order(3, rollback=9), settings, 3)


def test_a_baseline_on_trial_comes_into_force(settings: dict[str, Any], tmp_path: Path, learned: Path) -> None:
    with pytest.raises(Refused, match="no_trial"):
        do(order(1, enforce=True), settings, 1)
    tried = {**settings, "baseline": "", "baseline_shadow": settings["baseline"]}
    assert do(order(2, asked("reject", WRITES)), tried, 2) == 2, "what is tried is decided about as well"
    both = {**tried, "baseline": str(tmp_path / "in force")}
    (tmp_path / "in force").mkdir()
    for path in learned.iterdir():
        target = tmp_path / "in force" / path.name
        target.write_bytes(path.read_bytes()) if path.is_file() else None
    assert do(order(3, enforce=True), both, 3) == 2
    assert [one.entry for one in decisions_of(read_folder(Path(both["baseline"])))] == [WRITES]


def test_what_the_running_sensor_refuses_is_taken_back(settings: dict[str, Any]) -> None:
    wanted = order(1, asked("reject", WRITES))
    for _ in range(2):  # the second: after a crash between the two
        with pytest.raises(Refused, match=r"^not_loaded: "):
            carry_out(wanted, order_id(1), "shili", settings, lambda: (False, "windows of 10 s"))
    folder = read_folder(Path(settings["baseline"]))
    assert decisions_of(folder) == [] and [one["author"] for one in folder.versions[1:]] == ["wang@shili", OURSELVES]
    assert not folder.is_approved


def test_who_was_slower_looks_again(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody reviews by the command line while an order is carried out: neither takes the other's decision away."""
    path = Path(settings["baseline"])
    before = read_folder(path)
    do(order(1, asked("reject", WRITES)), settings, 1)
    monkeypatch.setattr("detectors.baseline.read_folder", lambda path: before)
    with pytest.raises(Refused, match=r"^cannot_write: .*meanwhile"):
        do(order(2, asked("approve", LINK)), settings, 2)
    monkeypatch.undo()
    assert [one.entry for one in decisions_of(read_folder(path))] == [WRITES]


def test_without_a_baseline_nothing_is_decided(settings: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="no_baseline"):
        do(order(1, asked("approve", LINK)), {**settings, "baseline": ""})


@pytest.fixture
def spool(settings: dict[str, Any]) -> Iterator[Spool]:
    opened = Spool(Path(settings["spool_dir"]) / "spool.db", ["gd", "tg"])
    yield opened
    opened.close()


def test_the_answer_goes_to_the_one_who_asked(settings: dict[str, Any], spool: Spool) -> None:
    inbox = FileInbox(Path(settings["spool_dir"]) / "orders.json", ["review"])
    good = review(1, decisions=(asked("reject", WRITES),))
    bad = review(2, decisions=(asked("reject", "link:nobody"),))
    inbox.receive([good, bad], "gd", "sensor-1", 7)
    carrier = Carrier(inbox, spool, settings, loaded)
    while (waiting := inbox.wait(0)) is not None:
        carrier.settle(waiting)
    assert spool.pending("tg") == 0
    told = [Record.from_bytes(one.body) for one in spool.take("gd")]
    for record in told:
        check_record(json.loads(record.to_bytes()))
    done, refused = (record.receipt() for record in told)
    assert (done.state, done.version, done.settled, done.about.id) == ("applied", 2, True, order_id(1))
    assert refused.state == "refused" and refused.version is None and refused.about.id == order_id(2)
    assert refused.steps[0].note.startswith("cannot_decide: no entry is called link:nobody")


def test_an_order_whose_answer_finds_no_room_is_carried_out_again(settings: dict[str, Any], spool: Spool) -> None:
    inbox = FileInbox(Path(settings["spool_dir"]) / "orders.json", ["review"])
    inbox.receive([review(1, decisions=(asked("reject", WRITES),))], "gd", "sensor-1", 7)
    waiting = inbox.wait(0)
    assert isinstance(waiting, Waiting)

    class Full:
        def append(self, records: list[Record], only: str) -> int:
            raise RuntimeError("no room")

    with pytest.raises(RuntimeError):
        Carrier(inbox, Full(), settings, loaded).settle(waiting)  # type: ignore[arg-type]
    again = FileInbox(Path(settings["spool_dir"]) / "orders.json", ["review"])
    assert again.wait(0) == waiting
    Carrier(again, spool, settings, loaded).settle(waiting)
    assert again.wait(0) is None and spool.pending("gd") == 1
    assert read_folder(Path(settings["baseline"])).version == 2


def test_whose_people_decide() -> None:
    parents = [Parent(name, "http://127.0.0.1:1", "t") for name in ("gd", "tg")]

    def found(wanted: str, known: list[Parent]) -> str | None:
        parent = parent_that_decides({"orders_from": wanted}, known)
        return None if parent is None else parent.name

    assert found("", parents[:1]) == "gd" and found("", parents) is None, "of two the site says which"
    assert found("tg", parents) == "tg" and found("nobody", parents[:1]) is None
    with pytest.raises(ValueError, match="orders_from"):
        found("nowhere", parents)


def told(settings: dict[str, Any]) -> tuple[BaselineReport, list[Record]]:
    records: list[Record] = []
    clock = iter(range(10**18, 10**19, 10**9))
    report = BaselineReport(
        {**settings, "node_name": "sensor-1"}, records.extend, decides=True, clock_ns=lambda: next(clock)
    )
    return report, records


def test_the_console_is_told_of_it_and_then_of_what_changed(settings: dict[str, Any]) -> None:
    report, records = told(settings)
    assert report.tell() == 2 and report.tell() == 0
    for record in records:
        check_record(json.loads(record.to_bytes()))
    state, entries = Baseline.from_json(records[1].body), BaselinePart.from_json(records[0].body).entries
    assert (state.role, state.version, state.decides, state.parts) == ("enforced", 1, True, 1)
    assert state.entries == len(entries) and state.meter is not None and not state.meter["complete"]
    by_name = {entry.name: entry for entry in entries}
    writes = by_name[WRITES]
    assert (writes.kind, writes.state, writes.count, writes.place, writes.link) == (
        "operation", "learned", 6, "normal.pcap", LINK,
    )  # fmt: skip
    assert writes.about["operation"] == "write_single_register" and writes.frame is not None
    assert by_name[LINK].about["acts"] is True and "meter" in by_name[LINK].about
    (poll,) = [entry for entry in entries if entry.kind == "poll"]
    assert poll.about["operation"] == "read_holding_registers" and 450_000 < poll.about["period_us"] < 550_000
    assert {entry.kind for entry in entries} >= {"station", "link", "operation", "object", "poll"}
    do(order(1, asked("reject", WRITES)), settings)
    records.clear()
    assert report.tell() == 2
    state = Baseline.from_json(records[1].body)
    assert state.version == 2 and state.states["rejected"] == 1
    newest, first = state.versions
    assert (newest["author"], newest["removed"], newest["added"]) == ("wang@shili", 1, 0)
    assert newest["lines"] == [f"- {WRITES}"] and "lines" not in first
    entry = next(one for one in BaselinePart.from_json(records[0].body).entries if one.name == WRITES)
    assert entry.state == "rejected" and entry.decision is not None and entry.decision["person"] == "wang@shili"


def test_a_trial_and_a_learning_are_told(settings: dict[str, Any]) -> None:
    report, records = told({**settings, "baseline": ""})
    assert report.tell() == 0, "nothing is there and nothing is learned"
    assert report.tell(meter={"complete": False, "days": 0.5, "kinds": {}}) == 1
    state = Baseline.from_json(records[-1].body)
    assert (state.role, state.version, state.parts) == ("learning", 0, 0) and state.meter is not None
    row = {"cause": "baseline:new_operation", "client": "a", "server": "b", "alerts": 1, "messages": 6}
    trial = {"messages": 60, "alerts": {"baseline:new_operation": 1}, "found": [row] * 999, "uncounted": 3}
    trial |= {"candidate": True, "families": ["orders"]}
    report, records = told({**settings, "baseline": "", "baseline_shadow": settings["baseline"]})
    report.tell(trial)
    state = Baseline.from_json(records[-1].body)
    assert state.role == "trial" and state.trial is not None and len(state.trial["found"]) == 200
    assert state.trial["listed"] == 999 and state.trial["uncounted"] == 3
    assert state.trial["candidate"] and state.trial["families"] == ["orders"]


def test_of_a_large_one_what_waits_is_told_first(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from detectors.baseline import told as telling

    do(order(1, asked("reject", WRITES)), settings)
    monkeypatch.setattr(telling, "MAX_ENTRIES", 2)
    report, records = told(settings)
    report.tell()
    entries = BaselinePart.from_json(records[0].body).entries
    assert len(entries) == 2 and WRITES in {one.name for one in entries}
    assert Baseline.from_json(records[-1].body).entries > 2, "how many there are is said all the same"
