"""Filling a store through its own merge, from several senders at once as a console's threads do it, and the rate."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from queue import SimpleQueue
from typing import Any

from console.store import Status, Store
from tools.scale.incidents import Batch

SENDERS = 2
AT_ONCE = 40
"""Batches made before the clock runs for them: making records is not keeping them. Nor are they the console's to look
through for garbage: there they would wait in sockets, as bytes."""


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


@dataclass(frozen=True)
class Filled:
    """How far a filling is: what it needs to go on."""

    batches: int = 0
    records: int = 0
    since: Rate = NONE
    """since a rate was last said"""
    last: Rate = NONE
    """the last rate that was said"""

    def latest(self, every: int) -> Rate:
        """The rate of what came last: of all since a rate was said, where that is nearly as much."""
        return self.since if self.since.records > 0.9 * every or not self.last.records else self.last

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Filled:
        return cls(data["batches"], data["records"], Rate(**data["since"]), Rate(**data["last"]))


BEGIN = Filled()


def fill(
    store: Store,
    batches: Iterator[Batch],
    progress: Callable[[int, Rate], None],
    every: int,
    server_s: Callable[[], float] = lambda: 0.0,
    begun: Filled = BEGIN,
    note: Callable[[Filled], None] = lambda filled: None,
) -> Rate:
    """Keep all batches. `progress` hears the records so far and the rate of each `every`; returns the latest.
    `server_s` tells the processor time that the server took so far; what it does in the background while batches are
    made counts too. `begun` is what `note` heard last in a run that was stopped; what that run kept beyond is known,
    and not measured.

    Raises:
        RuntimeError: a record was not stored.
    """
    filled, goes_on = begun, begun.batches > 0
    next(itertools.islice(batches, begun.batches, begun.batches), None)  # made again, and left out
    before_s = server_s()
    while chunk := list(itertools.islice(batches, AT_ONCE)):
        began_s = time.process_time()
        seconds, known = _keep(store, chunk, goes_on)
        goes_on = goes_on and known
        records = sum(len(records) for _, records in chunk)
        now_s = server_s()
        rate = Rate(records, seconds, time.process_time() - began_s, now_s - before_s)
        before_s = now_s
        done, since, last = filled.records + records, filled.since + (NONE if known else rate), filled.last
        if since.records >= every:
            progress(done, since)
            since, last = NONE, since
        filled = Filled(filled.batches + len(chunk), done, since, last)
        note(filled)
    return filled.latest(every)


def _keep(store: Store, chunk: list[Batch], goes_on: bool) -> tuple[float, bool]:
    """Seconds until all of them were answered, and whether some were known, as they may be where a run goes on. The
    batches of one child are sent by one sender, in their order."""
    failures: SimpleQueue[BaseException | str] = SimpleQueue()
    known: SimpleQueue[int] = SimpleQueue()

    def send(mine: list[Batch]) -> None:
        try:
            for child, records in mine:
                others = [answer for answer in store.merge(records, child) if answer.status is not Status.STORED]
                if goes_on and others and all(answer.status is Status.DUPLICATE for answer in others):
                    known.put(len(others))
                elif others:
                    failures.put(f"{len(others)} were not stored: {others[0]}")
        except Exception as error:
            failures.put(error)

    shares: list[list[Batch]] = [[] for _ in range(SENDERS)]
    for child, records in sorted(chunk, key=lambda batch: batch[0]):
        shares[min(range(SENDERS), key=lambda n: _load(shares[n], child))].append((child, records))
    threads = [threading.Thread(target=send, args=[share]) for share in shares]
    gc.freeze()
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    gc.unfreeze()
    if not failures.empty():
        failure = failures.get()
        raise failure if isinstance(failure, BaseException) else RuntimeError(failure)
    return seconds, not known.empty()


def _load(share: list[Batch], child: str) -> int:
    return -1 if share and share[-1][0] == child else sum(len(records) for _, records in share)
