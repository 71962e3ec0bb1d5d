"""Where a console keeps what it was sent. Screens and ingest see only `Store`; a second, distributed one follows.

One contract test suite (`tests/console/store`) runs on every implementation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from console.store.baseline_rows import BaselineRow, EntryFilter
from console.store.baseline_store import ALL_ENTRIES, BaselineStore
from console.store.order_rows import (
    Below,
    OrderFilter,
    OrderItem,
    OrderRow,
    OrderTotals,
    ReceiptCounts,
    ReceiptRow,
)
from console.store.order_store import ALL_ORDERS, OrderStore
from console.store.rows import (
    EXACT_TO,
    OPEN_WORK,
    Answer,
    AssetHistory,
    AssetRevision,
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
    OpenStory,
    Page,
    Remark,
    Revision,
    SensorRow,
    Silence,
    Status,
    StoryRow,
    Suppression,
    Totals,
    Workflow,
    WorkflowStep,
)
from console.store.suppressions import MAX_SUPPRESSIONS, TooManySuppressions
from sensor.schema import Key, Level, Record

NO_FILTER = IncidentFilter()
ALL_LINKS = LinkFilter()
ALL_NODES = NodeFilter()


class EnrolledNode(Protocol):
    """A child that was given a credential here."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def revoked_ns(self) -> int | None: ...


class EnrolledNodes(Protocol):
    """Who is enrolled here. The registry knows (`console.nodes.Nodes`); the store only asks."""

    def kind_of(self, name: str) -> str | None: ...
    def list(self) -> Sequence[EnrolledNode]: ...


class NoNodes:
    """For a store that is read or filled apart from its console: nobody is enrolled."""

    def kind_of(self, name: str) -> str | None:
        return None

    def list(self) -> Sequence[EnrolledNode]:
        return ()


class StoreError(RuntimeError):
    """The store cannot be opened or read; the message is one line with the way out."""


class StoreFull(StoreError):
    """The disk is full. Nothing of this call was kept, everything acknowledged before is; ask again later."""


