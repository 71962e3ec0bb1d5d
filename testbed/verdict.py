"""Ground truth against alerts: was each action seen, did its alert reach the ministry, did anybody innocent alarm?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sensor.schema import Alert, Level, Record
from testbed.truth import Expectation, TruthLine, expectations

GRACE_NS = 3_000_000_000
"""An alert may be stamped a little before its truth line (a clock read twice) or after its action's end."""


@dataclass(frozen=True)
class Seen:
    """One action of the attacker and the alerts that tell of it."""

    action: str
    source: str
    target: str
    alerts: tuple[str, ...]
    """titles, zh"""
    detectors: tuple[str, ...]
    technique: tuple[str, ...]
    outcome: str
    at_ministry: bool

    @property
    def good(self) -> bool:
        return bool(self.alerts) and self.at_ministry


def judge(lines: Sequence[TruthLine], plant: Iterable[Record], ministry: Iterable[Record]) -> list[Seen]:
    """One entry per line of the truth. `plant` are the records at the enterprise, where addresses are in clear."""
    arrived = {(record.origin, record.id) for record in ministry}
    alerts = [(record, record.alert()) for record in plant if record.kind == "alert"]
    wanted = expectations()
    ends = [line.time_ns for line in lines[1:]] + [2**63]
    seen = []
    for line, end_ns in zip(lines, ends, strict=True):
        expected = wanted[line.action]
        found = [
            (record, alert)
            for record, alert in alerts
            if _about(alert, line, end_ns) and any(_matches(alert, row, expected) for row in expected.seen_as)
        ]
        outcomes = Counter(str(alert.outcome) for _, alert in found)
        told = expected.outcome
        seen.append(
            Seen(
                action=line.action,
                source=line.source,
                target=line.target,
                alerts=tuple(dict.fromkeys(alert.title.zh for _, alert in found)),
                detectors=tuple(sorted({alert.detector for _, alert in found})),
                technique=tuple(sorted({technique for _, alert in found for technique in alert.technique})),
                outcome=told if told and told in outcomes else next(iter(outcomes), "-"),
                at_ministry=any((record.origin, record.id) in arrived for record, _ in found),
            )
        )
    return seen


def _about(alert: Alert, line: TruthLine, end_ns: int) -> bool:
    """Between these two, and going on while the action did. (A folded alert may have begun with an earlier action.)"""
    sides = {end.ip for end in (alert.client, alert.server) if end is not None}
    if line.source not in sides or not sides <= {line.source, line.target}:
        return False
    return alert.last_ns >= line.time_ns - GRACE_NS and alert.first_ns <= end_ns + GRACE_NS


def _matches(alert: Alert, row: Mapping[str, str], expected: Expectation) -> bool:
    if row.get("detector", alert.detector) != alert.detector or row.get("cause", alert.cause) != alert.cause:
        return False
    if row.get("rule", alert.title.en) != alert.title.en:
        return False
    outcome = expected.outcome
    return outcome is None or alert.detector != "signature" or str(alert.outcome) in (outcome, "success")


def innocent_alarms(lines: Sequence[TruthLine], plant: Iterable[Record]) -> list[Alert]:
    """Alerts of level medium or above that no hostile source of the truth is part of."""
    hostile = {line.source for line in lines}
    found = []
    for record in plant:
        if record.kind != "alert":
            continue
        alert = record.alert()
        sides = {end.ip for end in (alert.client, alert.server) if end is not None}
        if Level(alert.level).rank >= Level.MEDIUM.rank and not sides & hostile:
            found.append(alert)
    return found
