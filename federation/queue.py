"""What the uplink asks of the queue that it empties, wherever that is kept.

A sensor and a console on SQLite have it in a file (`federation.spool`), a console of several processes in its registry
(`console.registry.queue`). Both pass the same tests (`tests/federation/test_queue.py`).

A record has one row, of its newest revision, and a place in the line of every parent that owes an answer for it. A
newer revision replaces one that waits, in its place; one whose older revision was answered already goes to the end. An
answer counts only for the revision it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sensor.schema import Key

BATCH_RECORDS = 500
BATCH_BYTES = 4 * 2**20
RECORD_BYTES = 2**20
"""The largest record a tier takes; the wire protocol's limit for one record."""
KEEP_RECEIPTS = 100_000
"""Rows (without body) kept of records that every parent answered; a forgotten one costs at most one duplicate."""
KEEP_DEAD_LETTERS = 10_000


class QueueError(RuntimeError):
    """The queue cannot be used; the message is one line that says what to do."""


class QueueFull(QueueError):
    """There is no room. Nothing of this call was kept, all before it is."""


@dataclass(frozen=True)
class Queued:
    """A record on its way to one parent."""

    seq: int
    key: Key
    body: bytes


@dataclass(frozen=True)
class Verdict:
    """What a parent answered for one queued record; `rejected` names the reason, None is stored or duplicate."""

    queued: Queued
    rejected: str | None = None


@dataclass(frozen=True)
class DeadRow:
    number: int
    parent: str
    key: Key
    reason: str
    at_ns: int


@dataclass(frozen=True)
class ParentState:
    """How the line to one parent stands; kept in the queue, so that a restart does not begin to hammer."""

    name: str
    failures: int = 0
    """in a row"""
    retry_at_ns: int = 0
    problem: str = ""
    """one line for a person; empty while all is well"""
    last_answer_ns: int = 0
    answered: int = 0
    refused: int = 0


class Queue(Protocol):
    """Records on their way to a list of parents. Safe to use from many threads; every call may raise QueueError."""

    @property
    def parents(self) -> tuple[str, ...]: ...

    def now_ns(self) -> int:
        """The clock by which `retry_at_ns` is meant."""
        ...

    def parent(self, name: str) -> ParentState: ...

    def pending(self, parent: str) -> int:
        """How many records a parent owes an answer for."""
        ...

    def take(self, parent: str, limit: int = BATCH_RECORDS, max_bytes: int = BATCH_BYTES) -> list[Queued]:
        """The next records for a parent, in order, at least one if any waits. They stay until `answer`."""
        ...

    def answer(self, parent: str, verdicts: Sequence[Verdict]) -> None:
        """Write down a parent's answers, durably, and that the line works."""
        ...

    def defer(self, parent: str, unanswered: Sequence[Queued]) -> None:
        """Let records without an answer wait behind the others."""
        ...

    def failed(self, parent: str, problem: str, retry_at_ns: int) -> ParentState:
        """Write down that an attempt failed and when the next may be made."""
        ...

    def dead_letters(self, limit: int = 200) -> list[DeadRow]:
        """What parents rejected, the newest first."""
        ...

    def close(self) -> None: ...
