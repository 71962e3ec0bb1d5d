"""How complete a baseline is, drawn and in words: what the next day will probably bring that was never seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from console.catalogue import say
from console.present.drawing import number
from sensor.schema import Baseline

KINDS = ("links", "operations", "objects")


@dataclass(frozen=True)
class Gauge:
    """Positions are percentages of the line."""

    allowed: float
    expected: float
    most: float
    allowed_text: str
    expected_text: str
    most_text: str
    complete: bool


@dataclass(frozen=True)
class KindLine:
    kind: str
    seen: int
    sentence: str
    changing: bool


@dataclass(frozen=True)
class Verdict:
    """What a person would say of the whole."""

    tone: str
    mark: str
    headline: str
    remarks: tuple[str, ...]


def gauge(meter: Mapping[str, Any] | None, language: str) -> Gauge | None:
    """None where it is too early to say anything."""
    new, most, allowed = (
        number((meter or {}).get(name)) for name in ("new_per_day", "new_per_day_most", "allowed_per_day")
    )
    if new is None or most is None or not allowed:
        return None
    # What is far beyond what is allowed is drawn at the end of the line: how far beyond is said in words.
    end = min(max(most * 1.15, allowed * 2), allowed * 8)
    allowed_at, new_at, most_at = (round(min(98.0, 100 * value / end), 2) for value in (allowed, new, most))
    texts = [pace(value, language) for value in (allowed, new, most)]
    complete = (meter or {}).get("complete") is True
    return Gauge(allowed_at, new_at, most_at, texts[0], texts[1], texts[2], complete)


def kind_lines(meter: Mapping[str, Any] | None, language: str) -> Iterator[KindLine]:
    """A sentence a kind: how many were seen, and what is probably missing."""
    kinds = (meter or {}).get("kinds")
    for name in KINDS:
        one = kinds.get(name) if isinstance(kinds, Mapping) else None
        if not isinstance(one, Mapping):
            continue
        new, most, unseen = (number(one.get(key)) for key in ("new_per_day", "new_per_day_most", "unseen_least"))
        seen, changing = round(number(one.get("seen")) or 0), one.get("changing") is True
        if new is None or most is None:
            said = say("baseline.too_early", language)
        elif new == 0:
            said = say("baseline.nothing_new", language, most=pace(most, language))
        else:
            said = say("baseline.still_new", language, new=pace(new, language), most=pace(most, language))
            if unseen is not None and round(unseen) >= 1:
                said += say("baseline.unseen", language, n=round(unseen))
        yield KindLine(name, seen, said, changing)


def pace(per_day: float, language: str) -> str:
    """In the unit of time that makes a number people can picture."""
    if per_day >= 24:
        return say("baseline.per_hour", language, number=_short(per_day / 24))
    if per_day >= 0.5:
        return say("baseline.per_day", language, number=_short(per_day))
    return say("baseline.per_month", language, number=_short(per_day * 30))


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def days_left(meter: Mapping[str, Any] | None) -> int | None:
    """Days of learning until it is complete if nothing more that is new turns up; None where nobody can say."""
    if meter is None or meter.get("complete") is True:
        return None
    days, most, allowed = (number(meter.get(name)) for name in ("days", "new_per_day_most", "allowed_per_day"))
    kinds = meter.get("kinds")
    changing = isinstance(kinds, Mapping) and any(
        isinstance(one, Mapping) and one.get("changing") is True for one in kinds.values()
    )
    if days is None or most is None or not allowed or changing:
        return None
    # The bound is a count over the days: with the same count it falls as the days grow.
    left = days * (most / allowed - 1)
    return max(1, math.ceil(left)) if left < 366 else None


def span(days: float, language: str) -> str:
    """`3.5 天`, `7 小时`: so long was learned."""
    if days >= 2:
        return say("baseline.days", language, n=f"{days:.1f}".removesuffix(".0"))
    hours = days * 24
    return say("baseline.hours", language, n=round(hours)) if hours >= 2 else say(
        "baseline.minutes", language, n=round(hours * 60)
    )


def verdict(state: Baseline, waiting: int, language: str, version_line: str = "") -> Verdict:
    """`waiting`: suspicious entries that nobody decided about."""
    meter = state.meter or {}
    complete = meter.get("complete") is True
    days = span(number(meter.get("days")) or 0.0, language)
    remarks = []
    if state.role == "learning":
        left = days_left(state.meter)
        headline = say("baseline.headline_learning", language, span=days)
        remarks.append(say("baseline.left", language, n=left) if left else say("baseline.left_unknown", language))
        return Verdict("notice", "…", headline, tuple(remarks))
    if waiting:
        headline, tone, mark = say("baseline.headline_waiting", language, n=waiting), "high", "!"
    elif complete or not state.meter:
        headline, tone, mark = say("baseline.headline_good", language), "ok", "✓"
    else:
        headline, tone, mark = say("baseline.headline_incomplete", language), "medium", "!"
    if state.meter is None:
        remarks.append(say("baseline.no_meter", language))
    elif complete:
        remarks.append(say("baseline.is_complete", language, span=days))
    else:
        remarks.append(say("baseline.not_complete", language, span=days))
    remarks.append(say(f"baseline.role_{state.role}", language) if state.role in _ROLES else "")
    remarks.append(version_line)
    return Verdict(tone, mark, headline, tuple(remark for remark in remarks if remark))


_ROLES = ("enforced", "trial", "learned")
