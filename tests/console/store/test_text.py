"""The contract of a store: words."""

from __future__ import annotations

from typing import Any

import pytest

from console.store import CountBy, Found, IncidentFilter, Store, Workflow, fulltext
from console.store.text import Word, words_of
from sensor.schema import Endpoint, Level, Text
from tests.federation.line_records import alert, record_id

RULE = "3e0f4a1c-7d17-4a0e-9c0b-5a5f1d2e7b10"
ENDS: dict[str, Any] = {
    "client": Endpoint("10.20.0.6", 49152, "02:00:00:00:0a:06"),
    "server": Endpoint("fd00::12", 102, "02:00:00:00:0a:12"),
}
OTHER: dict[str, Any] = {
    "title": Text("向 S7 控制器下载程序（工程师站）", "Program download to an S7 controller"),
    "protocol": "s7comm",
    "rule_id": RULE,
    "technique": ("T0843",),
    "fields": {"operation.name": "download_block"},
    **ENDS,
}


@pytest.fixture
def filled(store: Store) -> Store:
    """1 and 2 as `line_records` has them, 3 and 4 others; 4 is a file name in full-width letters."""
    store.merge([alert(1), alert(2), alert(3, origin="sensor-7", **OTHER)], "plant-a")
    title = Text("读取ＨＭＩ画面文件", "Reading ÉCRAN.BIN from the HMI")
    store.merge([alert(4, origin="Plant-B.s", title=title, level=Level.LOW)], "Plant-B")
    return store


def found(store: Store, text: str | None, **where: Any) -> list[int]:
    rows = store.incidents(IncidentFilter(text=text, **where)).rows
    count = store.incident_count(IncidentFilter(text=text, **where))
    assert count == Found(len(rows))
    return sorted(int(row.id, 16) for row in rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, [1, 2, 3, 4]),
        ("  ", [1, 2, 3, 4]),
        ("写命令", [1, 2]),
        ("命令", [1, 2]),
        ("控制器", [1, 2, 3]),
        ("工程师站", [3]),
        ("师站", [3]),
        ("站", [3]),
        ("器收", [1, 2]),
        ("器写", []),
        ("命令 收到", [1, 2]),
        ("控制器 工程师", [3]),
        ("控制器 画面", []),
        ("download", [3]),
        ("DOWN controller", [3]),
        ("own", []),
        ("S7控制器", [3]),
        ("hmi", [4]),
        ("ｈｍｉ", [4]),
        ("écran", [4]),
        ("screen", []),
        ("10.20.0.6", [3]),
        ("10.20", [3]),
        ("192.168.1.66", [1, 2, 4]),
        ("192.168.1.6", []),
        ("192.168.1.", [1, 2, 4]),
        ("fd00::12", [3]),
        ("02:00:00:00:0A:12", [3]),
        ("02", [1, 2, 3, 4]),
        ("02:0", [1, 2, 3, 4]),
        ("02:00:00", [1, 2, 3, 4]),
        ("02:00:00:00:0a", [3]),
        ("02:00:00:00:0a:1", [3]),
        ("00:00:0a", []),
        ("0200000a12", []),
        (RULE, [3]),
        ("3e0f4a1c", [3]),
        ("t0843", [3]),
        ("T08", [1, 2, 3, 4]),
        ("download_block", [3]),
        ("block", [3]),
        ("s7comm", [3]),
        ("sensor-7", [3]),
        ("plant-b", [4]),
        ("?!，。", []),
        ('"', []),
        ("命令* OR 画面", []),
        ("NEAR(命令 画面)", []),
        ("' OR 1=1 --", []),
        ("\x00命令", [1, 2]),
        ("\ud800", []),
        ("level=high", []),
    ],
)
def test_words(filled: Store, text: str | None, expected: list[int]) -> None:
    assert found(filled, text) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"child": "plant-a"}, [1, 2, 3]),
        ({"child": "Plant-A"}, []),
        ({"child": "plant"}, []),
        ({"origin": "sensor-7"}, [3]),
        ({"origin": "Plant-B.s"}, []),
        ({"protocol": "s7comm"}, [3]),
        ({"detector": "signature"}, [1, 2, 3]),
        ({"technique": "T0843"}, [3]),
        ({"technique": "t0843"}, []),
        ({"level": "high"}, [1]),
        ({"level": "dreadful"}, []),
        ({"level_at_least": "medium"}, [1, 2]),
        ({"state": "open", "tenant": "default"}, [1, 2, 3]),
        ({"state": "closed"}, []),
        ({"workflow": "new"}, [1, 2, 3]),
        ({"workflow": Workflow.CLOSED}, []),
        ({"child": "plant-a", "level": "high", "protocol": "modbus"}, [1]),
    ],
)
def test_words_and_filters(filled: Store, where: dict[str, Any], expected: list[int]) -> None:
    assert found(filled, "控制器", **where) == expected


