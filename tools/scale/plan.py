"""What a province and a ministry need, worked out from what was measured here; the assumptions stand in the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tools.bench.table import Table
from tools.scale.incidents import CLOSED

ENTERPRISES, PROVINCES = 30_000, 31 + 5 + 1
"""a province's enterprises; provinces, 计划单列市 and 兵团"""
INCIDENTS_A_YEAR = 10_000_000
"""of a province: one a day and enterprise"""
HEARTBEATS_AN_HOUR, SUMS_AN_HOUR = 60, 180
"""Revisions of one document: of a sensor, and of a console that sums its sensors up."""
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


@dataclass(frozen=True)
class Node:
    """A province, or the ministry."""

    provinces: int
    """whose incidents it keeps"""
    heard: int
    """Who sends it heartbeats: at a province each sensor, at the ministry each province, which sums its sensors up."""
    an_hour: int
    """heartbeats of each of them"""

    @property
    def incidents(self) -> float:
        """New ones a day."""
        return self.provinces * INCIDENTS_A_YEAR / 365

    @property
    def incident_records(self) -> float:
        return self.incidents * (1 + CLOSED)

    @property
    def heartbeats(self) -> float:
        """Documents a day: one an hour each."""
        return self.heard * 24

    @property
    def heartbeat_records(self) -> float:
        """A day."""
        return self.heartbeats * self.an_hour

    @property
    def peak(self) -> float:
        """Records a second in a bad hour."""
        return (self.incident_records * BURST + self.heartbeat_records) / 86_400


PROVINCE = Node(1, ENTERPRISES, HEARTBEATS_AN_HOUR)
MINISTRY = Node(PROVINCES, PROVINCES, SUMS_AN_HOUR)


def table(figures: Mapping[str, Any], rate: float) -> Table:
    """`figures`: of the Elasticsearch measurement (`bytes`, `incidents`, `sensors`); `rate`: records kept a second."""
    incident = figures["bytes"]["incident"] / figures["incidents"]
    heartbeat = figures["bytes"]["heartbeat"] / figures["sensors"]
    rows: list[list[str]] = []

    def row(chinese: str, english: str, value: Callable[[Node], str]) -> None:
        rows.append([f"{chinese}<br>{english}", value(PROVINCE), value(MINISTRY)])

    def disk(node: Node, days: int) -> float:
        return days * COPIES * (node.incidents * incident + node.heartbeats * heartbeat)

    row("每天新增事件", "incidents a day", lambda node: f"{node.incidents:,.0f}")
    row("每天心跳文档", "heartbeat documents a day", lambda node: f"{node.heartbeats:,.0f}")
    row("每秒收到的记录：事件", "records a second: incidents", lambda node: f"{node.incident_records / 86_400:,.1f}")
    row(
        "每秒收到的记录：心跳",
        "records a second: heartbeats",
        lambda node: f"{node.heartbeat_records / 86_400:,.1f}",
    )
    row(
        f"高峰每秒（事件 {BURST} 倍）",
        f"a second in a bad hour ({BURST} times the incidents)",
        lambda node: f"{node.peak:,.0f}",
    )
    row("为本机单节点入库能力的", "of what one node kept here", lambda node: f"{100 * node.peak / rate:,.0f} %")
    row(f"每天磁盘（{COPIES} 份）", f"disk a day ({COPIES} copies)", lambda node: f"{disk(node, 1) / 1e9:,.1f} GB")
    for days in RETENTION_DAYS:
        row(f"保存 {days} 天", f"kept {days} days", lambda node, days=days: f"{disk(node, days) / 1e12:,.2f} TB")  # type: ignore[misc]
        row(
            f"每个数据节点（共 {DATA_NODES} 个，用到 {FULL:.0%}）",
            f"each of {DATA_NODES} data nodes, {FULL:.0%} full",
            lambda node, days=days: f"{disk(node, days) / DATA_NODES / FULL / 1e12:,.2f} TB",  # type: ignore[misc]
        )
    row(
        "每月心跳索引的主分片数",
        "primary shards of a month's heartbeats",
        lambda node: f"{max(1, math.ceil(31 * node.heartbeats * heartbeat / SHARD_BYTES))}",
    )
    row(
        "每月事件索引的主分片数",
        "primary shards of a month's incidents",
        lambda node: f"{max(1, math.ceil(31 * node.incidents * incident / SHARD_BYTES))}",
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
        "省不逐台上送心跳，而是每 20 秒上送一份汇总（探针数、失联数及前若干个名称、流量账本合计），逐台情况留在省里；"
        "其他记录按现行上送策略逐字段裁剪后上送，不按等级筛选。"
        "抓包、寄存器值、设备地址原文不上送；名单在 `sensor/schema/fields/`。",
        "Assumed: one sensor an enterprise, about one incident a day, every second of which comes again (closed); a"
        " heartbeat is one document an hour and a revision of it a minute. A province passes on no heartbeats but a"
        " sum of them every 20 s (sensors, silent ones and the first of their names, the ledger); each sensor's own"
        " stay with the province. All other records go up cut field by field, not by level. Captures, register values"
        " and addresses in clear do not go up; the list is `sensor/schema/fields/`.",
    ),
    (
        "由本机单节点实测推算；多节点没有在这里试过。",
        "Extrapolated from one node measured here; several nodes were not tried.",
    ),
]
