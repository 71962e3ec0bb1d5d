"""What is particular to the embedded store: its file."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from console.store import (
    Count,
    CountBy,
    Found,
    IncidentFilter,
    StoreError,
    Suppression,
    Workflow,
    counts,
    open_store,
    queries,
)
from console.store.check import check
from console.store.sqlite import SqliteStore
from sensor.schema import Level, Text
from tests.federation.line_records import FIRST_NS, SECOND, alert


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def test_commits_are_synchronous_and_readers_cannot_write(path: Path) -> None:
    store = SqliteStore(path)
    assert store._writer.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with store._read() as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM record")


def test_a_newer_store_is_refused_in_one_line(path: Path) -> None:
    open_store(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match=r"newer Otus \(store version 99") as caught:
        open_store(path)
    assert "\n" not in str(caught.value)


def test_a_zone_that_is_none_is_refused(path: Path) -> None:
    with pytest.raises(StoreError, match="Asia/Shanghai"):
        open_store(path, zone="Middle/Earth")


def test_opening_without_parents_keeps_what_waits_for_them(path: Path) -> None:
    store = open_store(path, parents=["up"])
    store.merge([alert(1)], "plant")
    store.close()
    assert open_store(path).totals().pending_up == {"up": 1}


def test_a_merge_that_fails_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(path, parents=["up"])
    monkeypatch.setattr("federation.spool_tables.append_written", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.merge([alert(1)], "plant")
    monkeypatch.undo()
    assert store.latest() == set() and store.totals().pending_up == {"up": 0}
    assert [str(answer.status) for answer in store.merge([alert(1)], "plant")] == ["stored"]


def test_words_of_a_merge_that_failed_are_written_by_the_next(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(path, parents=["up"])
    monkeypatch.setattr("federation.spool_tables.append_written", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.merge([alert(1)], "plant")
    monkeypatch.undo()
    store.merge([alert(1)], "plant")
    assert len(store.incidents(IncidentFilter(text="192.168")).rows) == 1 and check(path) == []


@pytest.mark.parametrize(
    "where",
    [
        IncidentFilter(),
        IncidentFilter(child="plant"),
        IncidentFilter(level="high"),
        IncidentFilter(detector="signature", protocol="modbus"),
        IncidentFilter(text="命令 192.168"),
        IncidentFilter(text="令", workflow="closed"),
    ],
    ids=lambda where: str(sum(value is not None for value in vars(where).values())),
)
def test_no_list_or_count_reads_a_table_through(path: Path, where: IncidentFilter) -> None:
    store = SqliteStore(path)
    store.merge([alert(number) for number in range(30)], "plant")
    plans: list[str] = []
    with store._read() as db:
        statements: list[str] = []
        db.set_trace_callback(statements.append)
        queries.incidents(db, where, 10, None)
        queries.incident_count(db, where)
        counts.counts(db, CountBy.LEVEL, replace(where, text=None), ZoneInfo("Asia/Shanghai"))
        db.set_trace_callback(None)
        for sql in statements:
            if not sql.startswith("--") and "'main'" not in sql:  # not what FTS5 asks of its own tables
                plans += [str(row[3]) for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    whole = re.compile(r"SCAN (i|r|d|t|s|tally|rollup|word)")
    assert len(plans) > 3 and not [line for line in plans if whole.fullmatch(line)], plans


def test_days_and_weeks_are_exact_where_midnight_divides_an_hour(path: Path) -> None:
    store = SqliteStore(path, zone="Asia/Kolkata")
    midnight = 1_795_199_400 * SECOND  # 2026-11-20T18:30Z
    for number, ago in ((1, 1), (2, 0), (3, -1800), (4, 1801), (5, 7200)):
        moment = midnight - ago * SECOND
        store.merge([alert(number, first_ns=moment, last_ns=moment)], "plant")
    assert [(item.key, item.incidents) for item in store.counts(CountBy.DAY)] == [("2026-11-20", 3), ("2026-11-21", 2)]
    # Every filter has its own way to the same answer.
    for where in (IncidentFilter(child="plant"), IncidentFilter(text="命令"), IncidentFilter(state="open")):
        assert store.counts(CountBy.DAY, where) == store.counts(CountBy.DAY)
        assert store.counts(CountBy.HOUR, where) == store.counts(CountBy.HOUR)
    assert [item.key for item in store.counts(CountBy.HOUR)] == [
        "2026-11-20T21",  # of 22:00: its UTC hour began at 21:30
        "2026-11-20T22",
        "2026-11-20T23",
        "2026-11-21T00",
    ]


def test_a_search_for_the_beginning_of_very_many_words(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.store.fulltext.MAX_EXPANDED", 5)
    store = SqliteStore(path)
    store.merge([alert(number, rule_id=f"rule{number}") for number in range(20)], "plant")
    assert store.incident_count(IncidentFilter(text="rule1")) == Found(11)
    assert store.incident_count(IncidentFilter(text="rule19")) == Found(1)
    assert store.incident_count(IncidentFilter(text="rule")) == Found(20)


def test_listing_a_large_store_uses_its_indices(path: Path) -> None:
    store = SqliteStore(path)
    with store._read() as db:
        for sql in (
            "SELECT * FROM incident i ORDER BY i.last_ns DESC, i.number DESC LIMIT 50",
            "SELECT * FROM asset a ORDER BY a.last_ns DESC, a.number DESC LIMIT 50",
            "SELECT min(at_ns) FROM age WHERE incident = 1",
            "SELECT key, sum(incidents) FROM tally WHERE dimension = 'child' GROUP BY key",
            "SELECT hour, sum(incidents) FROM rollup WHERE dimension = 'all' AND key = '' AND hour >= 9 GROUP BY hour",
        ):
            plan = " ".join(str(row[3]) for row in db.execute(f"EXPLAIN QUERY PLAN {sql}"))
            assert "USING" in plan and "TEMP B-TREE" not in plan, plan


def test_suppressed_incidents_are_found_by_their_causes(path: Path) -> None:
    """Never by the state of work beside them, in which every incident may be."""
    store = SqliteStore(path)
    store.merge([alert(number, cause=f"rule:{number % 3}", level=Level.HIGH) for number in range(30)], "plant")
    for cause in ("rule:1", "rule:2"):
        store.suppress(Suppression(cause, cause, (), None, "检修", "li", 0, 2**62))
    where = IncidentFilter(suppressed=True, workflow=Workflow.NEW, child="plant", level_at_least=Level.HIGH)
    statements: list[str] = []
    with store._read() as db:
        db.set_trace_callback(statements.append)
        told = store._told(db, where)
        page = queries.incidents(db, told, 15, None)
        assert len(page.rows) == 15 and len(queries.incidents(db, told, 15, page.next_cursor).rows) == 5
        assert queries.incident_count(db, told) == Found(20)
        assert [item.incidents for item in counts.counts(db, CountBy.LEVEL, told, ZoneInfo("UTC"))] == [20]
        db.set_trace_callback(None)
        plans = [
            str(row[3])
            for sql in statements
            if "MATCH" in sql and "'main'" not in sql
            for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")
        ]
    assert "=arule:1" in " ".join(statements) and not [line for line in plans if line.startswith("SCAN i")], plans
    assert (
        store.incident_count(replace(where, level="low")) == store.incident_count(replace(where, child="x")) == Found(0)
    )
    assert store.counts(CountBy.WORKFLOW, replace(where, suppressed=False)) == [Count("new", 10)]


def test_levels_of_a_span_come_from_the_counts_by_hour(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(path)
    hour = 3600 * SECOND
    began = FIRST_NS // hour * hour
    moments = [began - 1, began, began + hour, began + 3 * hour - 1, began + 3 * hour]
    store.merge([alert(n, first_ns=at, last_ns=at, level=Level.LOW) for n, at in enumerate(moments)], "plant")
    inside = IncidentFilter(began_ns=began + 1, until_ns=began + 3 * hour - 1)
    whole = IncidentFilter(began_ns=began, until_ns=began + 3 * hour)
    for where, number in ((inside, 1), (whole, 3), (replace(whole, child="plant"), 3), (replace(whole, child="x"), 0)):
        expected = [Count("low", number)] if number else []
        assert store.counts(CountBy.LEVEL, where) == expected
        assert store.counts(CountBy.LEVEL, replace(where, state="open")) == expected, "from the rows"
    monkeypatch.setattr(counts, "_grouped", None)
    assert sum(item.incidents for item in store.counts(CountBy.LEVEL, whole)) == 3


def test_an_operation_in_chinese_is_found_as_its_characters_stand(path: Path) -> None:
    store = SqliteStore(path)
    store.merge([alert(1, fields={"operation.name": "写写写入"}), alert(3, title=Text("？！", "?!"))], "plant")
    store.merge([alert(2, client=None, server=None, fields={})], "plant")
    for text, number in (("写写写", 1), ("写写入", 1), ("写写写写", 0), ("192.168.1.66", 2), ("控制器", 2)):
        assert store.incident_count(IncidentFilter(text=text)) == Found(number)
    assert check(path) == []
