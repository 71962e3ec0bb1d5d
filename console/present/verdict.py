"""The sentence every overview opens with: is all well, and what is to be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.catalogue import listed, say
from console.clock import Clock
from console.present.account import Account
from console.present.waiting import pressing
from console.store import ChildRow, SensorRow
from sensor.schema import Level


@dataclass(frozen=True)
class Verdict:
    tone: str
    """the stylesheet's colour: a level's name, or `ok`"""
    mark: str
    """what stands in the light, for those who cannot tell colours"""
    headline: str
    remarks: tuple[str, ...]
    code: str
    """which sentence it is, for scripts"""


@dataclass(frozen=True)
class Sight:
    """What the overview knows when it judges."""

    tier: str
    waiting: dict[str, int]
    """undecided incidents by level"""
    sensors: Sequence[SensorRow]
    children: Sequence[ChildRow]
    account: Account | None
    incidents: int
    clock: Clock
    silent_after_s: int

    @property
    def silent_sensors(self) -> list[SensorRow]:
        return [row for row in self.sensors if self.clock.age_s(row.last_seen_ns) > self.silent_after_s]

    @property
    def silent_children(self) -> list[ChildRow]:
        """Children that are enrolled and out of sight: never heard, or not for a while."""
        return [
            row
            for row in self.children
            if not row.revoked
            and (row.last_seen_ns is None or self.clock.age_s(row.last_seen_ns) > self.silent_after_s)
        ]


def judge(sight: Sight, language: str) -> Verdict:
    """Grave alerts first, then blindness, then what can wait. “All well” is only said with eyes open."""
    code, tone, mark, params = _headline(sight)
    return Verdict(tone, mark, say(f"verdict.{sight.tier}_{code}", language, **params), _remarks(sight, language), code)


def _headline(sight: Sight) -> tuple[str, str, str, dict[str, object]]:
    grave = sight.waiting.get(Level.CRITICAL, 0) + sight.waiting.get(Level.HIGH, 0)
    if grave:
        tone = "critical" if sight.waiting.get(Level.CRITICAL, 0) else "high"
        return "grave", tone, "!", {"n": grave}
    if not sight.sensors and not sight.incidents:
        return "empty", "notice", "?", {}
    if sight.silent_sensors and len(sight.silent_sensors) == len(sight.sensors):
        return "blind", "high", "?", {"n": len(sight.silent_sensors)}
    if pressing(sight.waiting):
        return "pressing", "medium", "!", {"n": pressing(sight.waiting)}
    if sight.silent_sensors or (sight.account is not None and sight.account.tone != "ok"):
        return "dim", "medium", "!", {}
    return "well", "ok", "✓", {}


def _remarks(sight: Sight, language: str) -> tuple[str, ...]:
    remarks: list[str] = []
    minor = sight.waiting.get(Level.LOW, 0) + sight.waiting.get(Level.NOTICE, 0)
    if minor:
        remarks.append(say("verdict.minor", language, n=minor))
    if sight.silent_sensors:
        names = listed([row.name for row in sight.silent_sensors[:3]], language)
        remarks.append(say("verdict.silent", language, n=len(sight.silent_sensors), names=names))
    if sight.account is not None and sight.account.tone != "ok":
        remarks.append(sight.account.sentence)
    without = [row for row in sight.sensors if row.heartbeat is not None and row.heartbeat.baseline is None]
    if without:
        remarks.append(say("verdict.no_baseline", language, n=len(without)))
    if not remarks and sight.sensors:
        remarks.append(say("verdict.eyes_open", language, n=len(sight.sensors)))
    return tuple(remarks)
