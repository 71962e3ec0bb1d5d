"""Asks every parent what there is for us: notices and tasks, as answers to our own calls (`docs/federation.md`).

One thread per parent. What came is kept durably together with the place it goes on from; that place, in the next call,
is the acknowledgement. A call whose answer was lost on the way is made again, and what came twice is kept once.
"""

from __future__ import annotations

import json
import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import httpx

from federation.clients import clients_of
from federation.parent import Parent
from federation.reply import Gone, bounded, check_status
from federation.uplink import LONGEST_RETRY_AFTER_S, Pace
from sensor.schema import Record, RecordError
from sensor.schema.shape import MAX_INT, known_name

log = logging.getLogger(__name__)

WAIT_S = 20.0
"""how long a parent may hold a call for which it has nothing yet"""
LEAST_PAUSE_S = 1.0
"""between two calls that brought nothing, whatever the parent says"""
MAX_RECORDS = 500


class Inbox(Protocol):
    """Where what came is kept. Raises RuntimeError where it cannot be kept now."""

    def heard_from(self, parent: str) -> int:
        """Where the next call goes on."""
        ...

    def receive(self, records: Sequence[Record], parent: str, name: str, after: int) -> Sequence[object]:
        """Keep records and the place, durably and together."""
        ...


@dataclass(frozen=True)
class Handed:
    """One answer of a parent."""

    records: tuple[Record, ...]
    name: str
    """what it calls us"""
    after: int
    again_s: float
    """how long it wants to be left alone"""


class Downlink:
    """The lines from the parents to one inbox. `start`, then `stop`; or `ask_once` for one call without threads."""

    def __init__(
        self,
        inbox: Inbox,
        parents: Sequence[Parent],
        *,
        pace: Pace | None = None,
        transport: httpx.BaseTransport | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._inbox = inbox
        self._parents = tuple(parents)
        self._pace = pace or Pace()
        self._wait_s = min(WAIT_S, self._pace.timeout_s / 2)
        self._jitter = jitter
        self._stop = threading.Event()
        self._keeping = threading.Lock()
        self._failures = {parent.name: 0 for parent in parents}
        self._known_as: dict[str, str] = {}
        self._clients = clients_of(parents, self._pace.timeout_s, transport)

    def start(self) -> None:
        for parent in self._parents:
            threading.Thread(target=self._run, args=(parent,), name=f"downlink-{parent.name}", daemon=True).start()

    def stop(self) -> None:
        """Keep nothing from now on. A call under way is not waited for: what it brings was not acknowledged."""
        with self._keeping:
            self._stop.set()

    def known_as(self, parent: str) -> str | None:
        """What a parent calls us; None as long as it has not answered."""
        return self._known_as.get(parent)

    def _run(self, parent: Parent) -> None:
        while not self._stop.is_set():
            try:
                wait_s = self.ask_once(parent)
            except Exception:
                # A line must not end by a mistake of ours: say it in full, and go on slowly.
                log.exception("downlink from %s: unexpected", parent.name)
                wait_s = self._pace.slow_s
            self._stop.wait(wait_s)
        self._clients[parent.name].close()

    def ask_once(self, parent: Parent) -> float:
        """One call; returns the seconds to wait before the next."""
        try:
            after = self._inbox.heard_from(parent.name)
            handed = self._get(parent, after)
            self._known_as[parent.name] = handed.name
            if handed.records or handed.after != after:
                with self._keeping:
                    if self._stop.is_set():
                        return 0.0
                    self._inbox.receive(handed.records, parent.name, handed.name, handed.after)
        except httpx.HTTPError as error:
            return self._later(parent, f"cannot be reached ({type(error).__name__}: {error})")
        except Gone as gone:
            return self._later(parent, gone.problem, slow=gone.needs_a_person, retry_after_s=gone.retry_after_s)
        except RuntimeError as error:
            return self._later(parent, f"sent what cannot be kept now: {error}")
        if self._failures[parent.name]:
            log.info("parent %s tells again what there is for us", parent.name)
        self._failures[parent.name] = 0
        if handed.records:
            return 0.0
        return max(min(LEAST_PAUSE_S, 2 * self._pace.first_s), handed.again_s * (0.75 + self._jitter() / 2))

    def _get(self, parent: Parent, after: int) -> Handed:
        asked = {"after": str(after), "wait": f"{self._wait_s:g}"}
        with self._clients[parent.name].stream("GET", parent.tasks_url, params=asked) as response:
            check_status(response)
            return _read(bounded(response), parent)

    def _later(self, parent: Parent, problem: str, *, slow: bool = False, retry_after_s: float | None = None) -> float:
        failures = self._failures[parent.name]
        self._failures[parent.name] = failures + 1
        delay_s = min(self._pace.longest_s, self._pace.first_s * 2.0 ** min(failures, 20)) * (0.5 + self._jitter() / 2)
        if slow:
            delay_s = self._pace.slow_s * (0.75 + self._jitter() / 2)
        if retry_after_s is not None:
            delay_s = max(delay_s, min(retry_after_s, LONGEST_RETRY_AFTER_S))
        if failures == 0:
            log.warning("notices and tasks: parent %s (%s) %s; next try in %.0f s", parent.name, parent.url, problem,
                        delay_s)  # fmt: skip
        return delay_s


def _read(body: bytes, parent: Parent) -> Handed:
    """A parent is believed no more than a child: what is no record at all is said and left out."""
    try:
        answer = json.loads(body)
        items, name, after, again_s = answer["records"], answer["node"], answer["after"], answer["again_s"]
        if not isinstance(items, list) or not isinstance(name, str) or not known_name(name):
            raise ValueError
        if type(after) is not int or not 0 <= after <= MAX_INT or type(again_s) not in (int, float) or again_s < 0:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Gone("gave an answer about tasks that cannot be read") from None
    if len(items) > MAX_RECORDS:
        raise Gone(f"gave more than {MAX_RECORDS} records at once")
    records = []
    for item in items:
        try:
            records.append(Record.from_json(item))
        except RecordError as error:
            log.error("parent %s sent down what is no record: %s", parent.name, error)
    return Handed(tuple(records), name, after, min(float(again_s), LONGEST_RETRY_AFTER_S))


__all__ = ["Downlink", "Handed", "Inbox"]
