"""What waits for a person."""

from __future__ import annotations

from collections.abc import Mapping

from console.store import OPEN_WORK as OPEN
from console.store import CountBy, IncidentFilter, IncidentRow, Store, Workflow
from sensor.schema import LEVELS, Level

PRESSING = (Level.CRITICAL, Level.HIGH, Level.MEDIUM)
"""Levels that call for a decision; the others are worth knowing."""


def _present(store: Store) -> list[Workflow]:
    """Of what is open work, the states that any incident is in: mostly one, and a question for each is saved."""
    there = {count.key for count in store.counts(CountBy.WORKFLOW) if count.incidents}
    return [workflow for workflow in OPEN if str(workflow) in there]


def by_level(store: Store) -> dict[str, int]:
    """Undecided incidents by level, gravest first. Counts, asked together; none of them reads incidents."""
    totals = dict.fromkeys((str(level) for level in LEVELS), 0)
    wanted = [(CountBy.LEVEL, IncidentFilter(workflow=workflow, suppressed=False)) for workflow in _present(store)]
    for counted in store.counts_of(wanted):
        for count in counted:
            totals[count.key] = totals.get(count.key, 0) + count.incidents
    return totals


def pressing(levels: Mapping[str, int]) -> int:
    return sum(levels.get(str(level), 0) for level in PRESSING)


def first(store: Store, levels: Mapping[str, int], most: int) -> list[IncidentRow]:
    """What to look at first: by level, the latest of a level first. `levels` says where there is anything at all."""
    found: list[IncidentRow] = []
    present = _present(store) if any(levels.get(level) for level in PRESSING) else []
    for level in PRESSING:
        if not levels.get(level):
            continue
        wanted = [IncidentFilter(level=level, workflow=workflow, suppressed=False) for workflow in present]
        rows = [row for listed in store.newest(wanted, most) for row in listed]
        found += sorted(rows, key=lambda row: row.last_ns, reverse=True)
        if len(found) >= most:
            break
    return found[:most]
