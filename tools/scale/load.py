"""Filling a store through its own merge, from several senders at once as a console's threads do it, and the rate."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue

from console.store import Status, Store
from tools.scale.incidents import Batch

SENDERS = 2
AT_ONCE = 40
"""Batches made before the clock runs for them: making records is not keeping them."""


@dataclass(frozen=True)
class Rate:
    """Time by the clock, and processor time in seconds: of this process, and of the server where there is one. A
    machine that others use too takes more of the first; the others hardly change."""

    records: int
    seconds: float
    console_s: float = 0.0
    server_s: float = 0.0

    @property
    def per_second(self) -> float:
        return self.records / self.seconds

    @property
    def costs_us(self) -> tuple[float, float]:
        """Processor time a record takes: here and at the server, in microseconds."""
        return 1e6 * self.console_s / self.records, 1e6 * self.server_s / self.records

    def __add__(self, other: Rate) -> Rate:
        return Rate(
            self.records + other.records,
            self.seconds + other.seconds,
            self.console_s + other.console_s,
            self.server_s + other.server_s,
        )


NONE = Rate(0, 0.0)


def fill(
    store: Store,
    batches: Iterator[Batch],
    progress: Callable[[int, Rate], None],
    every: int,
    server_s: Callable[[], float] = lambda: 0.0,
) -> Rate:
    """Keep all batches. `progress` hears the records so far and the rate of each `every`; returns the last such rate.
    `server_s` tells the processor time that the server took so far; what it does in the background while batches are
    made counts too.

    Raises:
        RuntimeError: a record was not stored.
    """
    done, since, last = 0, NONE, NONE
    before_s = server_s()
    while chunk := list(itertools.islice(batches, AT_ONCE)):
        began_s = time.process_time()
        seconds = _keep(store, chunk)
        records = sum(len(records) for _, records in chunk)
        now_s = server_s()
        done += records
        since += Rate(records, seconds, time.process_time() - began_s, now_s - before_s)
        before_s = now_s
        if since.records >= every:
            progress(done, since)
            since, last = NONE, since
    return last if last.records else since


def _keep(store: Store, chunk: list[Batch]) -> float:
    """Seconds until all of them were answered. The batches of one child are sent by one sender, in their order."""
    failures: SimpleQueue[BaseException | str] = SimpleQueue()

    def send(mine: list[Batch]) -> None:
        try:
            for child, records in mine:
                refused = [answer for answer in store.merge(records, child) if answer.status is not Status.STORED]
                if refused:
                    failures.put(f"{len(refused)} were not stored: {refused[0]}")
        except Exception as error:
            failures.put(error)

    shares: list[list[Batch]] = [[] for _ in range(SENDERS)]
    for child, records in sorted(chunk, key=lambda batch: batch[0]):
        shares[min(range(SENDERS), key=lambda n: _load(shares[n], child))].append((child, records))
    threads = [threading.Thread(target=send, args=[share]) for share in shares]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if not failures.empty():
        failure = failures.get()
        raise failure if isinstance(failure, BaseException) else RuntimeError(failure)
    return seconds


def _load(share: list[Batch], child: str) -> int:
    return -1 if share and share[-1][0] == child else sum(len(records) for _, records in share)
