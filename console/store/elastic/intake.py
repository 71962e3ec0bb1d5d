"""Taking a batch in: what each record is answered, decided from the cluster, the journal and the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from console.registry import queue_tables
from console.store import StoreFull, baselines, orders
from console.store.admission import Refusal, check_size, compare
from console.store.elastic import journal, standing
from console.store.elastic.documents import Arrival
from console.store.elastic.journal import Name, Waiting
from console.store.elastic.order_tables import run_on
from console.store.elastic.settings import ElasticSettings
from console.store.elastic.standing import Standing
from console.store.rows import Answer, Status
from sensor.schema import Key, Kind, Record, RecordError


@dataclass
class Intake:
    """One batch on its way in. `answers` has a place for each record; those that were refused early have one."""

    records: Sequence[Record]
    child: str
    kind: str | None
    """of the child's credential"""
    now_ns: int
    sums_up: bool = False
    """heartbeats end here: the parents are told one sum of them"""
    answers: list[Answer | None] = field(init=False)
    arrivals: list[tuple[int, Arrival]] = field(init=False, default_factory=list)
    """what may be kept, with its place in the batch"""
    refused: list[tuple[Key, str]] = field(init=False, default_factory=list)
    onward: dict[int, str | None] = field(init=False, default_factory=dict)
    """place in the batch → what `orders.admit` says"""
    number: int | None = field(init=False, default=None)
    """of the journal's row, if anything was kept"""

    def __post_init__(self) -> None:
        self.answers = [None] * len(self.records)
        for place, record in enumerate(self.records):
            try:
                arrival = Arrival(record.via(self.child), self.child, self.now_ns)
                self.arrivals.append((place, _checked(arrival)))
            except (Refusal, RecordError) as refusal:
                self.refuse(place, str(refusal))

    def refuse(self, place: int, reason: str) -> None:
        key = self.records[place].key
        self.answers[place] = Answer(*key, Status.REJECTED, reason)
        self.refused.append((key, reason))

    def names(self) -> set[Name]:
        return {(arrival.record.origin, arrival.record.id) for _, arrival in self.arrivals}

    def keep(
        self,
        connection: Connection,
        known: Mapping[Name, Waiting],
        settings: ElasticSettings,
        hold_until_ns: int,
    ) -> None:
        """Answer, write down what is new and queue it upward; the caller commits. `known` is what the cluster has.

        Raises:
            StoreFull: the journal has no room; nothing was kept.
        """
        under = Standing(connection, self.child, self.kind, self.now_ns)
        under.begin(arrival.record.origin for _, arrival in self.arrivals)
        highest = {**known}
        for name, waits in journal.waiting(connection, self.names()).items():
            if name not in highest or highest[name].revision < waits.revision:
                highest[name] = waits
        kept: list[tuple[int, Arrival]] = []
        for place, arrival in self.arrivals:
            try:
                if arrival.record.kind in baselines.KINDS:
                    under.check(arrival.record.origin)
                    run = run_on(connection)
                    told = baselines.keep(run, arrival.record, self.child, self.kind, self.now_ns)
                    self.answers[place] = Answer(*arrival.record.key, told)
                    continue
                status = self._judge(under, arrival.record, highest)
                onward = orders.admit(run_on(connection), arrival.record, self.child, self.kind)
            except (Refusal, RecordError) as refusal:
                self.refuse(place, str(refusal))
                continue
            self.onward[place] = "" if self.sums_up and arrival.record.kind == Kind.HEARTBEAT else onward
            self.answers[place] = Answer(*arrival.record.key, status)
            if status is Status.STORED:
                kept.append((place, arrival))
        self.arrivals = kept
        if kept:
            arrivals = [arrival for _, arrival in kept]
            self.number = journal.add(connection, arrivals, hold_until_ns)
            if journal.size(connection) > settings.journal_max_bytes:
                raise StoreFull(
                    "the cluster is away and the journal is full"
                    f" ({settings.journal_max_bytes >> 20} MB); bring the cluster back, nothing acknowledged is lost"
                )
        standing.note_rejected(connection, self.child, self.refused, self.now_ns)
        # Last, because from here to the commit no other process queues anything.
        if kept:
            for parent in sorted({self.onward[place] for place, _ in kept}, key=str):
                up = [(arrival.record, arrival.whole) for place, arrival in kept if self.onward[place] == parent]
                if parent != "":
                    queue_tables.append(connection, up, parent)
            if queue_tables.waiting_bytes(connection) > settings.upward_max_bytes:
                raise StoreFull(
                    f"{settings.upward_max_bytes >> 20} MB wait for the parents: is the line up?"
                    " nothing acknowledged is lost"
                )

    def _judge(self, under: Standing, record: Record, highest: dict[Name, Waiting]) -> Status:
        under.check(record.origin)
        name = (record.origin, record.id)
        before = highest.get(name)
        if before is not None and compare(record, before.kind, before.revision) is Status.DUPLICATE:
            return Status.DUPLICATE
        highest[name] = Waiting(record.revision, str(record.kind))
        return Status.STORED

    def result(self) -> list[Answer]:
        return [answer for answer in self.answers if answer is not None]


def _checked(arrival: Arrival) -> Arrival:
    """Raises Refusal or RecordError for what can never be kept, whoever sends it."""
    check_size(arrival.record, arrival.whole)
    _ = arrival.body
    return arrival
