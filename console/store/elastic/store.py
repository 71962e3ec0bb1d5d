"""The store on Elasticsearch: `console.store.Store` for a province or a ministry that outgrew one machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from console.registry import Registry, RegistryError, RegistryFull, queue_tables
from console.store import (
    ALL_LINKS,
    ALL_NODES,
    NO_FILTER,
    EnrolledNodes,
    NoNodes,
    StoreError,
    StoreFull,
    orders,
    stories,
    suppressions,
)
from console.store.elastic import (
    counting,
    documents,
    figures,
    indices,
    journal,
    queries,
    retention,
    roll,
    standing,
    tables,
    templates,
)
from console.store.elastic.baselines import ElasticBaselines
from console.store.elastic.connection import ShardsAway, asking, check_cluster, open_client
from console.store.elastic.drain import Drain
from console.store.elastic.intake import Intake
from console.store.elastic.journal import HOLD_NS, Batch, Name, Waiting
from console.store.elastic.lists import Listed, Lists
from console.store.elastic.order_tables import alone, run_on
from console.store.elastic.orders import ElasticOrders
from console.store.elastic.recent import Place
from console.store.elastic.settings import ElasticSettings
from console.store.elastic.writing import Change, Outcome, Writer
from console.store.moving.guard import refuse_while_moving
from console.store.queries import MAX_LIMIT
from console.store.rows import (
    Answer,
    AssetHistory,
    AssetRow,
    ChildRow,
    Count,
    CountBy,
    Coverage,
    DeadLetter,
    Expired,
    Found,
    Health,
    Incident,
    IncidentFilter,
    IncidentRow,
    LinkFilter,
    LinkRow,
    NodeFilter,
    OpenStories,
    Page,
    SensorRow,
    Status,
    StoryRow,
    Suppression,
    Totals,
    Workflow,
    WorkflowStep,
)
from console.store.stories import Name as StoryName
from sensor.schema import Key, Level, Record

KEEP_ATTEMPTS = 3
"""Two processes that see a new child or origin first at once: one of them begins again."""


EXPIRE_ORDERS = 5000
"""let go in one transaction"""

NOTHING_THERE = Outcome()
Guessed = list[tuple[Change, Place | None]]


class ElasticStore(ElasticOrders, ElasticBaselines):
    """Implements `console.store.Store`. Any number of processes may have one open on the same cluster and registry."""

    def __init__(
        self,
        settings: ElasticSettings,
        registry: Registry,
        *,
        parents: Sequence[str] = (),
        zone: str = "Asia/Shanghai",
        nodes: EnrolledNodes | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
        sums_up: bool = False,
    ) -> None:
        """`registry` stays the caller's to close. `sums_up`: heartbeats are not queued for the parents; they are told
        one sum of them."""
        self._sums_up = sums_up
        self._settings = settings
        self._registry = registry
        self._nodes = nodes or NoNodes()
        self._clock_ns = clock_ns
        self._lock = threading.Lock()
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise StoreError(f"{zone!r} is not a time zone; use a name like Asia/Shanghai") from None
        with self._refusing():
            refuse_while_moving(registry)
        with self._transaction() as connection:
            queue_tables.add_parents(connection, parents)
        self.client = open_client(settings)
        try:
            check_cluster(self.client, settings)
            templates.install(self.client, settings)
        except StoreError:
            self.client.close()
            raise
        self._lists = Lists(self.client)
        self._writer = Writer(self.client, settings)
        self._drain = Drain(registry, self._writer, clock_ns)
        self._drain.start()

    def merge(self, records: Sequence[Record], via_child: str) -> list[Answer]:
        with self._refusing():
            kind = self._nodes.kind_of(via_child)
        intake = Intake(records, via_child, kind, self._clock_ns(), self._sums_up)
        # One at a time in this process: of two deliveries of one record, the second finds the first in the journal.
        with self._lock:
            guessed = self._guess(intake)
            held_ns = 0 if guessed is None else self._clock_ns() + HOLD_NS
            came = len(intake.arrivals)
            self._keep(intake, _known(guessed or ()), held_ns)
        if intake.number is not None and guessed is not None:
            self._bring(intake, intake.number, guessed if came == len(intake.arrivals) else self._kept(intake, guessed))
        return intake.result()

    def _guess(self, intake: Intake) -> Guessed | None:
        """What a batch changes, and what the cluster is thought to have of it; None while it is away. Then an older
        revision may be answered `stored`, which is true of the journal and changes nothing when it is brought to the
        cluster."""
        if self._drain.away:
            return None
        try:
            changes = self._writer.changes(arrival for _, arrival in intake.arrivals)
            return list(zip(changes, self._writer.guess(changes), strict=True))
        except StoreError as error:
            self._drain.failed(error)
            return None

    def _kept(self, intake: Intake, guessed: Guessed) -> Guessed:
        """The same of what was kept: not all of the batch was."""
        places = {change.id: place for change, place in guessed}
        changes = self._writer.changes(arrival for _, arrival in intake.arrivals)
        return [(change, places.get(change.id)) for change in changes]

    def _keep(self, intake: Intake, known: dict[Name, Waiting], held_ns: int) -> None:
        """What is committed here is acknowledged."""
        before = (list(intake.answers), list(intake.arrivals), list(intake.refused))
        for attempt in range(KEEP_ATTEMPTS):
            try:
                with self._transaction() as connection:
                    intake.keep(connection, known, self._settings, held_ns)
                return
            except StoreError as error:
                intake.answers, intake.arrivals, intake.refused = (list(part) for part in before)  # type: ignore
                if not isinstance(_cause(error), IntegrityError) or attempt == KEEP_ATTEMPTS - 1:
                    raise

    def _bring(self, intake: Intake, number: int, guessed: Guessed) -> None:
        with self._refusing():
            arrivals = tuple(arrival for _, arrival in intake.arrivals)
            outcomes = self._drain.bring([Batch(number, arrivals)], guessed) or {}
            letters = []
            for place, arrival in intake.arrivals:
                record = arrival.record
                outcome = outcomes.get(indices.document_id(record.origin, record.id), NOTHING_THERE)
                if outcome.reason:
                    intake.answers[place] = Answer(*record.key, Status.REJECTED, outcome.reason)
                    letters.append((record.key, outcome.reason))
                elif outcome.there >= record.revision:  # it was taken for new
                    intake.answers[place] = Answer(*record.key, Status.DUPLICATE)
            if letters:
                with self._registry.transaction() as connection:
                    standing.note_rejected(connection, intake.child, letters, self._clock_ns())

    def incidents(
        self, where: IncidentFilter = NO_FILTER, limit: int = 50, cursor: str | None = None
    ) -> Page[IncidentRow]:
        rows, following = self._lists.page(self._listed(where), limit, cursor)
        return Page(tuple(documents.incident_row(row) for row in rows), following)

    def newest(self, asked: Sequence[IncidentFilter], limit: int) -> list[list[IncidentRow]]:
        found = self._lists.newest([self._listed(where) for where in self._all_told(asked)], limit)
        return [[documents.incident_row(row) for row in rows] for rows in found]

    def _listed(self, where: IncidentFilter) -> Listed:
        question = queries.question(self._told(where))
        return Listed(self._alias("incident"), question, "alert.last_ns", documents.ROW_SOURCE)

    def incident_count(self, where: IncidentFilter = NO_FILTER) -> Found:
        return queries.found(self.client, self._settings, self._told(where))

    def incident(self, origin: str, record_id: str) -> Incident | None:
        found = self._find(origin, record_id)
        return None if found is None else documents.incident(found[1])

    def incidents_named(self, names: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Incident]:
        return {name: documents.incident(source) for name, (_, source) in self._find_all(names).items()}

    def _find(self, origin: str, record_id: str) -> tuple[str, documents.Source] | None:
        return self._find_all([(origin, record_id)]).get((origin, record_id))

    def _find_all(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, documents.Source]]:
        """Incidents' indices and documents; of two (a sender that changed its first time) the higher revision."""
        wanted = {indices.document_id(*name): name for name in names}
        if not wanted:
            return {}
        with asking():
            answer = self.client.search(
                index=self._alias("incident"),
                query={"ids": {"values": list(wanted)}},
                size=2 * len(wanted),
                ignore_unavailable=True,
            )
        hits = sorted(answer["hits"]["hits"], key=lambda hit: int(hit["_source"]["otus.revision"]))
        found = {wanted[hit["_id"]]: (str(hit["_index"]), dict(hit["_source"])) for hit in hits}
        if len(found) < len(wanted) and answer["_shards"]["failed"]:
            raise ShardsAway("shards are away, and this may stand there: bring back the nodes that hold them")
        return found

    def set_workflow(self, origin: str, record_id: str, after: Workflow, by: str, note: str = "") -> WorkflowStep:
        found = self._find(origin, record_id)
        if found is None:
            self.refresh("incident")  # it may have come a moment ago
            found = self._find(origin, record_id)
        if found is None:
            raise KeyError((origin, record_id))
        made: list[WorkflowStep] = []
        at_ns = self._clock_ns()

        def change(before: documents.Source) -> documents.Source | None:
            there = [step for step in documents.steps(before) if (step.at_ns, step.by, step.note) == (at_ns, by, note)]
            made[:] = there or [WorkflowStep(at_ns, by, Workflow(before["otus.workflow"]), Workflow(after), note)]
            return None if there else documents.decided(before, made[0])

        self._writer.decide(found[0], indices.document_id(origin, record_id), change)
        return made[0]

    def refresh(self, *kinds: str) -> None:
        """Have the next search see all that was written, or all of these kinds."""
        with asking():
            self.client.indices.refresh(
                index=",".join(self._alias(kind) for kind in kinds or indices.KINDS), ignore_unavailable=True
            )

    def counts(self, by: CountBy, where: IncidentFilter = NO_FILTER) -> list[Count]:
        return self.counts_of([(by, where)])[0]

    def counts_of(self, asked: Sequence[tuple[CountBy, IncidentFilter]]) -> list[list[Count]]:
        told = self._all_told([where for _, where in asked])
        questions = [(CountBy(by), where) for (by, _), where in zip(asked, told, strict=True)]
        return counting.counts_of(self.client, self._settings, questions, self._zone)

    def counts_by_level(self, by: CountBy, where: IncidentFilter = NO_FILTER) -> Mapping[Level, list[Count]]:
        return counting.counts_by_level(self.client, self._settings, CountBy(by), self._told(where), self._zone)

    def _told(self, where: IncidentFilter) -> IncidentFilter:
        """The filter with the suppressions it asks about."""
        return self._all_told([where])[0]

    def _all_told(self, asked: Sequence[IncidentFilter]) -> list[IncidentFilter]:
        holding = self._holding() if any(where.suppressed is not None for where in asked) else ()
        return [where if where.suppressed is None else replace(where, suppressions=holding) for where in asked]

    def _holding(self) -> tuple[Suppression, ...]:
        with self._transaction() as connection:
            return suppressions.holding(run_on(connection), self._clock_ns())

    def stories(self, child: str | None = None, limit: int = 50, cursor: str | None = None) -> Page[StoryRow]:
        listed = Listed(self._alias("story"), queries.story_question(child), "story.last_ns")
        rows, following = self._lists.page(listed, limit, cursor)
        return Page(tuple(documents.story_row(row) for row in rows), following)

    def story(self, origin: str, record_id: str) -> StoryRow | None:
        return next(iter(self._stories([(origin, record_id)])), None)

    def _stories(self, names: Collection[StoryName]) -> list[StoryRow]:
        with asking():
            answer = self.client.search(
                index=self._alias("story"),
                query={"ids": {"values": [indices.document_id(*name) for name in names]}},
                size=max(1, len(names)),
                ignore_unavailable=True,
            )
        return [documents.story_row(hit["_source"]) for hit in answer["hits"]["hits"]]

    def open_stories(self, limit: int = 50) -> OpenStories:
        rows, exact = queries.waiting(self.client, self._settings, self._holding())
        named = {(origin, story): number for origin, story, number in rows if story}
        alone = sum(number for _, story, number in rows if not story)
        return stories.ranked(named, alone, self._stories, limit, exact=exact)

    def suppress(self, suppression: Suppression) -> None:
        with self._transaction() as connection:
            suppressions.add(run_on(connection), suppression, self._clock_ns())

    def suppressions(self, limit: int = 200) -> list[Suppression]:
        with self._transaction() as connection:
            return suppressions.newest(run_on(connection), limit)

    def end_suppression(self, suppression_id: str, by: str) -> bool:
        with self._transaction() as connection:
            return suppressions.end(run_on(connection), suppression_id, by, self._clock_ns())

    def assets(self, child: str | None = None, limit: int = 200, cursor: str | None = None) -> Page[AssetRow]:
        query: queries.Question = {"match_all": {}} if child is None else {"term": {"otus.child": child}}
        rows, following = self._lists.page(Listed(self._alias("asset"), query, "asset.last_ns"), limit, cursor)
        return Page(tuple(documents.asset_row(row) for row in rows), following)

    def asset(self, origin: str, record_id: str) -> AssetHistory | None:
        with asking():
            hits = self.client.search(
                index=self._alias("asset"),
                query={"ids": {"values": [indices.document_id(origin, record_id)]}},
                size=1,
                ignore_unavailable=True,
            )["hits"]["hits"]
        return documents.asset_history(hits[0]["_source"]) if hits else None

    def links(self, where: LinkFilter = ALL_LINKS, limit: int = 200, cursor: str | None = None) -> Page[LinkRow]:
        listed = Listed(self._alias("link"), queries.link_question(where), "link.last_ns")
        rows, following = self._lists.page(listed, limit, cursor)
        return Page(tuple(documents.link_row(row) for row in rows), following)

    def sensors(self, where: NodeFilter = ALL_NODES, limit: int = 50, cursor: str | None = None) -> Page[SensorRow]:
        with self._refusing():
            nodes = self._nodes.list()
        return roll.sensors(self.client, self._settings, nodes, where, limit, cursor)

    def coverage(self, silent_before_ns: int) -> Coverage:
        with self._transaction() as connection:
            seen = standing.last_seen(connection)
        with self._refusing():
            nodes = self._nodes.list()
        return figures.coverage(self.client, self._settings, nodes, seen, silent_before_ns)

    def children(self, where: NodeFilter = ALL_NODES, limit: int = 50, cursor: str | None = None) -> Page[ChildRow]:
        with self._transaction() as connection:
            seen = standing.last_seen(connection)
        with self._refusing():
            nodes = self._nodes.list()
        return roll.children(self.client, self._settings, nodes, seen, where, limit, cursor)

    def dead_letters(self, limit: int = 200) -> list[DeadLetter]:
        limit = max(1, min(limit, MAX_LIMIT))
        with self._transaction() as connection:
            letters = [
                *standing.dead_letters(connection, limit),
                *(
                    DeadLetter("outgoing", row.parent, *row.key, row.reason, row.at_ns)
                    for row in queue_tables.dead_letters(connection, limit)
                ),
            ]
        return sorted(letters, key=lambda letter: -letter.at_ns)[:limit]

    def note_rejected(self, answers: Sequence[Answer], via_child: str) -> None:
        refused = [((answer.origin, answer.id, answer.revision), answer.reason) for answer in answers]
        with self._transaction() as connection:
            standing.note_rejected(connection, via_child, refused, self._clock_ns())

    def totals(self) -> Totals:
        numbers = figures.numbers_of(self.client, self._settings)
        with self._transaction() as connection:
            pending = queue_tables.pending(connection)
        return Totals(sum(numbers.values()), numbers["incident"], numbers["asset"], pending, numbers["link"])

    def latest(self) -> set[Key]:
        """What waits in the journal is kept too: it is asked first, so that nothing is missed on its way."""
        with self._transaction() as connection:
            waiting = journal.keys(connection)
        highest: dict[Name, int] = {}
        for origin, record_id, revision in [*waiting, *figures.latest(self.client, self._settings)]:
            highest[origin, record_id] = max(revision, highest.get((origin, record_id), 0))
        return {(*name, revision) for name, revision in highest.items()}

    def bind_origin(self, origin: str, child: str) -> str:
        """Put an origin under a child unless it stands under one; returns the child under which it stands now."""
        with self._transaction() as connection:
            return standing.bind(connection, origin, child)

    def release_origin(self, origin: str) -> bool:
        with self._transaction() as connection:
            return standing.release(connection, origin)

    def expire(self, now_ns: int) -> Expired:
        run = retention.expire(self.client, self._settings, now_ns)
        with self._transaction() as connection:
            alone(connection)
            gone = orders.expire(run_on(connection), run.before_ns, EXPIRE_ORDERS)
            run = replace(run, others=run.others + gone, done=run.done and gone < EXPIRE_ORDERS)
            connection.execute(delete(tables.retention_run))
            connection.execute(insert(tables.retention_run).values(report=json.dumps(asdict(run))))
        return run

    def health(self) -> Health:
        with self._transaction() as connection:
            report = connection.execute(select(tables.retention_run.c.report)).scalar_one_or_none()
            waiting = journal.size(connection)
        last = None if report is None else Expired(**json.loads(report))
        return retention.health(self.client, self._settings, self._clock_ns(), waiting, last)

    def acknowledge(self, code: str) -> bool:
        """No remark of this store waits for a reader: each goes when its cause does."""
        return False

    def close(self) -> None:
        self._drain.stop()
        self._lists.close()
        self.client.close()

    def _alias(self, kind: str) -> str:
        return indices.alias(self._settings, kind)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._refusing(), self._registry.transaction() as connection:
            yield connection

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except RegistryError as error:
            wrapped = StoreFull if isinstance(error, RegistryFull) else StoreError
            raise wrapped(str(error)) from error


def _known(guessed: Iterable[tuple[Change, Place | None]]) -> dict[Name, Waiting]:
    """What the cluster has of a batch, by name. The documents of origins are no records: their names have no ':'."""
    return {
        (place.source["observer.name"], place.source["event.id"]): Waiting(
            place.source["otus.revision"], place.source["otus.kind"]
        )
        for change, place in guessed
        if place is not None and ":" in change.id
    }


def _cause(error: StoreError) -> BaseException | None:
    """What the database itself said: the registry puts its own words before it."""
    return None if error.__cause__ is None else error.__cause__.__context__
