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
    records: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.records / self.seconds

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.records + other.records, self.seconds + other.seconds)


def fill(store: Store, batches: Iterator[Batch], progress: Callable[[int, Rate], None], every: int) -> Rate:
    """Keep all batches. `progress` hears the records so far and the rate of each `every`; returns the last such rate.

    Raises:
        RuntimeError: a record was not stored.
    """
    done, since, last = 0, Rate(0, 0.0), Rate(0, 0.0)
    while chunk := list(itertools.islice(batches, AT_ONCE)):
        seconds = _keep(store, chunk)
        records = sum(len(records) for _, records in chunk)
        done += records
        since += Rate(records, seconds)
        if since.records >= every:
            progress(done, since)
            since, last = Rate(0, 0.0), since
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
