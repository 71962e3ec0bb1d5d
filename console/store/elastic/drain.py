"""Bringing what waits in the journal to the cluster: a thread of every process, of which one works at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from console.registry import Registry, RegistryError
from console.registry.leases import Lease, Leases, this_process
from console.store import StoreError
from console.store.elastic import journal, standing
from console.store.elastic.documents import Arrival
from console.store.elastic.indices import document_id
from console.store.elastic.journal import Batch
from console.store.elastic.recent import Place
from console.store.elastic.writing import Change, Outcome, Writer

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
AWAY_S, AWAY_LONGEST_S = 5.0, 60.0
"""How long nothing is asked of a cluster that did not answer, twice as long each time; senders are answered from the
journal meanwhile. Whoever drains the journal asks at the shorter interval, for all of this process."""
LEASE_S = 60.0
"""Longer than one batch takes with its time-outs; a process that died is replaced after it."""


class Drain:
    """Writes batches and knows whether the cluster answers."""

    def __init__(self, registry: Registry, writer: Writer, clock_ns: Callable[[], int]) -> None:
        self._registry = registry
        self._writer = writer
        self._clock_ns = clock_ns
        self._leases = Leases(registry, this_process())
        self._lease: Lease | None = None
        self._away_s = self._away_until_s = 0.0
        self._failing = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the batch under way, and let another process go on at once."""
        self._stop.set()
        self._thread.join()
        try:
            if self._lease is not None:
                self._leases.release(self._lease)
        except RegistryError as error:
            log.error("%s", error)

    @property
    def away(self) -> bool:
        """Whether the cluster failed to answer a moment ago."""
        return time.monotonic() < self._away_until_s

    def failed(self, error: StoreError) -> None:
        """The cluster did not take or tell something; leave it alone for a while."""
        if not self._failing:
            log.warning("the journal keeps what comes in: %s", error)
        self._failing = True
        self._away_s = min(self._away_s * 2 or AWAY_S, AWAY_LONGEST_S)
        self._away_until_s = time.monotonic() + self._away_s

    def bring(
        self, batches: Sequence[Batch], guessed: Sequence[tuple[Change, Place | None]] | None = None
    ) -> dict[str, Outcome] | None:
        """Write batches that the caller holds. Returns what became of each document, or None where they wait on.
        `guessed` is what they change, and what the cluster is thought to have of it, if that was just asked."""
        numbers = [batch.number for batch in batches]
        try:
            if guessed is None:
                changes = self._writer.changes(arrival for batch in batches for arrival in batch.arrivals)
                places = self._writer.guess(changes)
            else:
                changes, places = [change for change, _ in guessed], [place for _, place in guessed]
            outcomes = self._writer.write(changes, places)
        except StoreError as error:
            self.failed(error)
            with self._registry.transaction() as connection:
                journal.let_go(connection, numbers)
            return None
        with self._registry.transaction() as connection:
            journal.remove(connection, numbers)
        if self._failing:
            log.warning("the cluster takes what comes in again")
        self._failing, self._away_s, self._away_until_s = False, 0.0, 0.0
        return {change.id: outcome for change, outcome in zip(changes, outcomes, strict=True)}

    def _run(self) -> None:
        while not self._stop.wait(AWAY_S if self.away else LOOK_EVERY_S):
            try:
                while not self._stop.is_set() and self._next():
                    pass
            except RegistryError as error:
                log.error("%s", error)
            except Exception:
                # A thread that ended unseen would leave the journal to grow for ever.
                log.exception("bringing the journal to the cluster")

    def _next(self) -> bool:
        """Bring the oldest batches; whether there may be more to bring at once."""
        self._lease = self._leases.acquire("drain", LEASE_S)
        if self._lease is None:
            return False
        with self._registry.transaction() as connection:
            batches = journal.next_batches(connection, self._clock_ns())
        outcomes = self.bring(batches) if batches else None
        if outcomes is None:
            return False
        refused = {name: outcome.reason for name, outcome in outcomes.items() if outcome.reason}
        for batch in batches if refused else ():
            self._note(batch.arrivals, refused)
        return True

    def _note(self, arrivals: Sequence[Arrival], refused: Mapping[str, str]) -> None:
        """What the cluster would not take though it was acknowledged: seen among the dead letters, and in the log."""
        letters = [
            (arrival.record.key, refused[name])
            for arrival in arrivals
            if (name := document_id(arrival.record.origin, arrival.record.id)) in refused
        ]
        if letters:
            log.error("%d acknowledged records were not indexed: %s", len(letters), letters[0][1])
            with self._registry.transaction() as connection:
                standing.note_rejected(connection, arrivals[0].child, letters, self._clock_ns())
