"""Reasons that can be drawn: the learned band with the observed point, and a poll's rhythm before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_BANDS = 12
MAX_TICKS = 41


def number(value: Any) -> float | None:
    """A finite number, or None for anything else that came in a record."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < 1e300 else None


def number_text(value: float) -> str:
    """`2,650`, `0.125`, `1.2e+09`"""
    if value == int(value) and abs(value) < 1e12:
        return f"{int(value):,}"
    return f"{value:,.4g}" if 1e-3 <= abs(value) < 1e6 else f"{value:.4g}"


@dataclass(frozen=True)
class Band:
    """What is usual and what was seen, on one line. Positions are percentages of the line."""

    label: str
    ranges: tuple[tuple[float, float], ...]
    """left edge and width of each learned stretch"""
    dot: float
    """middle of what was seen"""
    extent: tuple[float, float]
    """left edge and width of what was seen, where it is a stretch"""
    usual: str
    seen: str
    outside: bool


def stretch_text(low: float, high: float) -> str:
    return number_text(low) if low == high else f"{number_text(low)}–{number_text(high)}"


def band(label: str, learned: Sequence[tuple[float, float]], first: float, last: float, unit: str = "") -> Band | None:
    """Draw learned stretches and the seen stretch `first`–`last`; None where nothing was learned."""
    stretches = sorted((min(pair), max(pair)) for pair in learned)[:MAX_BANDS]
    if not stretches:
        return None
    first, last = min(first, last), max(first, last)
    least = min(first, stretches[0][0])
    most = max(last, *(high for _, high in stretches))
    span = (most - least) or max(abs(most), 1.0)
    start, whole = least - 0.1 * span, 1.2 * span

    def at(value: float) -> float:
        return round(100 * (value - start) / whole, 2)

    tail = f" {unit}" if unit else ""
    usual = ", ".join(stretch_text(low, high) for low, high in stretches[:3])
    return Band(
        label=label,
        # A single learned value is a line of no width: it is drawn wide enough to be seen.
        ranges=tuple((max(0.0, at(low) - 0.4), max(at(high) - at(low), 0.8)) for low, high in stretches),
        dot=at((first + last) / 2),
        extent=(at(first), round(at(last) - at(first), 2)),
        usual=usual + (" …" if len(stretches) > 3 else "") + tail,
        seen=stretch_text(first, last) + tail,
        outside=not any(low <= first and last <= high for low, high in stretches),
    )


@dataclass(frozen=True)
class Rhythm:
    """Two rows of ticks over the same stretch of time: how often a poll came before, and how often now."""

    before: tuple[float, ...]
    after: tuple[float, ...]
    before_text: str
    after_text: str
    span_text: str


def period_text(period_s: float) -> str:
    """`250 ms`, `1.5 s`, `2.0 min`"""
    if period_s < 1:
        return f"{period_s * 1000:.3g} ms"
    return f"{period_s:.3g} s" if period_s < 120 else f"{period_s / 60:.3g} min"


def rhythm(before_s: float, after_s: float | None) -> Rhythm | None:
    """Draw polls of both periods side by side; `after_s` None is silence."""
    if before_s <= 0 or (after_s is not None and after_s <= 0):
        return None
    slower = max(before_s, after_s or 0.0)
    faster = min(before_s, after_s or before_s)
    span_s = min(max(4 * slower, 8 * faster), (MAX_TICKS - 1) * faster)
    return Rhythm(
        before=_ticks(before_s, span_s),
        after=() if after_s is None else _ticks(after_s, span_s),
        before_text=period_text(before_s),
        after_text="" if after_s is None else period_text(after_s),
        span_text=period_text(span_s),
    )


def _ticks(period_s: float, span_s: float) -> tuple[float, ...]:
    count = min(int(span_s / period_s) + 1, MAX_TICKS)
    return tuple(round(1 + 98 * index * period_s / span_s, 2) for index in range(count))


def pairs(value: Any) -> list[tuple[float, float]]:
    """`[[180, 228], [300, 310]]`, `{"low": 1, "high": 2}` or a plain list of values, as stretches."""
    found: list[tuple[float, float]] = []
    if isinstance(value, Mapping):
        value = [[value.get("low"), value.get("high")]]
    if not isinstance(value, (list, tuple)):
        return found
    if len(value) == 2 and all(number(item) is not None for item in value):
        value = [value]
    for item in value:
        low, high = (item[0], item[1]) if isinstance(item, (list, tuple)) and len(item) == 2 else (item, item)
        first, last = number(low), number(high)
        if first is not None and last is not None:
            found.append((first, last))
    return found
