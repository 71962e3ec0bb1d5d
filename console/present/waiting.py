"""What waits for a person."""

from __future__ import annotations

from collections.abc import Mapping

from console.store import OPEN_WORK as OPEN
from console.store import CountBy, IncidentFilter, IncidentRow, Store
from sensor.schema import LEVELS, Level

PRESSING = (Level.CRITICAL, Level.HIGH, Level.MEDIUM)
"""Levels that call for a decision; the others are worth knowing."""


def by_level(store: Store) -> dict[str, int]:
    """Undecided incidents by level, gravest first. A handful of counting queries, none of which reads incidents."""
    present = {count.key for count in store.counts(CountBy.WORKFLOW) if count.incidents}
    totals = dict.fromkeys((str(level) for level in LEVELS), 0)
    for workflow in OPEN:
        if str(workflow) in present:
            for count in store.counts(CountBy.LEVEL, IncidentFilter(workflow=workflow, suppressed=False)):
                totals[count.key] = totals.get(count.key, 0) + count.incidents
    return totals


def pressing(levels: Mapping[str, int]) -> int:
    return sum(levels.get(str(level), 0) for level in PRESSING)


def first(store: Store, levels: Mapping[str, int], most: int) -> list[IncidentRow]:
    """What to look at first: by level, the latest of a level first. `levels` says where there is anything at all."""
    found: list[IncidentRow] = []
    for level in PRESSING:
        if not levels.get(level):
            continue
        rows: list[IncidentRow] = []
        for workflow in OPEN:
            rows += store.incidents(IncidentFilter(level=level, workflow=workflow, suppressed=False), limit=most).rows
        found += sorted(rows, key=lambda row: row.last_ns, reverse=True)
        if len(found) >= most:
            break
    return found[:most]
