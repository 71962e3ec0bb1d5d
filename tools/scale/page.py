"""Figures as a table, and docs/scale.md, which is written from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tools.bench import report
from tools.bench.table import Table, rows_of
from tools.scale import plan
from tools.scale.load import SENDERS, Rate
from tools.scale.progress import measured
from tools.scale.questions import CHINESE, LIST, OVERVIEW, SEARCH, Answered

PAGE = report.ROOT / "docs" / "scale.md"
JSON = report.ROOT / "build" / "scale.json"
WHOLE = 10_000_000
"""Incidents of a province's year."""
NAMES = {"sqlite": "SQLite", "elasticsearch": "Elasticsearch"}
GROUPS = {OVERVIEW: ("总览", "overview"), LIST: ("列表", "lists"), SEARCH: ("检索", "search")}


def table(
    store: str,
    incidents: int,
    sensors: int,
    rate: Rate,
    answers: Sequence[Answered],
    sizes: Mapping[str, int],
) -> Table:
    size_bytes = sum(sizes.values())
    worst = _worst(answers)
    name = NAMES[store]
    here, there = rate.costs_us
    return Table(
        store,
        (f"{name}：{incidents:,} 个事件", f"{name}: {incidents:,} incidents"),
        [("", ""), ("问题", "question"), ("中位数 ms", "median ms"), ("p99 ms", "p99 ms")],
        _rows(answers),
        notes=[
            (
                f"入库：最近 {rate.records:,} 条记录每秒 {rate.per_second:,.0f} 条（{SENDERS} 路并发，每批 500 条，"
                f"经存储自身的合并）；每条处理器时间：控制台 {here:,.0f} 微秒，存储服务器 {there:,.0f} 微秒；"
                f"磁盘 {size_bytes / incidents:,.0f} 字节/事件。",
                f"Ingest: {rate.per_second:,.0f} records a second over the last {rate.records:,} ({SENDERS} senders,"
                f" 500 a batch, through the store's own merge); processor time a record: {here:,.0f} µs at the console,"
                f" {there:,.0f} µs at the store's server; {size_bytes / incidents:,.0f} bytes of disk an incident.",
            ),
            *([] if incidents >= WHOLE else [PART]),
        ],
        summary=[
            (f"{name} 入库（条/秒）", f"{name}: records kept a second", f"{rate.per_second:,.0f}"),
            *_slowest(name, worst),
            (f"{name} 磁盘", f"{name}: disk", f"{size_bytes / 1e9:,.1f} GB"),
        ],
        data={
            "rate": rate.per_second, "costs_us": [here, there], "p99_ms": worst, "bytes": dict(sizes),
            "incidents": incidents, "sensors": sensors,
        },
    )  # fmt: skip


def asked(before: Table, answers: Sequence[Answered], incidents: int, times: int = 0) -> Table:
    """The same with other answers, given when so many incidents were there, and each question was asked `times` times
    before the clock ran."""
    worst = _worst(answers)
    chinese, english = f"{ASKED[0]}{incidents:,}。", f"{ASKED[1]} {incidents:,}."
    if times:
        chinese += f"计时之前，每个问题先提 {times} 次（JVM 预热）。"
        english += f" Each question was asked {times} times before the clock ran (the JVM warms up)."
    return replace(
        before,
        rows=_rows(answers),
        notes=[*(item for item in map(tuple, before.notes) if not item[1].startswith(ASKED[1])), (chinese, english)],
        summary=[before.summary[0], *_slowest(NAMES[before.key], worst), before.summary[-1]],
        data={**before.data, "p99_ms": worst},
    )


ASKED = ("提问时库中事件数：", "Incidents in the store when it was asked:")


def _rows(answers: Sequence[Answered]) -> list[list[str]]:
    return [[item.group, item.name, f"{item.median_ms:.1f}", f"{item.p99_ms:.1f}"] for item in answers]


def _worst(answers: Sequence[Answered]) -> dict[str, float]:
    return {group: max(item.p99_ms for item in answers if item.group == group) for group in GROUPS}


