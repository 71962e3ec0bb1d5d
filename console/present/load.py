"""How much work detection makes, and whether it is alive: the figures of the page 检测效果."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.clock import NS, Clock
from console.store import CountBy, IncidentFilter, SensorRow, Store, StoryRow
from console.users import Role, User

DAYS = 7
"""A week: what recurs on one weekday is in it once."""
MOST_STORIES = 5_000
"""Looked at, the latest first; of more the figure says "at least"."""
AT_ONCE = 1000


@dataclass(frozen=True)
class Load:
    """Of the last `DAYS` days."""

    incidents: int
    exact: bool
    urgent: int
    """with a level of high or critical"""
    alerts: int
    analysts: int
    suppressed: int
    """alerts of those days that are suppressed now"""

    @property
    def a_day(self) -> float:
        return self.incidents / DAYS

    @property
    def a_day_each(self) -> float | None:
        """None where nobody may decide."""
        return self.a_day / self.analysts if self.analysts else None


def load(store: Store, clock: Clock, users: Iterable[User]) -> Load:
    since_ns = clock.now_ns() - DAYS * 86_400 * NS
    rows, exact = _stories(store, since_ns)
    began = IncidentFilter(began_ns=since_ns)
    hidden = IncidentFilter(began_ns=since_ns, suppressed=True)
    return Load(
        incidents=len(rows),
        exact=exact,
        urgent=sum(row.story.level in ("critical", "high") for row in rows),
        alerts=sum(count.incidents for count in store.counts(CountBy.LEVEL, began)),
        analysts=sum(user.role in (Role.ANALYST, Role.ADMIN) for user in users),
        suppressed=sum(count.incidents for count in store.counts(CountBy.LEVEL, hidden)),
    )


def _stories(store: Store, since_ns: int) -> tuple[list[StoryRow], bool]:
    """Those that began since then. They come by their last time, so all of them lie among the first."""
    found: list[StoryRow] = []
    looked_at, cursor = 0, None
    while looked_at < MOST_STORIES:
        page = store.stories(limit=AT_ONCE, cursor=cursor)
        looked_at += len(page.rows)
        found += [row for row in page.rows if row.story.first_ns >= since_ns]
        if page.next_cursor is None or page.rows[-1].story.last_ns < since_ns:
            return found, True
        cursor = page.next_cursor
    return found, False


@dataclass(frozen=True)
class Examination:
    """What one sensor said of its hourly examination of itself."""

    sensor: str
    alive: bool | None
    """None: it was not examined yet, or could not be"""
    time_ns: int | None
    acts: int
    found: int
    failed: tuple[str, ...]
    site_filtered: int
    """hits that the sensor's own site filters took out since it started"""


def examinations(rows: Sequence[SensorRow]) -> list[Examination]:
    """The dead first, then those that nobody knows of."""
    found = [_examination(row) for row in rows]
    order = {False: 0, None: 1, True: 2}
    return sorted(found, key=lambda item: (order[item.alive], item.sensor))


def _examination(row: SensorRow) -> Examination:
    told = {} if row.heartbeat is None else row.heartbeat.detection
    alive, failed = told.get("alive"), told.get("failed")
    time_ns = told.get("time_ns")
    return Examination(
        sensor=row.name,
        alive=alive if isinstance(alive, bool) else None,
        time_ns=time_ns if isinstance(time_ns, int) and time_ns > 0 else None,
        acts=_number(told.get("acts")),
        found=_number(told.get("found")),
        failed=tuple(str(item) for item in failed[:20]) if isinstance(failed, list) else (),
        site_filtered=_number(told.get("hits_suppressed")),
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
