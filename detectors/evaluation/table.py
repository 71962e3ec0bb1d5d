"""What was found, for people and for programs."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from detectors.evaluation.score import Found, Result

WORDS = {
    "zh": {
        "found": "检出", "missed": "漏检", "invisible": "报文中不可见", "quiet": "未误报", "noted": "仅低级提示",
        "alarmed": "误报",
        "recall": "事件召回率", "precision": "归并告警准确率", "alerts": "告警准确率（逐条）",
        "false": "误报", "day": "每日误报", "days": "正常时长（天）",
        "delay": "检出时间中位数", "events": "事件",
    },
    "en": {
        "found": "found", "missed": "missed", "invisible": "not in the packets", "quiet": "silent", "noted": "noted",
        "alarmed": "false alarm",
        "recall": "recall by event", "precision": "precision of incidents", "alerts": "precision of single alerts",
        "false": "false incidents",
        "day": "false incidents a day", "days": "benign days", "delay": "median time to detect", "events": "events",
    },
}  # fmt: skip


def verdict(found: Found) -> str:
    """A key of WORDS."""
    if found.event.invisible:
        return "invisible"
    if not found.counts:
        return "alarmed" if found.alarms else "noted" if found.alerts else "quiet"
    return "found" if found.alerts else "missed"


def causes(found: Found, lang: str) -> list[str]:
    """What was said about it, most often said first."""
    return [title for title, _ in Counter(getattr(one.alert.title, lang) for one in found.alerts).most_common()]


def share(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def table(results: Sequence[Result], told: Mapping[str, Any], lang: str) -> str:
    words = WORDS[lang]
    lines = []
    for result in results:
        false = len(result.false_alerts)
        lines.append(f"{result.labelled.name}  ({result.packets})" + (f"  {words['false']} {false}" if false else ""))
        for found in result.events:
            delay = "" if found.delay_s is None else f"{found.delay_s:.1f} s"
            said = "; ".join(causes(found, lang)[:2]) or found.event.invisible
            row = (padded(words[verdict(found)], 12), padded(found.event.name, 30), padded(delay, 9), said)
            lines.append(f"  {''.join(row)}".rstrip())
        lines += [f"    {count} x {title}" for title, count in titles(result.false_alerts, lang)]
    lines += [
        "",
        f"{words['recall']}: {share(told['recall'])} ({told['found']}/{told['events']})",
        f"{words['precision']}: {share(told['precision'])} "
        f"({told['incidents_true']}/{told['incidents_true'] + told['incidents_false']})",
        f"{words['alerts']}: {share(told['precision_of_alerts'])} "
        f"({told['alerts_true']}/{told['alerts_true'] + told['alerts_false']})",
        f"{words['day']}: {share(told['false_per_day'], 2)}  {words['days']}: {share(told['benign_days'])}",
        f"{words['delay']}: {share(told['delay_median_s'], 2)} s",
    ]
    return "\n".join(lines)


def titles(alerts: Iterable[Any], lang: str) -> list[tuple[str, int]]:
    return Counter(f"[{one.alert.level}] {getattr(one.alert.title, lang)}" for one in alerts).most_common()


def padded(text: str, width: int) -> str:
    """Chinese takes two places."""
    taken = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return text + " " * max(1, width - taken)


def as_json(results: Sequence[Result], told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "totals": dict(told),
        "captures": [
            {
                "file": result.labelled.name,
                "packets": result.packets,
                "benign_s": result.benign_s,
                "incidents_true": result.true_incidents,
                "incidents_false": result.false_incidents,
                "alerts_true": result.true_alerts,
                "events": [
                    {
                        "name": found.event.name,
                        "kind": found.event.kind,
                        "technique": list(found.event.technique),
                        "verdict": verdict(found),
                        "delay_s": found.delay_s,
                        "alerts": [
                            {
                                "cause": one.alert.cause,
                                "level": str(one.alert.level),
                                "title": one.alert.title.to_json(),
                            }
                            for one in found.alerts[:20]
                        ],
                    }
                    for found in result.events
                ],
                "false": [{"title": title, "count": count} for title, count in titles(result.false_alerts, "en")],
            }
            for result in results
        ],
    }