def test_words_follow_revisions_and_decisions(filled: Store) -> None:
    changed = Text("控制器收到停机请求", "A controller was asked to halt")
    filled.merge([alert(1, revision=2, title=changed, level=Level.CRITICAL)], "plant-a")
    assert found(filled, "写命令") == [2]
    assert found(filled, "停机") == [1]
    assert found(filled, "停机", level="high") == []
    assert found(filled, "停机", level="critical") == [1]
    filled.set_workflow("sensor-1", record_id(1), Workflow.HANDLING, "li")
    assert found(filled, "停机", workflow="new") == []
    assert found(filled, "停机", workflow="handling") == [1]
    filled.merge([alert(1, revision=3)], "plant-a")
    assert found(filled, "停机") == [] and found(filled, "写命令", workflow="handling") == [1]


def test_counts_with_words(filled: Store) -> None:
    counted = filled.counts(CountBy.CHILD, IncidentFilter(text="控制器"))
    assert [(item.key, item.incidents) for item in counted] == [("plant-a", 3)]
    assert filled.counts(CountBy.LEVEL, IncidentFilter(text="没有这个词")) == []


def test_beyond_a_thousand_the_count_says_so_and_pages_go_on(store: Store) -> None:
    for start in range(0, 1003, 251):
        store.merge([alert(number) for number in range(start, min(start + 251, 1003))], "plant")
    store.merge([alert(5000, title=Text("另一件事", "Something else"))], "plant")
    everything = IncidentFilter(text="写命令")
    assert store.incident_count(everything) == Found(1000, exact=False)
    assert store.incident_count() == Found(1000, exact=False)
    assert store.incident_count(IncidentFilter(text="另一件")) == Found(1)
    assert store.incident_count(IncidentFilter(text="写命令", tenant="nobody")) == Found(0)
    assert store.incident_count(IncidentFilter(detector="signature")) == Found(1000, exact=False)
    seen: list[int] = []
    cursor, pages = None, 0
    while pages < 20:
        page = store.incidents(everything, limit=100, cursor=cursor)
        seen += [int(row.id, 16) for row in page.rows]
        if pages == 3:  # what comes and what moves meanwhile costs nobody a place
            store.merge([alert(2000), alert(2001), alert(1, revision=2)], "plant")
        cursor, pages = page.next_cursor, pages + 1
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) and set(range(1003)) - {1} <= set(seen)


def test_what_a_word_is() -> None:
    assert words_of("写入 PLC") == (Word("写入", han=True), Word("plc"))
    assert words_of("写入,写入") == (Word("写入", han=True),)
    assert words_of("192.168.1.66") == (Word("192.168.1.66", whole=True),)
    assert len(words_of(" ".join(map(str, range(100))))) == 16


@pytest.mark.parametrize(
    "text", ["10.2.30.4", "192.168.100.200", "02:00:00:00:0a:42", "1.2.3", "1.2.3.4.5", "10:20:30:40:50", "fe80::1"]
)
def test_addresses_are_cut_as_all_else_is(text: str) -> None:
    assert fulltext.joined(text) == " ".join(fulltext.tokens(text))
