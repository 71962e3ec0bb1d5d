"""A baseline on trial: what it would have told, by cause and one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.catalogue import known, say
from console.plain import clean, shorten
from console.present.drawing import number
from console.present.reason import place_text
from console.words import Words


@dataclass(frozen=True)
class Row:
    cause: str
    client: str
    server: str
    protocol: str
    what: str
    alerts: int
    messages: int
    first_ns: int | None
    last_ns: int | None
    place: str


@dataclass(frozen=True)
class Trial:
    messages: int
    alerts: int
    causes: tuple[tuple[str, int], ...]
    """in words, the most first"""
    rows: tuple[Row, ...]
    more: int
    """deviations that are not listed here"""
    candidate: bool
    """another baseline is tried, which can be put in the place of the one that counts"""
    families: str
    """of the one that counts, that nothing is raised for; in words"""


def of(told: Mapping[str, Any] | None, language: str) -> Trial | None:
    """None: nothing is tried."""
    if told is None:
        return None
    alerts = told.get("alerts")
    counts = {str(code): _whole(n) for code, n in alerts.items()} if isinstance(alerts, Mapping) else {}
    found = told.get("found")
    rows = [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
    more = max(0, _whole(told.get("listed")) - len(rows)) + _whole(told.get("uncounted"))
    causes = sorted(((cause_of(code, language), n) for code, n in counts.items()), key=lambda one: -one[1])
    shown = tuple(_row(row, language) for row in rows)
    return Trial(
        _whole(told.get("messages")),
        sum(counts.values()),
        tuple(causes),
        shown,
        more,
        candidate=bool(told.get("candidate", True)),  # sensors of before tried nothing else
        families=_families(told.get("families"), language),
    )


def _families(names: object, language: str) -> str:
    listed = [str(name) for name in names] if isinstance(names, list) else []
    keys = [f"code.baseline_family.{name}" for name in listed]
    return ("、" if language.startswith("zh") else ", ").join(say(key, language) for key in keys if known(key))


def cause_of(code: str, language: str) -> str:
    key = f"code.baseline_cause.{code.rpartition(':')[2]}"
    return say(key, language) if known(key) else clean(code)


def _row(row: Mapping[str, Any], language: str) -> Row:
    words, protocol = Words(language), str(row.get("protocol", ""))
    params = row.get("params")
    params = params if isinstance(params, Mapping) else {}
    name = params.get("operation")
    parts = [words.operation(protocol, name) if name else "", place_text(params, protocol, language) or ""]
    frame, place = row.get("frame"), str(row.get("place") or "")
    return Row(
        cause=cause_of(str(row.get("cause", "")), language),
        client=shorten(clean(str(row.get("client", ""))), 64),
        server=shorten(clean(str(row.get("server", ""))), 64),
        protocol=words.protocol(protocol),
        what=shorten(clean(" ".join(part for part in parts if part)), 120),
        alerts=_whole(row.get("alerts")),
        messages=_whole(row.get("messages")),
        first_ns=_time(row.get("first_ns")),
        last_ns=_time(row.get("last_ns")),
        place=clean(f"{shorten(place, 60)} #{frame}") if frame else "",  # silence has no packet
    )


def _whole(value: object) -> int:
    return round(number(value) or 0)


def _time(value: object) -> int | None:
    return value if isinstance(value, int) and 0 < value < 1 << 63 else None