class Store(OrderStore, BaselineStore, Protocol):
    """Records in, screens out. Safe to use from many threads; every call is one transaction."""

    def merge(self, records: Sequence[Record], via_child: str) -> list[Answer]:
        """Keep records that arrived from `via_child` and return one answer for each, in order.

        What was answered `stored` or `duplicate` is on disk when this returns, and so is its copy in the queue to every
        parent. A record delivered twice changes nothing. An older revision than the one kept is a `duplicate`. An
        origin belongs to the child it first came through; from another child it is `rejected`
        (`origin_not_under_child`).

        Raises:
            StoreFull: nothing was kept; the sender should keep its records and come back.
        """
        ...

    def incidents(
        self, where: IncidentFilter = NO_FILTER, limit: int = 50, cursor: str | None = None
    ) -> Page[IncidentRow]:
        """Incidents, the one last seen most recently first. A cursor that cannot be read begins at the first page.

        Where more than `EXACT_TO` match (`incident_count`) a store may go by when it first stored them instead, the
        newest first. Within one walk through the pages the order does not change, no incident comes twice, and one
        that neither came nor changed meanwhile is not left out.
        """
        ...

    def newest(self, asked: Sequence[IncidentFilter], limit: int) -> list[list[IncidentRow]]:
        """The first rows of several lists of incidents at once, of which nobody turns the pages; one list for each, in
        order, as `incidents` has them."""
        ...

    def incident_count(self, where: IncidentFilter = NO_FILTER) -> Found:
        """How many incidents match: exact up to `EXACT_TO`, beyond that only that there are more.

        Costs the same however many match.
        """
        ...

    def incident(self, origin: str, record_id: str) -> Incident | None:
        """One incident in full, or None."""
        ...

    def incidents_named(self, names: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Incident]:
        """What `incident` says of each (origin, id), without those that are not there. As many as a page shows."""
        ...

    def set_workflow(self, origin: str, record_id: str, after: Workflow, by: str, note: str = "") -> WorkflowStep:
        """Write down a person's decision, apart from the record: later revisions do not touch it.

        Raises:
            KeyError: there is no such incident.
        """
        ...

    def counts(self, by: CountBy, where: IncidentFilter = NO_FILTER) -> list[Count]:
        """Incidents counted by one column, the largest first; `level` gravest first, `hour` and `day` in order.

        Keys of `hour` are `2026-11-20T22`, of `day` `2026-11-20`, of `week` (ISO, from Monday) `2026-W47`, in the
        node's zone. Exact at any size. Without a filter, or with one of level, child, detector, protocol, technique,
        workflow, it costs the same however many match; with `text` or several filters it grows with what matches: ask
        `incident_count` first where a page can do without.
        """
        ...

    def counts_of(self, asked: Sequence[tuple[CountBy, IncidentFilter]]) -> list[list[Count]]:
        """Several `counts` that a page wants at once, asked together; one answer for each, in order."""
        ...

    def counts_by_level(self, by: CountBy, where: IncidentFilter = NO_FILTER) -> Mapping[Level, list[Count]]:
        """What `counts` says of each level, every one of them, in one question."""
        ...

    def stories(self, child: str | None = None, limit: int = 50, cursor: str | None = None) -> Page[StoryRow]:
        """Stories, the one last seen most recently first. Those that became part of another are not listed."""
        ...

    def story(self, origin: str, record_id: str) -> StoryRow | None:
        """One story, also one that became part of another, or None."""
        ...

    def open_stories(self, limit: int = 50) -> OpenStories:
        """Stories with alerts that are open work (`OPEN_WORK`) and not suppressed, the most urgent first.

        Costs a look at the alerts that are open work, at most the 20,000 that came last.
        """
        ...

    def suppress(self, suppression: Suppression) -> None:
        """Keep it; it holds from now on. It is never deleted: who took what out of sight stays to be read.

        Raises:
            TooManySuppressions: `MAX_SUPPRESSIONS` hold already.
        """
        ...

    def suppressions(self, limit: int = 200) -> list[Suppression]:
        """All there ever were, the newest first."""
        ...

    def end_suppression(self, suppression_id: str, by: str) -> bool:
        """End it before its date. Returns whether it held until now."""
        ...

    def assets(self, child: str | None = None, limit: int = 200, cursor: str | None = None) -> Page[AssetRow]:
        """Assets, the one last seen most recently first."""
        ...

    def asset(self, origin: str, record_id: str) -> AssetHistory | None:
        """One station with its last revisions, or None."""
        ...

    def links(self, where: LinkFilter = ALL_LINKS, limit: int = 200, cursor: str | None = None) -> Page[LinkRow]:
        """Who speaks to whom, the link last heard most recently first. Steady from page to page, as `incidents` is."""
        ...

    def sensors(self, where: NodeFilter = ALL_NODES, limit: int = 50, cursor: str | None = None) -> Page[SensorRow]:
        """Origins that sent a heartbeat or are enrolled here as sensors, with their last heartbeat, by name.

        A page costs its own rows, and a look at the names there are. Within one walk through the pages the order stays:
        nobody is left out; who was silent and is heard meanwhile may come once more, among those who are heard.
        """
        ...

    def coverage(self, silent_before_ns: int) -> Coverage:
        """How well this node sees. Silent is what was last heard before that moment, or never.

        Costs a line of a table for each sensor and child, not its record.
        """
        ...

    def children(self, where: NodeFilter = ALL_NODES, limit: int = 50, cursor: str | None = None) -> Page[ChildRow]:
        """Child nodes enrolled here, with their figures, by name; paged as `sensors` are."""
        ...

    def dead_letters(self, limit: int = 200) -> list[DeadLetter]:
        """What was refused, by us or by a parent, the newest first."""
        ...

    def note_rejected(self, answers: Sequence[Answer], via_child: str) -> None:
        """Remember records that were refused before they could reach `merge`, for `dead_letters`."""
        ...

    def totals(self) -> Totals:
        """How much this node holds and how much of it still waits to go up."""
        ...

    def latest(self) -> set[Key]:
        """(origin, id, highest revision) of every record kept: what two tiers compare."""
        ...

    def bind_origin(self, origin: str, child: str) -> str:
        """Put an origin under a child unless it stands under one; returns the child under which it stands now."""
        ...

    def release_origin(self, origin: str) -> bool:
        """Forget under which child an origin stands, so that the next one to report it is believed (a moved sensor)."""
        ...

    def expire(self, now_ns: int) -> Expired:
        """Delete what has outlived retention, in batches that hold nobody up, and return what became of it.

        An incident's age counts from when this node last stored a revision or a person's decision of it, by this
        node's clock, whatever the packets' time says. None younger than the days kept (at least 180, a setting) goes.
        What is older goes with its revisions, steps, full text and counts, at the latest once a whole period of the
        store (a month at most) lies beyond them. Records of other kinds go with their age; assets, links, the last
        heartbeats, and who stands under whom stay. A run is bounded: where `done` is False, call again.
        """
        ...

    def health(self) -> Health:
        """Size, oldest record, room left and until when, the last run of retention, and what a person must know."""
        ...

    def acknowledge(self, code: str) -> bool:
        """Somebody has read a remark that stays until then. Returns whether there was one."""
        ...

    def close(self) -> None: ...


