"""Alerts against events: each event is found or not, each incident is about an event or a false one.

An incident is what a person handles: a story with its alerts. It is a false one where none of them is about an event.

No point adjustment: an event counts once, however long it is and however many alerts tell of it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from detectors.evaluation.labels import FOUND, Event, Labelled
from sensor.schema import Alert, Level

SECOND = 1_000_000_000
GRACE_NS = 60 * SECOND
"""An event may be told so much after its end: silence is noticed when something has not come for a while."""
BY_PACKET = ("signature", "baseline")
"""Detectors whose alerts point at the packets that raised them; the others judge stretches of time."""


@dataclass(frozen=True)
class Seen:
    """One alert, and the packet time at which it was told first."""

    alert: Alert
    told_ns: int
    story: str | None = None
    """the story it is part of; None: it stands alone"""

    @property
    def sides(self) -> frozenset[str]:
        ends = (self.alert.client, self.alert.server, self.alert.source, self.alert.destination)
        return frozenset(end.ip for end in ends if end is not None and end.ip)

    @property
    def by_packet(self) -> bool:
        return self.alert.detector in BY_PACKET and any(one.frame is not None for one in self.alert.evidence)


@dataclass(frozen=True)
class Found:
    """One event and what was said about it."""

    event: Event
    alerts: tuple[Seen, ...]
    delay_s: float | None
    """from the event's first packet to the first alert; None where it was missed"""
    alarms: int = 0
    """of level medium or above about somebody's own work: false ones"""

    @property
    def counts(self) -> bool:
        return self.event.kind in FOUND and not self.event.invisible


@dataclass(frozen=True)
class Result:
    """One capture, judged."""

    labelled: Labelled
    events: tuple[Found, ...]
    true_alerts: int
    false_alerts: tuple[Seen, ...]
    benign_s: float
    """without what was learned from and without the events"""
    true_incidents: int = 0
    false_incidents: int = 0
    packets: int = 0
    ledger: Mapping[str, Any] = field(default_factory=dict)


def score(
    labelled: Labelled,
    alerts: Sequence[Seen],
    span: tuple[int, int],
    learned_until_ns: int = 0,
    level: Level = Level.LOW,
    time_of: Callable[[int], int | None] = lambda frame: None,
    packets: int = 0,
) -> Result:
    """`span`: times of the capture's first and last packet. `time_of` gives the time of a packet by its number."""
    judged = [one for one in alerts if one.alert.last_ns >= learned_until_ns and one.alert.first_ns >= learned_until_ns]
    loud = [one for one in judged if Level(one.alert.level).rank >= level.rank]
    windows = [_window(event, span, time_of) for event in labelled.events]
    found, about = [], [False] * len(loud)
    for event, window in zip(labelled.events, windows, strict=True):
        mine = [place for place, one in enumerate(loud) if _is_about(one, event, window)]
        about_it = len(mine)
        if event.kind not in FOUND:
            # A person's own work may be noted, not alarmed about.
            mine = [place for place in mine if Level(loud[place].alert.level).rank < Level.MEDIUM.rank]
        for place in mine:
            about[place] = True
        told = [loud[place] for place in mine]
        delay = min((max(one.told_ns - window[0], 0) for one in told), default=None)
        seconds = None if delay is None else delay / SECOND
        found.append(Found(event, tuple(told), seconds, about_it - len(mine)))
    innocent = [one for one, of_event in zip(loud, about, strict=True) if not of_event]
    stories = {_incident(one) for one in loud}
    about_events = {_incident(one) for one, of_event in zip(loud, about, strict=True) if of_event}
    return Result(
        labelled,
        tuple(found),
        sum(about),
        tuple(innocent) if labelled.rest_benign else (),
        _benign_ns(span, learned_until_ns, windows) / SECOND if labelled.rest_benign else 0.0,
        len(about_events),
        len(stories - about_events) if labelled.rest_benign else 0,
        packets,
    )


def _incident(one: Seen) -> object:
    return one.story or id(one)


def _window(event: Event, span: tuple[int, int], time_of: Callable[[int], int | None]) -> tuple[int, int]:
    first, last = (_absolute(moment, span[0]) for moment in (event.first, event.last))
    if event.frames:
        first = first if first is not None else time_of(event.frames[0][0])
        last = last if last is not None else time_of(event.frames[-1][1])
    return (span[0] if first is None else first, span[1] if last is None else last)


def _absolute(moment: float | int | None, begin_ns: int) -> int | None:
    return begin_ns + round(moment * SECOND) if isinstance(moment, float) else moment


def _is_about(seen: Seen, event: Event, window: tuple[int, int]) -> bool:
    if event.frames and seen.by_packet:
        return any(_inside(one.frame, event.frames) for one in seen.alert.evidence if one.frame is not None)
    # What has no time is about all of the capture, also where its clock was set meanwhile.
    bounded = bool(event.frames) or event.first is not None or event.last is not None
    if bounded and (seen.alert.last_ns < window[0] or seen.alert.first_ns > window[1] + GRACE_NS):
        return False
    if event.frames and not event.hosts:
        return False  # labelled by packet, and this alert points at none
    return not event.hosts or (bool(seen.sides) and seen.sides <= event.hosts)


def _inside(frame: int, runs: Iterable[tuple[int, int]]) -> bool:
    return any(first <= frame <= last for first, last in runs)


def _benign_ns(span: tuple[int, int], learned_until_ns: int, windows: Iterable[tuple[int, int]]) -> int:
    begin, end = max(span[0], learned_until_ns), span[1]
    total, at = 0, begin
    for first, last in sorted(windows):
        total += max(0, min(first, end) - at)
        at = max(at, min(last, end))
    return total + max(0, end - at)


def totals(results: Sequence[Result]) -> dict[str, Any]:
    """Everything together; None where there is nothing to divide by."""
    counted = [one for result in results for one in result.events if one.counts]
    found = [one for one in counted if one.alerts]
    true = sum(result.true_incidents for result in results)
    false = sum(result.false_incidents for result in results)
    alerts_true = sum(result.true_alerts for result in results)
    alerts_false = sum(len(result.false_alerts) for result in results)
    days = sum(result.benign_s for result in results) / 86_400
    delays = [one.delay_s for one in found if one.delay_s is not None]
    return {
        "events": len(counted),
        "found": len(found),
        "invisible": sum(1 for result in results for one in result.events if one.event.invisible),
        "recall": len(found) / len(counted) if counted else None,
        "incidents_true": true,
        "incidents_false": false,
        "precision": true / (true + false) if true + false else None,
        "alerts_true": alerts_true,
        "alerts_false": alerts_false,
        "precision_of_alerts": alerts_true / (alerts_true + alerts_false) if alerts_true + alerts_false else None,
        "benign_days": days,
        "false_per_day": false / days if days else None,
        "delay_median_s": statistics.median(delays) if delays else None,
    }
