"""What a province and a ministry need, worked out from what was measured here; the assumptions stand in the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from tools.bench.table import Table
from tools.scale.incidents import CLOSED

ENTERPRISES, PROVINCES = 30_000, 31 + 5 + 1
"""a province's enterprises; provinces, 计划单列市 and 兵团"""
INCIDENTS_A_YEAR = 10_000_000
"""of a province: one a day and enterprise"""
HEARTBEATS_AN_HOUR = 60
"""revisions of one document"""
BURST = 20
"""A bad hour brings so many times an ordinary one's incidents. Heartbeats that waited replace each other."""
COPIES = 2
"""of each shard: the primary and one replica"""
DATA_NODES = 3
SHARD_BYTES = 50e9
"""above which a shard moves and recovers slowly"""
RETENTION_DAYS = (180, 365)
FULL = 0.75
"""A node whose disk is fuller gets no new shards (the low watermark is 85 %, and a month's index still grows)."""


def table(figures: Mapping[str, Any], rate: float) -> Table:
    """`figures`: of the Elasticsearch measurement (`bytes`, `incidents`, `sensors`); `rate`: records kept a second."""
    incident = figures["bytes"]["incident"] / figures["incidents"]
    heartbeat = figures["bytes"]["heartbeat"] / figures["sensors"]
    rows: list[list[str]] = []

    def row(chinese: str, english: str, value: Callable[[float], str]) -> None:
        """`value` of the number of provinces that are kept."""
        rows.append([f"{chinese}<br>{english}", value(1), value(PROVINCES)])

    def incidents(provinces: float) -> float:
        return provinces * INCIDENTS_A_YEAR / 365 * (1 + CLOSED)

    def heartbeats(provinces: float) -> float:
        return provinces * ENTERPRISES * 24 * HEARTBEATS_AN_HOUR

    def disk(provinces: float, days: int) -> float:
        return provinces * days * COPIES * (INCIDENTS_A_YEAR / 365 * incident + ENTERPRISES * 24 * heartbeat)

    def peak(provinces: float) -> float:
        return (incidents(provinces) * BURST + heartbeats(provinces)) / 86_400

    row("每天新增事件", "incidents a day", lambda n: f"{n * INCIDENTS_A_YEAR / 365:,.0f}")
    row("每天心跳文档", "heartbeat documents a day", lambda n: f"{n * ENTERPRISES * 24:,.0f}")
    row("每秒收到的记录：事件", "records a second: incidents", lambda n: f"{incidents(n) / 86_400:,.1f}")
    row("每秒收到的记录：心跳", "records a second: heartbeats", lambda n: f"{heartbeats(n) / 86_400:,.0f}")
    row(
        f"高峰每秒（事件 {BURST} 倍）",
        f"a second in a bad hour ({BURST} times the incidents)",
        lambda n: f"{peak(n):,.0f}",
    )
    row("为本机单节点入库能力的", "of what one node kept here", lambda n: f"{100 * peak(n) / rate:,.0f} %")
    row(f"每天磁盘（{COPIES} 份）", f"disk a day ({COPIES} copies)", lambda n: f"{disk(n, 1) / 1e9:,.1f} GB")
    for days in RETENTION_DAYS:
        row(f"保存 {days} 天", f"kept {days} days", lambda n, days=days: f"{disk(n, days) / 1e12:,.2f} TB")  # type: ignore[misc]
        row(
            f"每个数据节点（共 {DATA_NODES} 个，用到 {FULL:.0%}）",
            f"each of {DATA_NODES} data nodes, {FULL:.0%} full",
            lambda n, days=days: f"{disk(n, days) / DATA_NODES / FULL / 1e12:,.2f} TB",  # type: ignore[misc]
        )
    row(
        "每月心跳索引的主分片数",
        "primary shards of a month's heartbeats",
        lambda n: f"{max(1, math.ceil(n * 31 * ENTERPRISES * 24 * heartbeat / SHARD_BYTES))}",
    )
    return Table(
        "plan",
        ("规划：省与部", "Plan: a province and the ministry"),
        [("", ""), (f"省（{ENTERPRISES:,} 家企业）", f"province ({ENTERPRISES:,} enterprises)"),
         (f"部（{PROVINCES} 个下级）", f"ministry ({PROVINCES} below it)")],
        rows,
        notes=NOTES,
    )  # fmt: skip


NOTES = [
    (
        "假设：每家企业一个探针，每天约一个事件，一半的事件会再来一次（关闭）；心跳每小时一份文档，每分钟一个修订。"
        "现行上送策略逐字段裁剪，但不按等级筛选，也不汇总：省里有的记录，部里都有，心跳也在内，而且占了大头。"
        "部一栏说明心跳应先在省里汇总再上送，这一步尚未实现。"
        "抓包、寄存器值、设备地址原文不上送；名单在 `sensor/schema/fields/`。",
        "Assumed: one sensor an enterprise, about one incident a day, every second of which comes again (closed); a"
        " heartbeat is one document an hour and a revision of it a minute. Today's policy cuts records field by field,"
        " not by level and not into sums: what a province has the ministry has, also heartbeats, and they are most of"
        " it: the ministry's column shows why they should be summed up before they go there, which is not built yet."
        " Captures, register values and addresses in clear do not go up; the list is `sensor/schema/fields/`.",
    ),
    (
        "由本机单节点实测推算；多节点没有在这里试过。",
        "Extrapolated from one node measured here; several nodes were not tried.",
    ),
]
