"""What a console does for its store: once a day retention and the proof of it, at start the check of a large file."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from console.store import Store, StoreError
from federation.database import CHECK_BELOW_BYTES

log = logging.getLogger(__name__)

DAY_S = 86_400.0
AFTER_FAILURE_S = 3600.0

Job = Callable[[], object]


class Keeper:
    """One thread. `first` is done once, at the start; then retention, now and every day."""

    def __init__(self, store: Store, first: Sequence[Job] = (), now_ns: Callable[[], int] = time.time_ns) -> None:
        self._store = store
        self._first = first
        self._now_ns = now_ns
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """A run under way may be left in the middle: each of its batches is whole, and the next run goes on."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        for job in self._first:
            self._attempt(job)
        while not self._stop.is_set():
            done = self._attempt(self._expire)
            self._stop.wait(DAY_S if done else AFTER_FAILURE_S)

    def _expire(self) -> None:
        done = False
        while not done and not self._stop.is_set():
            expired = self._store.expire(self._now_ns())
            done = expired.done
            if expired.incidents or expired.others:
                log.warning("retention: %d incidents and %d other records went", expired.incidents, expired.others)
        for remark in self._store.health().remarks:
            log.error("the store: %s %s", remark.code, dict(remark.parameters))

    @staticmethod
    def _attempt(job: Job) -> bool:
        try:
            job()
        except StoreError as error:
            log.error("%s", error)
            return False
        return True


def first_jobs(store: Any) -> list[Job]:
    """A large embedded file was not read through when it was opened: that is done now, beside the daily work."""
    large = hasattr(store, "check_file") and store.path.stat().st_size > CHECK_BELOW_BYTES
    return [store.check_file] if large else []
