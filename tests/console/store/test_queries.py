"""The contract of a store: what screens ask."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from console.store import Count, CountBy, Coverage, IncidentFilter, NodeFilter, Silence, Store, Workflow
from sensor.schema import LEVELS, Level
from tests.console.store.conftest import Open
from tests.federation.line_records import FIRST_NS, SECOND, alert, asset, heartbeat, record_id

HOUR = 3600 * SECOND
Hear = Callable[[str, int], None]
"""has a sensor send a heartbeat at a second"""


@pytest.fixture
def filled(store: Store) -> Store:
    """Ten incidents of five levels, alternating between two plants; the later ones last seen later."""
    for child, odd in (("plant-a", 0), ("plant-b", 1)):
        store.merge([alert(n, origin=f"sensor-{child[-1]}") for n in range(10) if n % 2 == odd], child)
    return store


def found(store: Store, **where: Any) -> list[int]:
    return [int(row.id, 16) for row in store.incidents(IncidentFilter(**where)).rows]


def test_the_last_seen_comes_first(filled: Store) -> None:
    assert found(filled) == list(range(9, -1, -1))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"level": Level.CRITICAL}, [5, 0]),
        ({"level": "high"}, [6, 1]),
        ({"level": "dreadful"}, []),
        ({"level_at_least": "high"}, [6, 5, 1, 0]),
        ({"child": "plant-a"}, [8, 6, 4, 2, 0]),
        ({"origin": "sensor-b"}, [9, 7, 5, 3, 1]),
        ({"child": "plant-a", "level": "critical"}, [0]),
        ({"detector": "signature"}, list(range(9, -1, -1))),
        ({"detector": "x' OR 1=1 --"}, []),
        ({"protocol": "s7comm"}, []),
        ({"technique": "T0855"}, list(range(9, -1, -1))),
        ({"technique": "T0001"}, []),
        ({"state": "closed"}, []),
        ({"tenant": "default", "child": "plant-b", "state": "open"}, [9, 7, 5, 3, 1]),
        ({"since_ns": FIRST_NS + 8 * SECOND}, [9, 8]),
        ({"until_ns": FIRST_NS + 2 * SECOND}, [1, 0]),
    ],
)
def test_filters(filled: Store, where: dict[str, Any], expected: list[int]) -> None:
    assert found(filled, **where) == expected


def test_workflow_is_a_filter_and_a_count(filled: Store) -> None:
    filled.set_workflow("sensor-a", record_id(4), Workflow.IGNORED, "li")
    assert found(filled, workflow=Workflow.IGNORED) == [4]
    assert len(found(filled, workflow="new")) == 9
    assert filled.counts(CountBy.WORKFLOW) == [Count("new", 9), Count("ignored", 1)]
    assert filled.counts(CountBy.LEVEL, IncidentFilter(workflow=Workflow.IGNORED)) == [Count("notice", 1)]


def test_pages_follow_each_other_without_gap_or_repeat(filled: Store) -> None:
    seen: list[int] = []
    cursor = None
    for _ in range(10):
        page = filled.incidents(limit=3, cursor=cursor)
        seen += [int(row.id, 16) for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == list(range(9, -1, -1))


@pytest.mark.parametrize("cursor", ["", "x", "'; DROP TABLE record; --", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5Ojk", "é" * 100])
def test_a_cursor_somebody_made_up_begins_at_the_first_page(filled: Store, cursor: str) -> None:
    assert len(filled.incidents(cursor=cursor).rows) == 10


def test_limits_are_bounded(filled: Store) -> None:
    assert len(filled.incidents(limit=-5).rows) == 1
    assert len(filled.incidents(limit=10**9).rows) == 10


def test_an_incident_in_full(filled: Store) -> None:
    incident = filled.incident("sensor-a", record_id(2))
    assert incident is not None
    row = incident.row
    assert (row.child, row.level, row.title_zh, row.client, row.server) == (
        "plant-a", str(LEVELS[2]), "控制器收到写命令", "192.168.1.66", "192.168.1.11",
    )  # fmt: skip
    assert row.technique == ("T0855", "T0836")
    assert incident.record.alert().evidence[0].frame == 17
    assert filled.incident("sensor-b", record_id(2)) is None


def test_counts(filled: Store) -> None:
    assert filled.counts(CountBy.LEVEL) == [Count(str(level), 2) for level in LEVELS]
    assert filled.counts(CountBy.DETECTOR) == [Count("signature", 10)]
    assert filled.counts(CountBy.TECHNIQUE, IncidentFilter(child="plant-a")) == [
        Count("T0836", 5),
        Count("T0855", 5),
    ]
    assert filled.counts(CountBy.CHILD) == [Count("plant-a", 5), Count("plant-b", 5)]
    assert filled.counts("level", IncidentFilter(level="high")) == [Count("high", 2)]  # type: ignore[arg-type]


def test_several_counts_at_once(filled: Store) -> None:
    filled.set_workflow("sensor-a", record_id(0), Workflow.IGNORED, "wang")
    asked = [
        (CountBy.WORKFLOW, IncidentFilter()),
        (CountBy.LEVEL, IncidentFilter(child="plant-b", suppressed=False)),
        (CountBy.ORIGIN, IncidentFilter(text="nowhere")),
        (CountBy.DAY, IncidentFilter(level=Level.HIGH)),
    ]
    assert filled.counts_of(asked) == [filled.counts(by, where) for by, where in asked]
    assert filled.counts_of(asked)[0] == [Count("new", 9), Count("ignored", 1)]
    assert filled.counts_of([]) == []


@pytest.mark.parametrize("by", [CountBy.HOUR, CountBy.DAY, CountBy.CHILD])
def test_counts_of_every_level_in_one_question(filled: Store, by: CountBy) -> None:
    for where in (IncidentFilter(), IncidentFilter(child="plant-a"), IncidentFilter(began_ns=FIRST_NS + 5 * SECOND)):
        found = filled.counts_by_level(by, where)
        assert found == {level: filled.counts(by, replace(where, level=level)) for level in LEVELS}
        assert any(found.values())
    high = filled.counts_by_level(by, IncidentFilter(level=Level.HIGH))
    assert [level for level, counted in high.items() if counted] == [Level.HIGH]
    assert set(filled.counts_by_level(by, IncidentFilter(text="nowhere"))) == set(LEVELS)


def test_the_first_rows_of_several_lists(filled: Store) -> None:
    asked = [IncidentFilter(), IncidentFilter(level=Level.CRITICAL, suppressed=False), IncidentFilter(origin="nobody")]
    for _ in range(2):
        found = filled.newest(asked, 3)
        assert [[int(row.id, 16) for row in rows] for rows in found] == [[9, 8, 7], [5, 0], []]
        assert found[0] == list(filled.incidents(limit=3).rows)
    assert filled.newest([], 3) == []


def test_a_list_asked_again_has_what_came_and_lacks_what_left(filled: Store) -> None:
    new = IncidentFilter(workflow=Workflow.NEW)

    def first() -> tuple[list[int], list[int]]:
        (rows,) = filled.newest([new], 3)
        page = filled.incidents(new, limit=3)
        return [int(row.id, 16) for row in rows], [int(row.id, 16) for row in page.rows]

    assert first() == ([9, 8, 7], [9, 8, 7])
    for number in (9, 8):
        filled.set_workflow("sensor-a" if number % 2 == 0 else "sensor-b", record_id(number), Workflow.IGNORED, "wang")
    assert first() == ([7, 6, 5], [7, 6, 5])
    filled.merge([alert(number, origin="sensor-a") for number in (20, 22)], "plant-a")
    assert first() == ([22, 20, 7], [22, 20, 7])
    for number in range(8):
        filled.set_workflow("sensor-a" if number % 2 == 0 else "sensor-b", record_id(number), Workflow.IGNORED, "wang")
    assert first() == ([22, 20], [22, 20])


def test_incidents_by_their_names(filled: Store) -> None:
    names = {("sensor-a", record_id(4)), ("sensor-b", record_id(9)), ("sensor-a", record_id(9)), ("nobody", "x")}
    found = filled.incidents_named(names)
    assert set(found) == {("sensor-a", record_id(4)), ("sensor-b", record_id(9))}
    assert all(incident == filled.incident(*name) for name, incident in found.items())
    assert filled.incidents_named(()) == {}


def test_an_incident_is_counted_once_whatever_its_revisions(store: Store) -> None:
    store.merge([alert(1, revision=3)], "plant")
    store.merge([alert(1, revision=40)], "plant")
    assert store.counts(CountBy.PROTOCOL) == [Count("modbus", 1)]


def test_hours_and_days_are_the_nodes(store: Store) -> None:
    # 2026-11-20T15:30Z is 23:30 in Shanghai; two hours later it is the next day there.
    base = FIRST_NS - FIRST_NS % (24 * HOUR) + 15 * HOUR + HOUR // 2
    for number, moment in ((1, base), (2, base + HOUR // 4), (3, base + 2 * HOUR)):
        store.merge([alert(number, first_ns=moment, last_ns=moment)], "plant")
    assert [(item.key, item.incidents) for item in store.counts(CountBy.HOUR)] == [
        ("2026-11-20T23", 2),
        ("2026-11-21T01", 1),
    ]
    assert [(item.key, item.incidents) for item in store.counts(CountBy.DAY)] == [("2026-11-20", 2), ("2026-11-21", 1)]


def test_assets(store: Store) -> None:
    store.merge([asset(number) for number in range(1, 6)], "plant-a")
    store.merge([asset(9, origin="sensor-2")], "plant-b")
    page = store.assets(limit=4)
    assert [int(row.id, 16) - 10**6 for row in page.rows] == [9, 5, 4, 3]
    rest = store.assets(limit=4, cursor=page.next_cursor)
    assert [int(row.id, 16) - 10**6 for row in rest.rows] == [2, 1] and rest.next_cursor is None
    assert [row.origin for row in store.assets(child="plant-b").rows] == ["sensor-2"]
    assert page.rows[0].asset.identity["vendor"] == "Siemens"


def test_sensors_have_their_last_heartbeat(store: Store) -> None:
    store.merge([heartbeat(1, received=100), alert(1)], "plant")
    store.merge([heartbeat(1, revision=2, received=250)], "plant")
    store.merge([heartbeat(1, received=50, origin="sensor-2")], "other")
    rows = store.sensors().rows
    assert [(row.name, row.child, row.incidents) for row in rows] == [
        ("sensor-1", "plant", 1),
        ("sensor-2", "other", 0),
    ]
    beat = rows[0].heartbeat
    assert beat is not None and beat.ledger.received == 250 and beat.ledger.balanced
    assert [row.name for row in store.sensors(NodeFilter(child="other")).rows] == ["sensor-2"]


def test_children_have_their_figures(store: Store) -> None:
    store.merge([heartbeat(1), alert(0), alert(1), alert(5)], "plant")
    store.merge([heartbeat(1, received=900, origin="sensor-2")], "plant")
    store.merge([], "quiet")
    plant, quiet = store.children().rows
    assert plant.name == "plant" and plant.incidents_by_level == {"critical": 2, "high": 1}
    assert (plant.sensors, plant.received, plant.parsed, plant.skipped, plant.lost) == (2, 1000, 980, 20, 0)
    assert quiet.name == "quiet" and quiet.incidents_by_level == {} and quiet.last_seen_ns is not None


def test_enormous_ledgers_do_not_break_the_sums(store: Store) -> None:
    beat = heartbeat(1)
    ledger = {"received": 2**63 - 1, "parsed": 0, "skipped": {"a": 2**63 - 1, "b": 2**63 - 1}, "lost": {}, "held": 0}
    for origin in ("sensor-1", "sensor-2"):
        record = replace(beat, origin=origin, body={**beat.body, "ledger": ledger})
        assert [str(answer.status) for answer in store.merge([record], "plant")] == ["stored"]
    assert store.children().rows[0].received > 2**62


class Enrolled(NamedTuple):
    name: str
    kind: str
    revoked_ns: int | None = None


class Listed(NamedTuple):
    nodes: list[Enrolled]

    def list(self) -> list[Enrolled]:
        return self.nodes

    def kind_of(self, name: str) -> str | None:
        return next((node.kind for node in self.nodes if node.name == name), None)


def test_coverage_sums_up_who_is_seen(reopen: Open) -> None:
    nodes = [
        Enrolled("sensor-9", "sensor"), Enrolled("sensor-8", "sensor", 5), Enrolled("plant", "console"),
        Enrolled("closed", "console", 7), Enrolled("never", "console"), Enrolled("sensor-1", "sensor"),
    ]  # fmt: skip
    store = reopen(nodes=Listed(nodes))
    assert store.coverage(0) == Coverage(2, 2, ("sensor-1", "sensor-9"), 0, None, 2, 2, ("never", "plant"))
    learned = heartbeat(2, origin="sensor-2", received=50)
    learned = replace(learned, body={**learned.body, "baseline": {"id": "b1"}})
    store.merge([heartbeat(1, received=100), learned], "plant")
    store.merge([alert(1, origin="elsewhere")], "imported")
    first, second = heartbeat(1, received=100).heartbeat().ledger, learned.heartbeat().ledger
    seen = store.coverage(1)
    assert (seen.sensors, seen.silent_sensors, seen.silent_names, seen.without_baseline) == (3, 1, ("sensor-9",), 1)
    assert (seen.children, seen.silent_children, seen.silent_child_names) == (3, 1, ("never",))
    assert seen.ledger is not None and seen.ledger.received == 150
    assert seen.ledger.parsed == first.parsed + second.parsed and seen.ledger.held == first.held + second.held
    assert seen.ledger.balanced == (first.balanced and second.balanced)
    assert sum(seen.ledger.skipped.values()) == sum(first.skipped.values()) + sum(second.skipped.values())
    late = store.coverage(time.time_ns() + 10**12)
    assert (late.silent_sensors, late.silent_names) == (3, ("sensor-1", "sensor-2", "sensor-9"))
    assert (late.silent_children, late.silent_child_names) == (3, ("imported", "never", "plant"))
    store.merge([replace(learned, revision=2, body={**learned.body, "baseline": None})], "plant")
    assert store.coverage(1).without_baseline == 2


@pytest.fixture
def timed(reopen: Open) -> Iterator[tuple[Store, Hear]]:
    """A store whose clock the test sets, with sensors heard at different seconds and two that never were."""
    nodes = [Enrolled("S9", "sensor"), Enrolled("s0", "sensor"), Enrolled("plant-a", "console")]
    store = reopen(nodes=Listed(nodes))

    def hear(name: str, second: int) -> None:
        store._clock_ns = lambda: FIRST_NS + second * SECOND  # type: ignore[attr-defined]
        store.merge([heartbeat(1, origin=name, revision=second)], "plant-a" if name < "s3" else "plant-b")

    for name, second in (("s2", 5), ("s4", 7), ("s1", 10), ("s3", 100), ("s5", 100)):
        hear(name, second)
    yield store, hear
    store.close()


def walked(ask: Callable[..., Any], where: NodeFilter, limit: int) -> list[str]:
    found: list[str] = []
    page = ask(where, limit=limit)
    while page.next_cursor is not None:
        assert len(page.rows) == limit
        found += [row.name for row in page.rows]
        page = ask(where, limit=limit, cursor=page.next_cursor)
    return found + [row.name for row in page.rows]


BEFORE_NS = FIRST_NS + 8 * SECOND


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (NodeFilter(), ["S9", "s0", "s1", "s2", "s3", "s4", "s5"]),
        (NodeFilter(silence=Silence.FIRST, silent_before_ns=BEFORE_NS), ["S9", "s0", "s2", "s4", "s1", "s3", "s5"]),
        (NodeFilter(silence=Silence.ONLY, silent_before_ns=BEFORE_NS), ["S9", "s0", "s2", "s4"]),
        (NodeFilter(text="s"), ["S9", "s0", "s1", "s2", "s3", "s4", "s5"]),
        (NodeFilter(text="S2"), ["s2"]),
        (NodeFilter(text="*"), []),
        (NodeFilter(text="\ud800"), []),
        (NodeFilter(child="plant-b"), ["s3", "s4", "s5"]),
        (NodeFilter(child="plant-b", silence=Silence.FIRST, silent_before_ns=BEFORE_NS), ["s4", "s3", "s5"]),
        (NodeFilter(child="s0"), ["s0"]),
    ],
)
def test_sensors_by_pages(timed: tuple[Store, Hear], where: NodeFilter, expected: list[str]) -> None:
    for limit in (1, 2, 3, 50):
        assert walked(timed[0].sensors, where, limit) == expected


def test_children_by_pages(timed: tuple[Store, Hear]) -> None:
    store, _ = timed
    store.merge([alert(0, origin="q1")], "quiet")
    silent_first = NodeFilter(silence=Silence.FIRST, silent_before_ns=FIRST_NS + 50 * SECOND)
    for limit in (1, 2, 50):
        assert walked(store.children, NodeFilter(), limit) == ["S9", "plant-a", "plant-b", "quiet", "s0"]
        assert walked(store.children, silent_first, limit) == ["S9", "plant-a", "s0", "plant-b", "quiet"]
        assert walked(store.children, NodeFilter(text="PLANT"), limit) == ["plant-a", "plant-b"]
    only = replace(silent_first, silence=Silence.ONLY)
    assert [row.name for row in store.children(only).rows] == ["S9", "plant-a", "s0"]
    (quiet,) = store.children(NodeFilter(text="quiet")).rows
    assert quiet.incidents_by_level == {"critical": 1} and quiet.sensors == 0


def test_a_walk_goes_by_the_silence_of_its_first_page(timed: tuple[Store, Hear]) -> None:
    """Who falls silent meanwhile, or is heard, moves nobody else: nobody is left out."""
    store, hear = timed
    first = store.sensors(NodeFilter(silence=Silence.FIRST, silent_before_ns=BEFORE_NS), limit=3)
    assert [row.name for row in first.rows] == ["S9", "s0", "s2"]
    hear("s0", 200)
    hear("s2", 200)
    later = NodeFilter(silence=Silence.FIRST, silent_before_ns=FIRST_NS + 150 * SECOND)
    rest = store.sensors(later, limit=50, cursor=first.next_cursor)
    assert [row.name for row in rest.rows] == ["s4", "s0", "s1", "s2", "s3", "s5"] and rest.next_cursor is None


@pytest.mark.parametrize("cursor", ["x", "e30", "WzAsMSwyXQ", "WzksInMxIiwwXQ", "WzAsInMxIiwxZTk5XQ", "é" * 99])
def test_a_made_up_place_in_a_roll_is_its_beginning(filled: Store, cursor: str) -> None:
    assert [row.name for row in filled.children(cursor=cursor).rows] == ["plant-a", "plant-b"]
    assert filled.sensors(cursor=cursor).rows == () and len(filled.children(limit=-4).rows) == 1
