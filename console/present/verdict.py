"""The sentence every overview opens with: is all well, and what is to be done."""

from __future__ import annotations

from dataclasses import dataclass

from console.catalogue import listed, say
from console.present.account import Account
from console.present.waiting import pressing
from console.store import Coverage
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
    coverage: Coverage
    account: Account | None
    incidents: int


def judge(sight: Sight, language: str) -> Verdict:
    """Grave alerts first, then blindness, then what can wait. “All well” is only said with eyes open."""
    code, tone, mark, params = _headline(sight)
    return Verdict(tone, mark, say(f"verdict.{sight.tier}_{code}", language, **params), _remarks(sight, language), code)


def _headline(sight: Sight) -> tuple[str, str, str, dict[str, object]]:
    grave = sight.waiting.get(Level.CRITICAL, 0) + sight.waiting.get(Level.HIGH, 0)
    if grave:
        tone = "critical" if sight.waiting.get(Level.CRITICAL, 0) else "high"
        return "grave", tone, "!", {"n": grave}
    seen = sight.coverage
    if not seen.sensors and not sight.incidents:
        return "empty", "notice", "?", {}
    if seen.silent_sensors and seen.silent_sensors == seen.sensors:
        return "blind", "high", "?", {"n": seen.silent_sensors}
    if pressing(sight.waiting):
        return "pressing", "medium", "!", {"n": pressing(sight.waiting)}
    if seen.silent_sensors or (sight.account is not None and sight.account.tone != "ok"):
        return "dim", "medium", "!", {}
    return "well", "ok", "✓", {}


def _remarks(sight: Sight, language: str) -> tuple[str, ...]:
    remarks: list[str] = []
    minor = sight.waiting.get(Level.LOW, 0) + sight.waiting.get(Level.NOTICE, 0)
    if minor:
        remarks.append(say("verdict.minor", language, n=minor))
    seen = sight.coverage
    if seen.silent_sensors:
        names = listed(list(seen.silent_names[:3]), language)
        remarks.append(say("verdict.silent", language, n=seen.silent_sensors, names=names))
    if sight.account is not None and sight.account.tone != "ok":
        remarks.append(sight.account.sentence)
    if seen.without_baseline:
        remarks.append(say("verdict.no_baseline", language, n=seen.without_baseline))
    if not remarks and seen.sensors:
        remarks.append(say("verdict.eyes_open", language, n=seen.sensors))
    return tuple(remarks)
