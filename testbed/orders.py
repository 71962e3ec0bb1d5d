"""What the demo's province orders of the plant: a bulletin about what was seen, and a spot check."""

from __future__ import annotations

import time

from console import desk
from sensor.schema import Record
from sensor.schema.order import Reference
from sensor.schema.task import SPOT_CHECK
from sensor.schema.words import Form, Level
from testbed.tiers import Tiers

DAY_NS = 86_400 * 10**9
WITHIN_S = 30.0
CHECKLIST = ("工程师站默认口令是否已更换", "远程运维通道不用时是否关闭", "控制器程序是否有可恢复的备份")


def drafts(about: Record | None, unit: str, now_ns: int) -> list[desk.Draft]:
    incidents = () if about is None else (Reference(about.origin, about.id),)
    return [
        desk.Draft(
            Form.BULLETIN, "监测到针对控制器的危急操作", "请核实是否为计划内操作；若不是，请断开来源主机、整改并反馈。",
            now_ns + 3 * DAY_NS, (unit,), level=Level.CRITICAL, incidents=incidents,
        ),
        desk.Draft(
            SPOT_CHECK, "工程师站与远程运维通道抽查", "请按清单逐项检查后上报。", now_ns + 7 * DAY_NS,
            checklist=CHECKLIST, scope="全部工程师站",
        ),
    ]  # fmt: skip


def issue_down(tiers: Tiers) -> bool:
    """Issue both at the province; returns whether the plant's console has kept them."""
    enterprise, province, _ = tiers.running
    grave = [record for record in province.alerts() if record.alert().level is Level.CRITICAL]
    now_ns = time.time_ns()
    with province.store() as store:
        issued = [
            desk.issue(draft, province.tier.node, province.tier.login, now_ns)
            for draft in drafts(next(iter(grave), None), enterprise.tier.node, now_ns)
        ]
        for record in issued:
            store.issue(record)
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        with enterprise.store() as store:
            if all(store.order(record.origin, record.id) for record in issued):
                return True
        time.sleep(0.5)
    return False
