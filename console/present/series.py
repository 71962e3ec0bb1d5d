"""Incidents by level over the last hours or days, from the store's counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from console.clock import NS, Clock
from console.store import CountBy, IncidentFilter, Store
from console.words import Words

HOURS, DAYS = 24, 7
HOUR_NS = 3600 * NS


@dataclass(frozen=True)
class Series:
    unit: str
    """`hour` or `day`"""
    keys: tuple[str, ...]
    """`2026-11-20T22` or `2026-11-20`, oldest first"""
    counts: Mapping[str, tuple[int, ...]]
    """level → incidents that began in each"""

    @property
    def total(self) -> int:
        return sum(map(sum, self.counts.values()))

    def labels(self) -> list[str]:
        return [f"{key[-2:]}:00" if self.unit == "hour" else key[5:] for key in self.keys]

    def rows(self) -> list[tuple[str, dict[str, int]]]:
        """The same as a table, for readers who cannot see the chart; only what is not empty."""
        lines = [
            (label, {level: self.counts[level][index] for level in self.counts})
            for index, label in enumerate(self.labels())
        ]
        return [(label, counts) for label, counts in lines if any(counts.values())]

    def figures(self, words: Words) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "keys": list(self.keys),
            "labels": self.labels(),
            "levels": [
                {"level": level, "name": words.level(level), "counts": list(counts)}
                for level, counts in self.counts.items()
            ],
        }


def _keys(now: datetime, unit: str) -> tuple[str, ...]:
    if unit == "hour":
        return tuple((now - timedelta(hours=back)).strftime("%Y-%m-%dT%H") for back in range(HOURS - 1, -1, -1))
    return tuple((now - timedelta(days=back)).strftime("%Y-%m-%d") for back in range(DAYS - 1, -1, -1))


def by_time(store: Store, clock: Clock, unit: str | None) -> Series:
    """Count. Without a unit it is days, or hours as long as everything happened in the last day."""
    if unit not in ("hour", "day"):
        days = by_time(store, clock, "day")
        early = sum(sum(counts[:-1]) for counts in days.counts.values())
        return days if early else by_time(store, clock, "hour")
    now_ns = clock.now_ns()
    now = clock.local(now_ns)
    keys = () if now is None else _keys(now, unit)
    span_s = HOURS * 3600 if unit == "hour" else DAYS * 86_400
    # From a whole UTC hour on, so that no hour must be counted incident by incident; what is before the first key is
    # not shown.
    began_ns = max(0, now_ns - span_s * NS) // HOUR_NS * HOUR_NS
    by = CountBy.HOUR if unit == "hour" else CountBy.DAY
    counts: dict[str, tuple[int, ...]] = {}
    for level, counted in store.counts_by_level(by, IncidentFilter(began_ns=began_ns)).items():
        found = {count.key: count.incidents for count in counted}
        counts[str(level)] = tuple(found.get(key, 0) for key in keys)
    return Series(unit, keys, counts)
