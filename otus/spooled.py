"""The sensor's records on their way into the spool."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from federation.spool import Spool, SpoolFull
from sensor.schema import Record
from sensor.schema.records import RecordError

log = logging.getLogger(__name__)


class SpoolSink:
    """Records on disk before the next batch is looked at.

    A disk that is full does not end the capture: what finds no room waits here, the oldest goes beyond `KEEP`, and that
    is said and counted with what the spool gave up.
    """

    KEEP = 10_000

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._waiting: list[Record] = []
        self._full = False
        self._lost: Counter[str] = Counter()

    def put(self, records: Sequence[Record]) -> None:
        self._waiting += records
        try:
            self._append()
        except SpoolFull as error:
            if not self._full:
                log.error("%s; the newest %d records wait in memory for room", error, self.KEEP)
            self._full = True
            for record in self._waiting[: -self.KEEP]:
                self._lost[str(record.body.get("level", record.kind))] += 1
            del self._waiting[: -self.KEEP]
            return
        if self._full:
            log.error("the queue has room again; %d records were lost meanwhile", self._lost.total())
        self._full = False
        self._waiting.clear()

    def settle(self) -> int:
        """Try once more, at the end of a run; how many records have found no room and would be lost."""
        if self._waiting:
            self.put(())
        return len(self._waiting)

    def _append(self) -> None:
        try:
            self._spool.append(self._waiting)
        except RecordError:
            # One that no tier would take must not take the others with it.
            for record in self._waiting:
                try:
                    self._spool.append([record])
                except RecordError as error:
                    log.error("not sent: %s", error)
                    self._lost[str(record.body.get("level", record.kind))] += 1

    def state(self) -> dict[str, Any]:
        """The spool's state; what was lost on the way into it counts as dropped."""
        state = self._spool.state()
        return {**state, "dropped": dict(Counter(state["dropped"]) + self._lost)}