def _slowest(name: str, worst: Mapping[str, float]) -> list[tuple[str, str, str]]:
    return [
        (f"{name} {GROUPS[group][0]} p99", f"{name}: {GROUPS[group][1]}, p99", f"{value:,.0f} ms")
        for group, value in worst.items()
    ]


def grown(before: Table, rate: Rate, added: int, records: int, incidents: int) -> Table:
    """The same with the rate of the last that were added later, when so many records and incidents were there."""
    here, there = rate.costs_us
    note = (
        f"{GROWN[0]}：库中已有 {records:,} 条记录（{incidents:,} 个事件）时再存入 {added:,} 条，"
        f"其中最后 {rate.records:,} 条每秒 {rate.per_second:,.0f} 条"
        f"（{SENDERS} 路并发，每批 500 条，经存储自身的合并）；"
        f"每条处理器时间：控制台 {here:,.0f} 微秒，存储服务器 {there:,.0f} 微秒。",
        f"{GROWN[1]}: {added:,} more, with {records:,} records ({incidents:,} incidents) in the store; the last"
        f" {rate.records:,} of them: {rate.per_second:,.0f} a second ({SENDERS} senders, 500 a batch,"
        f" through the store's own merge); processor time a record: {here:,.0f} µs at the console, {there:,.0f} µs at"
        f" the store's server.",
    )
    chinese, english, _ = before.summary[0]
    return replace(
        before,
        notes=[*(item for item in map(tuple, before.notes) if not item[1].startswith(GROWN[1])), note],
        summary=[(chinese, english, f"{rate.per_second:,.0f}"), *before.summary[1:]],
        data={**before.data, "rate": rate.per_second, "costs_us": [here, there]},
    )


GROWN = ("此后由较新的版本继续存入", "Kept later, by a newer version")


def write_json(path: Path, machine: Mapping[str, str], tables: Sequence[Table]) -> None:
    report.write_json(path, machine, tables, {})


def kept(folders: Sequence[Path]) -> list[Table]:
    """What was measured to the end in these folders: of each store with most incidents.

    Raises:
        ValueError: of one of the stores there is nothing.
    """
    tables = []
    for store in NAMES:
        found = [measured(folder / f"{store}.progress.json") for folder in folders]
        tables.append(max((table for table in found if table), key=lambda table: table.data["incidents"], default=None))
    if missing := [name for store, name in NAMES.items() if all(one is None or one.key != store for one in tables)]:
        raise ValueError(f"{', '.join(map(str, folders))}: no measurement of {', '.join(missing)} that came to its end")
    return [table for table in tables if table]


def write(machine: Mapping[str, str], tables: Sequence[Table]) -> None:
    parts = [HEAD]
    parts.append("\n".join(rows_of(["机器 / machine", ""], [[name, value] for name, value in machine.items()])))
    parts += [report.summary(tables, place) for place in (0, 1)]
    of_cluster = next(item.data for item in tables if item.key == "elasticsearch")
    parts += [item.markdown() for item in (*map(_bilingual, tables), plan.table(of_cluster, of_cluster["rate"]))]
    PAGE.write_text("\n\n".join(part.strip("\n") for part in parts) + "\n", encoding="utf-8")


PART = (
    f"只装入了全年 {WHOLE:,} 个事件中的一部分，装满后的表现没有在这里测过。",
    f"A part of the year's {WHOLE:,} incidents; how it is with all of them was not measured here.",
)


def _bilingual(measured: Table) -> Table:
    def both(group: str, name: str, *figures: str) -> list[str]:
        return [f"{GROUPS[group][0]}<br>{GROUPS[group][1]}", f"{CHINESE.get(name, name)}<br>{name}", *figures]

    return replace(measured, rows=[both(*row) for row in measured.rows])


HEAD = """\
# 规模 / Scale

本页由 `python -m tools.scale` 整页生成，不手工修改。数字只对下面这台机器有效。

Written whole by `python -m tools.scale`; do not edit. The figures hold for the machine below.
"""
