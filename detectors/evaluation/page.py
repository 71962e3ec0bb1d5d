"""docs/detection-quality.md: what was found and what was not, misses with their reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from detectors.evaluation.score import Found, Result, totals
from detectors.evaluation.table import causes, share, titles, verdict


def section(title: str, about: str, results: Sequence[Result]) -> str:
    """One group of captures with its figures, its events by name, and its false incidents."""
    told = totals(results)
    lines = [
        f"## {title}",
        "",
        about,
        "",
        "| 事件 events | 检出 found | 召回率 recall | 准确率 precision | 误报 false | 每日误报 a day | 延迟 delay |",
        "|---|---|---|---|---|---|---|",
        f"| {told['events']} | {told['found']} | {share(told['recall'])} | {share(told['precision'])} "
        f"| {told['incidents_false']} | {share(told['false_per_day'], 2)} in {share(told['benign_days'], 2)} days "
        f"| {share(told['delay_median_s'], 2)} s |",
        "",
    ]
    lines += _events(results) + _false(results)
    return "\n".join(lines)


def _events(results: Sequence[Result]) -> list[str]:
    by_name: dict[str, list[tuple[Found, Result]]] = defaultdict(list)
    for result in results:
        for found in result.events:
            by_name[found.event.name].append((found, result))
    if not by_name:
        return []
    lines = [
        "| 动作 event | 类 kind | 技术 technique | 检出 found | 延迟 delay | 告警或漏检原因 alerts, or why not |",
        "|---|---|---|---|---|---|",
    ]
    for name, these in sorted(by_name.items()):
        event = these[0][0].event
        passed = sum(verdict(found) in ("found", "quiet", "noted") for found, _ in these)
        delays = sorted(found.delay_s for found, _ in these if found.delay_s is not None)
        delay = f"{delays[len(delays) // 2]:.1f} s" if delays else ""
        lines.append(
            f"| {_cell(name)} | {event.kind} | {' '.join(event.technique)} | {passed}/{len(these)} | {delay} "
            f"| {_said(these)} |"
        )
    return [*lines, ""]


def _said(these: Iterable[tuple[Found, Result]]) -> str:
    told, why = [], []
    for found, result in these:
        told += causes(found, "en")
        if verdict(found) == "missed":
            why.append(reason(found, result))
        if verdict(found) == "alarmed":
            why.append(f"{found.alarms} false incidents of level medium or above")
    said = "; ".join(list(dict.fromkeys(told))[:3])
    missed = "; ".join(dict.fromkeys(why))
    return _cell(" — ".join(part for part in (said, f"**{missed}**" if missed else "") if part))


def reason(found: Found, result: Result) -> str:
    """Why it was missed, as far as the account of the packets and the label tell."""
    skipped = result.ledger.get("skipped", {})
    unread = skipped.get("no_parser", 0) + skipped.get("not_ip", 0)
    if unread > result.ledger.get("parsed", 0):
        return "missed: its protocol is not read yet"
    if found.event.sign is not None:
        return f"missed: no alert about: {found.event.sign.en}"
    return "missed: no rule or detector speaks about it"


def _false(results: Sequence[Result]) -> list[str]:
    counted = titles([one for result in results for one in result.false_alerts], "en")
    if not counted:
        return ["误报告警 false alerts: none", ""]
    return ["误报告警 false alerts:", "", *(f"- {count} × {title}" for title, count in counted), ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
