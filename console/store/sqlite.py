"""The embedded store: one SQLite file, one writer, readers that cannot write."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from console.store import (
    ALL_LINKS,
    ALL_NODES,
    NO_FILTER,
    EnrolledNodes,
    NoNodes,
    StoreError,
    StoreFull,
    counts,
    facts,
    figures,
    health,
    kept,
    queries,
    retention,
    stations,
    stories,
    suppressions,
)
from console.store.candidate import prepare
from console.store.index import Index
from console.store.merge import Merge, look_up, note_rejected
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
    Revision,
    SensorRow,
    StoryRow,
    Suppression,
    Totals,
    Workflow,
    WorkflowStep,
)
from console.store.sql import run_on
from console.store.sqlite_baselines import SqliteBaselines
from console.store.sqlite_orders import SqliteOrders
from federation import spool_tables
from sensor.schema import LEVELS, Key, Level, Record

KEEP_FREE_BYTES = 64 * 2**20
"""Left free on the disk (but no more than a fiftieth of it): with less, nothing is accepted any more."""


class SqliteStore(SqliteOrders, SqliteBaselines):
    """Implements `console.store.Store`."""

    def __init__(
        self,
        path: Path,
        *,
        parents: Sequence[str] = (),
        zone: str = "Asia/Shanghai",
        keep_days: int = retention.LEAST_DAYS,
        keep_free_bytes: int = KEEP_FREE_BYTES,
        clock_ns: Callable[[], int] = time.time_ns,
        nodes: EnrolledNodes | None = None,
        room: health.Room = health.disk_room,
        sums_up: bool = False,
    ) -> None:
        """`sums_up`: heartbeats are not queued for the parents; they are told one sum of them."""
        self._nodes = nodes or NoNodes()
        self._sums_up = sums_up
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise StoreError(f"{zone!r} is not a time zone; use a name like Asia/Shanghai") from None
        if keep_days < retention.LEAST_DAYS:
            raise StoreError(f"alerts are kept for at least {retention.LEAST_DAYS} days; {keep_days} is too few")
        self._keep_days = keep_days
        self._clock_ns = clock_ns
        self._room = room
        super().__init__(path)
        self._keep_free_bytes = min(keep_free_bytes, health.disk_size(path.parent) // 50)
        with self._write() as db:
            spool_tables.add_parents(db, parents)
            facts.set_fact(db, health.SETTINGS, {"keep_days": keep_days, "keep_free_bytes": self._keep_free_bytes})

    def merge(self, records: Sequence[Record], via_child: str) -> list[Answer]:
        self._refuse_when_full()
        kind = self._nodes.kind_of(via_child)
        batch = prepare(records, via_child)  # before the writer's place is taken
        origins = {record.origin for record in records}
        moment = self._changes.moment()
        with self._read() as db:
            # Ids are hashes: in a large file each lies on a page of its own, which comes from the disk meanwhile.
            stored = look_up(db, records)
        with self._write(origins) as db:
            if self._changes.touched(origins, moment):
                stored = look_up(db, records)
            return Merge(db, via_child, kind, self._clock_ns(), stored, sums_up=self._sums_up).run(batch)

    def incidents(
        self, where: IncidentFilter = NO_FILTER, limit: int = 50, cursor: str | None = None
    ) -> Page[IncidentRow]:
        with self._read() as db:
            return queries.incidents(db, self._told(db, where), limit, cursor)

    def incident_count(self, where: IncidentFilter = NO_FILTER) -> Found:
        with self._read() as db:
            return queries.incident_count(db, self._told(db, where))

    def newest(self, asked: Sequence[IncidentFilter], limit: int) -> list[list[IncidentRow]]:
        with self._read() as db:
            return [list(queries.incidents(db, self._told(db, where), limit, None).rows) for where in asked]

    def incidents_named(self, names: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Incident]:
        found = {name: self.incident(*name) for name in names}
        return {name: incident for name, incident in found.items() if incident is not None}

    def incident(self, origin: str, record_id: str) -> Incident | None:
        with self._read() as db:
            found = db.execute(
                f"SELECT {queries.ROW_COLUMNS}, i.number, r.whole FROM {queries.ROW_TABLES}"
                " WHERE r.origin = ? AND r.id = ?",
                (origin, record_id),
            ).fetchone()
            if found is None:
                return None
            revisions = db.execute(
                "SELECT revision, received_ns, count, last_ns, outcome, state FROM revision"
                " WHERE number = ? ORDER BY revision DESC",
                (found[-2],),
            )
            steps = db.execute(
                "SELECT at_ns, by, before, after, note FROM step WHERE number = ? ORDER BY step", found[-2:-1]
            )
            return Incident(
                row=queries.read_row(found[:-2]),
                record=Record.from_bytes(found[-1]),
                revisions=tuple(Revision(*row) for row in revisions),
                steps=tuple(WorkflowStep(row[0], row[1], Workflow(row[2]), Workflow(row[3]), row[4]) for row in steps),
            )

    def set_workflow(self, origin: str, record_id: str, after: Workflow, by: str, note: str = "") -> WorkflowStep:
        with self._write() as db:
            row = db.execute(
                f"SELECT i.number, coalesce(d.workflow, 'new') FROM {queries.ROW_TABLES}"
                " WHERE r.origin = ? AND r.id = ?",
                (origin, record_id),
            ).fetchone()
            if row is None:
                raise KeyError((origin, record_id))
            step = WorkflowStep(self._clock_ns(), by, Workflow(row[1]), Workflow(after), note)
            before = kept.read(db, row[0])
            assert before is not None
            index = Index(db)
            index.changed(row[0], before, (before[0], str(step.after)))
            index.aged(row[0], step.at_ns, incident=True)
            index.write()
            db.execute("INSERT OR REPLACE INTO decision VALUES (?, ?)", (row[0], str(step.after)))
            db.execute(
                "INSERT INTO step (number, at_ns, by, before, after, note) VALUES (?, ?, ?, ?, ?, ?)",
                (row[0], step.at_ns, by, str(step.before), str(step.after), note),
            )
            return step

    def counts(self, by: CountBy, where: IncidentFilter = NO_FILTER) -> list[Count]:
        with self._read() as db:
            return counts.counts(db, CountBy(by), self._told(db, where), self._zone)

    def counts_of(self, asked: Sequence[tuple[CountBy, IncidentFilter]]) -> list[list[Count]]:
        with self._read() as db:
            return [counts.counts(db, CountBy(by), self._told(db, where), self._zone) for by, where in asked]

    def counts_by_level(self, by: CountBy, where: IncidentFilter = NO_FILTER) -> Mapping[Level, list[Count]]:
        levels = [level for level in LEVELS if where.level in (None, level)]
        found = self.counts_of([(by, replace(where, level=level)) for level in levels])
        return {**{level: [] for level in LEVELS}, **dict(zip(levels, found, strict=True))}

    def _told(self, db: sqlite3.Connection, where: IncidentFilter) -> IncidentFilter:
        """The filter with the suppressions it asks about."""
        if where.suppressed is None:
            return where
        return replace(where, suppressions=suppressions.holding(run_on(db), self._clock_ns()))

    def stories(self, child: str | None = None, limit: int = 50, cursor: str | None = None) -> Page[StoryRow]:
        with self._read() as db:
            return stories.page(db, child, limit, cursor)

    def story(self, origin: str, record_id: str) -> StoryRow | None:
        with self._read() as db:
            return stories.find(db, origin, record_id)

    def open_stories(self, limit: int = 50) -> OpenStories:
        with self._read() as db:
            return stories.open_work(db, suppressions.holding(run_on(db), self._clock_ns()), limit)

    def suppress(self, suppression: Suppression) -> None:
        with self._write() as db:
            suppressions.add(run_on(db), suppression, self._clock_ns())

    def suppressions(self, limit: int = 200) -> list[Suppression]:
        with self._read() as db:
            return suppressions.newest(run_on(db), limit)

    def end_suppression(self, suppression_id: str, by: str) -> bool:
        with self._write() as db:
            return suppressions.end(run_on(db), suppression_id, by, self._clock_ns())

    def assets(self, child: str | None = None, limit: int = 200, cursor: str | None = None) -> Page[AssetRow]:
        with self._read() as db:
            return figures.assets(db, child, limit, cursor)

    def asset(self, origin: str, record_id: str) -> AssetHistory | None:
        with self._read() as db:
            return stations.asset(db, origin, record_id)

    def links(self, where: LinkFilter = ALL_LINKS, limit: int = 200, cursor: str | None = None) -> Page[LinkRow]:
        with self._read() as db:
            return stations.links(db, where, limit, cursor)

    def sensors(self, where: NodeFilter = ALL_NODES, limit: int = 50, cursor: str | None = None) -> Page[SensorRow]:
        nodes = self._nodes.list()
        with self._read() as db:
            return figures.sensors(db, nodes, where, limit, cursor)

    def coverage(self, silent_before_ns: int) -> Coverage:
        nodes = self._nodes.list()
        with self._read() as db:
            return figures.coverage(db, nodes, silent_before_ns)

    def children(self, where: NodeFilter = ALL_NODES, limit: int = 50, cursor: str | None = None) -> Page[ChildRow]:
        nodes = self._nodes.list()
        with self._read() as db:
            return figures.children(db, nodes, where, limit, cursor)

    def dead_letters(self, limit: int = 200) -> list[DeadLetter]:
        with self._read() as db:
            return figures.dead_letters(db, limit)

    def note_rejected(self, answers: Sequence[Answer], via_child: str) -> None:
        with self._write() as db:
            for answer in answers:
                key = (answer.origin, answer.id, answer.revision)
                note_rejected(db, via_child, key, answer.reason, self._clock_ns())

    def totals(self) -> Totals:
        with self._read() as db:
            return figures.totals(db)

    def latest(self) -> set[Key]:
        with self._read() as db:
            return {(row[0], row[1], row[2]) for row in db.execute("SELECT origin, id, revision FROM record")}

    def bind_origin(self, origin: str, child: str) -> str:
        with self._write() as db:
            db.execute("INSERT OR IGNORE INTO origin VALUES (?, ?)", (origin, child))
            return str(db.execute("SELECT child FROM origin WHERE name = ?", (origin,)).fetchone()[0])

    def release_origin(self, origin: str) -> bool:
        with self._write() as db:
            return db.execute("DELETE FROM origin WHERE name = ?", (origin,)).rowcount > 0

    def expire(self, now_ns: int) -> Expired:
        with self._write() as db:
            health.take_sample(db, now_ns)
        return retention.expire(self._write, now_ns, self._keep_days, self._short_of_room)

    def health(self) -> Health:
        with self._read() as db:
            return health.of(db, self.path, self._clock_ns(), self._keep_days, self._keep_free_bytes, self._room)

    def acknowledge(self, code: str) -> bool:
        with self._write() as db:
            return health.acknowledge(db, self.path, code)

    def check_file(self) -> str | None:
        """Read the whole file; what is wrong is remembered until somebody has read it. None: it is sound.

        For files that are too large to be checked while a console waits for its start: this holds nobody up.
        """
        with self._read() as db:
            verdict = " ".join(str(db.execute("PRAGMA quick_check(1)").fetchone()[0]).split())
        if verdict == "ok":
            return None
        with self._write() as db:
            health.remember(db, "unsound", {"finding": verdict[:300]})
        return verdict

    def _short_of_room(self) -> bool:
        return self._room(self.path.parent) < 2 * self._keep_free_bytes

    def _refuse_when_full(self) -> None:
        """Before the disk is really full: what people write, and the write-ahead log itself, need room too."""
        if self._room(self.path.parent) < self._keep_free_bytes:
            raise StoreFull(
                f"{self.path}: less than {self._keep_free_bytes // 2**20} MB are free on its disk; nothing is accepted"
                " until there is more, nothing that was acknowledged is lost"
            )