def open_store(
    path: Path,
    *,
    parents: Sequence[str] = (),
    zone: str = "Asia/Shanghai",
    keep_days: int = 180,
    keep_free_bytes: int = 64 * 2**20,
    nodes: EnrolledNodes | None = None,
    sums_up: bool = False,
) -> Store:
    """Open (or make) the embedded SQLite store of one console; a file of an older version becomes one of this version.

    `parents` are the names of the nodes this console reports to: what is stored from now on is queued for each of them.
    A parent that is missing here keeps its queue; only the relay, which knows the lines themselves, lets one go.
    `zone` is what days and hours are counted in. With less than `keep_free_bytes` (or a fiftieth of
    a small disk) on the disk nothing is accepted. `nodes` says who is enrolled here; None: nobody.
    With `sums_up` heartbeats are kept and not queued for the parents, who are told one sum of them.

    A damaged file is set aside and a fresh store begun: `health()` says so until somebody has acknowledged it.

    Raises:
        StoreError: the file was written by a newer version, is in use, or cannot be opened; `keep_days` is too few.
    """
    from console.store.opening import open_or_set_aside

    return open_or_set_aside(
        path,
        parents=parents,
        zone=zone,
        keep_days=keep_days,
        keep_free_bytes=keep_free_bytes,
        nodes=nodes,
        sums_up=sums_up,
    )


__all__ = [
    "ALL_ENTRIES",
    "ALL_LINKS",
    "ALL_NODES",
    "ALL_ORDERS",
    "EXACT_TO",
    "MAX_SUPPRESSIONS",
    "NO_FILTER",
    "OPEN_WORK",
    "Answer",
    "AssetHistory",
    "AssetRevision",
    "AssetRow",
    "BaselineRow",
    "BaselineStore",
    "Below",
    "ChildRow",
    "Count",
    "CountBy",
    "Coverage",
    "DeadLetter",
    "EnrolledNode",
    "EnrolledNodes",
    "EntryFilter",
    "Expired",
    "Found",
    "Health",
    "Incident",
    "IncidentFilter",
    "IncidentRow",
    "LinkFilter",
    "LinkRow",
    "NoNodes",
    "NodeFilter",
    "OpenStories",
    "OpenStory",
    "OrderFilter",
    "OrderItem",
    "OrderRow",
    "OrderStore",
    "OrderTotals",
    "Page",
    "ReceiptCounts",
    "ReceiptRow",
    "Remark",
    "Revision",
    "SensorRow",
    "Silence",
    "Status",
    "Store",
    "StoreError",
    "StoreFull",
    "StoryRow",
    "Suppression",
    "TooManySuppressions",
    "Totals",
    "Workflow",
    "WorkflowStep",
    "open_store",
]
