"""What `otus replay` prints for people: story by story, the most urgent first, its alerts below it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import click

from sensor.ecs import rfc3339
from sensor.schema.classes import class_name

if TYPE_CHECKING:
    from sensor.schema import Record, Story
    from sensor.sinks import LatestAlerts

LEVELS = {"critical": "危急", "high": "高危", "medium": "中危", "low": "低危", "notice": "提示"}
CLASSES = {3: "A 类设备", 2: "B 类设备", 1: "C 类设备"}
CONSEQUENCES = {3: "已作用于过程", 2: "可能影响过程", 1: "仅查看"}
RELATIONS = {
    "opening": "起因", "same_actor": "同一发起方", "lateral": "由受控设备继续", "effect": "随后出现的影响",
    "same_cause": "同一原因",
}  # fmt: skip


def table(alerts: LatestAlerts, stories: LatestAlerts) -> None:
    """When, how bad, what, between whom, how often, where to look."""
    told = {record.id: record.story() for record in stories.records()}
    parts: dict[str, list[Record]] = defaultdict(list)
    for record in alerts.records():
        parts[_root(record.body["story"], told)].append(record)
    order = sorted(parts, key=lambda name: (-told[name].severity.number, told[name].first_ns, name))
    for place, name in enumerate(order, 1):
        _head(place, told[name])
        relations = {step.alert: step.relation for step in told[name].steps}
        for record in parts[name]:
            _alert(record, relations.get(record.id, ""))
    click.echo(f"{len(order)} incidents, {len(alerts)} alerts / 归并告警 {len(order)} 件，告警 {len(alerts)} 条")


def _root(name: str, told: dict[str, Story]) -> str:
    """The story that this one became part of, if it did."""
    while (into := told[name].merged_into) is not None:
        name = into
    return name


def _head(place: int, story: Story) -> None:
    severity = story.severity
    station = severity.name or severity.station or "-"
    click.echo(
        f"[{place}] {LEVELS[story.level]}  {story.actor or '-'}  {story.title.zh}  告警 {story.alerts} 条"
        f" ×{story.hits}  {rfc3339(story.first_ns)} – {rfc3339(story.last_ns)}\n"
        f"    处置顺序 {severity.number} = {LEVELS[story.level]} {severity.level}"
        f" × {CLASSES[severity.importance]} {severity.importance}（{station}）"
        f" × {CONSEQUENCES[severity.consequence]} {severity.consequence}"
    )


def _alert(record: Record, relation: str) -> None:
    alert = record.alert()
    frame = next((f"#{item.frame}" for item in alert.evidence if item.frame is not None), "-")
    file = next((item.file for item in alert.evidence if item.file), "-")
    source = alert.source.ip if alert.source else "-"
    destination = alert.destination.ip if alert.destination else "-"
    why = f"  [{RELATIONS[relation]}]" if relation else ""
    named = f"  {class_name(alert.incident_class).zh}" if alert.incident_class else ""
    click.echo(
        f"  {rfc3339(alert.first_ns)}  {LEVELS[alert.level]}  {alert.title.zh}{why}\n"
        f"      {source} → {destination}  {alert.protocol}  {alert.detector}/{alert.reason.code}"
        f"  ×{alert.count}  {alert.outcome}  {file} {frame}  {' '.join(alert.technique)}{named}"
    )
