"""Times on pages: in the node's zone, to the second, with the day only where it is not today."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

NS = 1_000_000_000
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Clock:
    """Now, and how an instant is written. A console reads the clock; sensor and detectors never do."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    now_ns: Callable[[], int] = time.time_ns

    def local(self, ts_ns: int) -> datetime | None:
        """The instant in the node's zone, or None where it is beyond what a calendar can say."""
        try:
            return (_EARLIEST + timedelta(microseconds=ts_ns // 1000)).astimezone(self.zone)
        except (OverflowError, ValueError):
            return None

    def short(self, ts_ns: int | None) -> str:
        """`14:21:33` today, `11-19 22:40:05` in this year, else the whole date."""
        if ts_ns is None:
            return "—"
        moment, today = self.local(ts_ns), self.local(self.now_ns())
        if moment is None or today is None:
            return f"{ts_ns} ns"
        if moment.date() == today.date():
            return moment.strftime("%H:%M:%S")
        return moment.strftime("%m-%d %H:%M:%S" if moment.year == today.year else "%Y-%m-%d %H:%M:%S")

    def minute(self, ts_ns: int) -> str:
        """`2026-11-20 14:21`: what somebody chose to the minute."""
        moment = self.local(ts_ns)
        return f"{ts_ns} ns" if moment is None else moment.strftime("%Y-%m-%d %H:%M")

    def full(self, ts_ns: int | None) -> str:
        """`2026-11-20 14:21:33`"""
        if ts_ns is None:
            return "—"
        moment = self.local(ts_ns)
        return f"{ts_ns} ns" if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S")

    def fine(self, ts_ns: int) -> str:
        """`14:21:33.107204`: to the microsecond, for frames."""
        moment = self.local(ts_ns)
        return f"{ts_ns} ns" if moment is None else moment.strftime("%H:%M:%S.%f")

    def iso(self, ts_ns: int | None) -> str:
        """For `<time datetime>`."""
        moment = None if ts_ns is None else self.local(ts_ns)
        return "" if moment is None else moment.isoformat(timespec="milliseconds")

    def age_s(self, ts_ns: int) -> float:
        return max(0.0, (self.now_ns() - ts_ns) / NS)
