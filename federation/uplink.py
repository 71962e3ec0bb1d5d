"""Brings what a queue holds to every parent, by the protocol of `docs/architecture.md`, "Between tiers".

One thread per parent: a parent that is down holds up no other. A record leaves the queue when its parent answered for
it; a batch whose answer was lost on the way is sent again, and the parent calls it a duplicate.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import httpx

from federation.clients import SENDS_JSON, clients_of
from federation.parent import Parent
from federation.queue import BATCH_RECORDS, Queue, Queued, QueueError, Verdict
from federation.reply import Gone, Reply, read_reply
from sensor.schema import SCHEMA_VERSION, Record, RecordError

log = logging.getLogger(__name__)
logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request; we log what somebody should read

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 300.0
SLOW_DELAY_S = 120.0
"""After an answer that only a person can change (unknown credential, a parent that is too old)."""
LONGEST_RETRY_AFTER_S = 3600.0
LONGEST_WAIT_S = 2 * LONGEST_RETRY_AFTER_S
"""No attempt is put off for longer: a time further ahead was written by a clock that has been set back since."""
IDLE_S = 0.5


class Policy(Protocol):
    """What may leave this node: gives back the record as a parent may see it. Must keep (origin, id, revision)."""

    def cut(self, record: Record) -> Record: ...


class AsItIs:
    """The policy of a sensor towards its own enterprise, and of a tier that passes on what was cut below it."""

    def cut(self, record: Record) -> Record:
        return record


@dataclass(frozen=True)
class Pace:
    """Waiting times, in seconds. Tests make them short."""

    first_s: float = FIRST_DELAY_S
    longest_s: float = LONGEST_DELAY_S
    slow_s: float = SLOW_DELAY_S
    idle_s: float = IDLE_S
    timeout_s: float = 30.0
    sums_s: float = 20.0
    """between two sums of the sensors below (`federation.summing`)"""


class Uplink:
    """The lines from one queue to its parents. `start`, then `stop`; or `send_once` for one step without threads."""

    def __init__(
        self,
        queue: Queue,
        parents: Sequence[Parent],
        policy: Policy | None = None,
        *,
        pace: Pace | None = None,
        transport: httpx.BaseTransport | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`jitter` gives numbers from 0 to 1. Every parent's name must be in the queue's list of parents."""
        missing = [parent.name for parent in parents if parent.name not in queue.parents]
        if missing:
            raise ValueError(f"the queue keeps nothing for parent {', '.join(missing)}")
        self._queue = queue
        self._policy = policy or AsItIs()
        self._pace = pace or Pace()
        self._jitter = jitter
        self._stop = threading.Event()
        self._limit = {parent.name: BATCH_RECORDS for parent in parents}
        self._clients = clients_of(parents, self._pace.timeout_s, transport, SENDS_JSON)
        self._parents = tuple(parents)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to send in the background."""
        for parent in self._parents:
            thread = threading.Thread(target=self._run, args=(parent,), name=f"uplink-{parent.name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """End after the request that is under way. Returns whether all lines ended in time; nothing is lost if not."""
        self._stop.set()
        ended_by = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, ended_by - time.monotonic()))
        ended = not any(thread.is_alive() for thread in self._threads)
        if ended:
            for client in self._clients.values():
                client.close()
        return ended

    def _run(self, parent: Parent) -> None:
        while not self._stop.is_set():
            try:
                wait_s = self.send_once(parent)
            except QueueError as error:
                log.error("uplink to %s: %s", parent.name, error)
                wait_s = self._pace.slow_s
            except Exception:
                # A line must not end by a mistake of ours: say it in full, and go on slowly.
                log.exception("uplink to %s: unexpected", parent.name)
                wait_s = self._pace.slow_s
            self._stop.wait(wait_s)

    def send_once(self, parent: Parent) -> float:
        """Send one batch if it is time, write down the answers, and return the seconds to wait before the next call."""
        state = self._queue.parent(parent.name)
        early_s = (state.retry_at_ns - self._queue.now_ns()) / 1e9
        if 0 < early_s <= LONGEST_WAIT_S:
            return min(early_s, max(self._pace.idle_s, 1.0))
        batch = self._queue.take(parent.name, self._limit[parent.name])
        if not batch:
            return self._pace.idle_s
        batch, texts = self._cut(parent, batch)
        if not batch:
            return 0.0
        try:
            reply = self._post(parent, texts)
        except httpx.HTTPError as error:
            return self._later(parent, f"cannot be reached ({type(error).__name__}: {error})", state.failures)
        except Gone as gone:
            return self._refused(parent, gone, batch, state.failures)
        return self._settle(parent, batch, reply, state.failures)

    def _cut(self, parent: Parent, batch: list[Queued]) -> tuple[list[Queued], list[bytes]]:
        """Each record as the policy lets it go; what cannot be cut is never sent whole."""
        kept: list[Queued] = []
        texts: list[bytes] = []
        spoilt: list[Verdict] = []
        for item in batch:
            try:
                cut = self._policy.cut(Record.from_bytes(item.body))
                if cut.key != item.key:
                    raise RecordError("the policy changed its key")
                texts.append(cut.to_bytes())
                kept.append(item)
            except RecordError as error:
                spoilt.append(Verdict(item, f"not_sent: {error}"))
            except Exception as error:
                # A mistake in the cut must hold up one record, not the line; and never let it out uncut.
                log.exception("record %s cannot be cut", "/".join(map(str, item.key)))
                spoilt.append(Verdict(item, f"not_sent: {type(error).__name__}"))
        if spoilt:
            self._queue.answer(parent.name, spoilt)
        return kept, texts

    def _post(self, parent: Parent, texts: list[bytes]) -> Reply:
        content = b'{"schema":"' + SCHEMA_VERSION.encode() + b'","records":[' + b",".join(texts) + b"]}"
        with self._clients[parent.name].stream("POST", parent.batches_url, content=content) as response:
            return read_reply(response)

    def _settle(self, parent: Parent, batch: list[Queued], reply: Reply, failures: int) -> float:
        verdicts = [Verdict(item, reply.verdicts[item.key]) for item in batch if item.key in reply.verdicts]
        silent = [item for item in batch if item.key not in reply.verdicts]
        for verdict in verdicts:
            if verdict.rejected is not None:
                log.warning(
                    "parent %s rejected %s: %s", parent.name, "/".join(map(str, verdict.queued.key)), verdict.rejected
                )
        if not verdicts:
            return self._later(parent, "answered 200, but for none of the records", failures)
        self._queue.answer(parent.name, verdicts)
        if failures:
            log.info("parent %s answers again", parent.name)
        self._limit[parent.name] = min(BATCH_RECORDS, self._limit[parent.name] * 2)
        if silent:
            self._queue.defer(parent.name, silent)
        return 0.0

    def _refused(self, parent: Parent, gone: Gone, batch: list[Queued], failures: int) -> float:
        if gone.too_large:
            if len(batch) > 1:
                self._limit[parent.name] = max(1, len(batch) // 2)
                return 0.0
            self._queue.answer(parent.name, [Verdict(batch[0], "too_large")])
            return 0.0
        return self._later(parent, gone.problem, failures, slow=gone.needs_a_person, retry_after_s=gone.retry_after_s)

    def _later(
        self, parent: Parent, problem: str, failures: int, *, slow: bool = False, retry_after_s: float | None = None
    ) -> float:
        """Keep everything, say why, and choose the time of the next attempt: doubling, spread by chance."""
        delay_s = min(self._pace.longest_s, self._pace.first_s * 2.0 ** min(failures, 20)) * (0.5 + self._jitter() / 2)
        if slow:
            delay_s = self._pace.slow_s * (0.75 + self._jitter() / 2)
        if retry_after_s is not None:
            delay_s = max(delay_s, min(retry_after_s, LONGEST_RETRY_AFTER_S) * (1 + self._jitter() / 10))
        line = f"parent {parent.name} ({parent.url}) {problem}"
        self._queue.failed(parent.name, line, self._queue.now_ns() + int(delay_s * 1e9))
        if failures == 0 or slow:
            log.warning("%s; %d records wait, next try in %.0f s", line, self._queue.pending(parent.name), delay_s)
        return min(delay_s, max(self._pace.idle_s, 1.0))


__all__ = ["AsItIs", "Pace", "Parent", "Policy", "Uplink"]
