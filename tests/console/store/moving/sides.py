"""A store filled with one of everything, and the two kinds of places it may be moved between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.registry import open_registry, queue_tables
from console.store import CountBy, IncidentFilter, LinkFilter, OrderFilter, Store, Suppression, Workflow
from console.store.elastic import ElasticSettings
from console.store.elastic.store import ElasticStore
from console.store.moving import Moved
from console.store.moving.places import move
from console.store.rows import Answer, Status
from console.store.sqlite import SqliteStore
from federation import spool_tables
from federation.database import open_writer, transaction
from federation.queue import Verdict
from sensor.schema import Record
from tests.console.store.elastic.cluster import Cluster
from tests.federation.baseline_records import carried_out, entry, part, review, suspicious_link, whole
from tests.federation.line_records import alert, asset, evidence, heartbeat, link, record_id, story
from tests.federation.order_records import notice, receipt, results, task, warning

DAY_NS = 86_400 * 10**9
BEGAN_NS = 1_795_154_400_000_000_000


@dataclass
class Clock:
    """Every look is a second later."""

    now_ns: int = BEGAN_NS

    def __call__(self) -> int:
        self.now_ns += 10**9
        return self.now_ns


@dataclass
class Side:
    """One kind of store at one place."""

    places: tuple[str, ...]
    open: Callable[[], Store]
    settings: Callable[[tuple[str, ...]], ElasticSettings] = field(default=lambda urls: ElasticSettings(urls))
    registry: str | None = None


Make = Callable[[str], Side]
DIRECTIONS = [("sqlite", "sqlite"), ("sqlite", "elasticsearch"), ("elasticsearch", "sqlite")]


def sqlite_side(folder: Path, clock: Callable[[], int]) -> Side:
    folder.mkdir(exist_ok=True)
    return Side((str(folder),), lambda: SqliteStore(folder / "store.sqlite", parents=["up", "other"], clock_ns=clock))


def elastic_side(cluster: Cluster, clock: Callable[[], int]) -> Side:
    return Side(
        cluster.settings.urls,
        lambda: cluster.open(ElasticStore, parents=["up", "other"], clock_ns=clock),
        lambda urls: cluster.settings,
        cluster.registry_url,
    )


@contextmanager
def queue_of(side: Side) -> Iterator[tuple[Any, Any]]:
    """The queue to the parents as it stands there: what is done to its tables, and a transaction to do it in."""
    if side.registry is None:
        path = Path(side.places[0])
        path = path if path.suffix else path / "store.sqlite"
        with closing(open_writer(path)) as writer, transaction(writer, path) as db:
            yield spool_tables, db
        return
    with closing(open_registry(side.registry)) as registry, registry.transaction() as connection:
        yield queue_tables, connection


def answer_some(side: Side) -> None:
    """Of five that wait for `up`: the first is stored, the second refused, the third put behind the others."""
    with queue_of(side) as (tables, db):
        first, second, third = tables.take(db, "up", 3, 2**20)
        tables.answer(db, "up", [Verdict(first), Verdict(second, "refused: 不收")], 7)
        tables.defer(db, "up", [third.seq])


def moved(source: Side, target: Side, said: list[str] | None = None, **options: Any) -> Moved:
    of_cluster = source if source.registry else target
    lines = [] if said is None else said
    return move(source.places, target.places, of_cluster.settings, of_cluster.registry, lines.append, **options)


def fill(store: Store, clock: Clock, number: int = 40) -> None:
    """Incidents with revisions and decisions, of several ages, and one or two of everything else."""
    store.merge([alert(n) for n in range(number)], "plant")
    clock.now_ns += 100 * DAY_NS
    store.merge([alert(n, revision=3) for n in range(0, number, 3)], "plant")
    store.set_workflow("sensor-1", record_id(1), Workflow.TRIAGE, "王工", "先看流量")
    store.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "李工", "核实：工程师站写入")
    store.set_workflow("sensor-1", record_id(2), Workflow.IGNORED, "li")
    store.set_workflow("sensor-1", record_id(2), Workflow.NEW, "li")
    clock.now_ns += 30 * DAY_NS
    store.merge([alert(n, origin="far.sensor", first_ns=1, last_ns=2) for n in range(3)], "province")
    store.merge([asset(1), asset(2, revision=4), evidence(1), heartbeat(1), heartbeat(2)], "plant")
    store.merge([asset(2, revision=5), link(1), link(2, revision=2), link(3, protocol="s7comm")], "plant")
    store.merge([heartbeat(3, origin="far.sensor")], "province")
    store.merge([Record("tomorrow", record_id(77), 1, "sensor-1", {"一": [1, None, "二"]}, extra={"new": 1})], "plant")
    one = story(1)
    parts = [alert(n, origin="cell", story=one.id, cause="rule:a") for n in (50, 51)]
    store.merge([story(1, origin="cell"), story(2, revision=2, origin="cell", merged_into=one.id), *parts], "plant")
    store.suppress(
        Suppression("a", "rule:b", ("192.168.1.66",), None, "检修", "wang", clock.now_ns, 2**62, about="写入")
    )
    store.suppress(Suppression("b", "rule:a", (), "line 2", "演练", "li", clock.now_ns, 2**62))
    store.end_suppression("b", "wang")
    store.merge([alert(1)], "thief")  # refused: stands under another child
    store.note_rejected([Answer("x", record_id(9), 1, Status.REJECTED, "unreadable: 坏")], "plant")
    store.bind_origin("promised", "plant")
    fill_orders(store)
    store.expire(clock.now_ns)


def fill_orders(store: Store) -> None:
    """Of our own and from a parent, to all and to named ones, answered below and by us."""
    store.issue(notice(1, addressees=("plant", "province")))
    store.issue(notice(1, revision=2, addressees=("plant",), title="改过的标题"))
    store.issue(task(2))
    store.receive([warning(3, origin="up"), notice(4, origin="up")], "up", "here", 77)
    store.respond(receipt(warning(3, origin="up"), "here", state="acknowledged"))
    store.issue(review(5, sensor="mirror"))
    store.issue(review(6, sensor="mirror", rollback=2))
    parts = [part(1, entry(0), suspicious_link(), origin="mirror"), part(2, entry(20), origin="mirror")]
    store.merge([*parts, whole(origin="mirror"), carried_out(review(5, sensor="mirror"), sensor="mirror")], "mirror")
    store.merge([receipt(notice(1), "plant"), receipt(task(2), "far.plant")], "plant")
    store.merge([results(task(2), "far.plant"), receipt(warning(3, origin="up"), "far.plant")], "plant")


def all_rows(store: Store, where: IncidentFilter | None = None) -> list[Any]:
    found: list[Any] = []
    cursor = None
    while True:
        page = store.incidents(where or IncidentFilter(), 7, cursor)
        found += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return found


def picture(store: Store) -> dict[str, Any]:
    """All that the interface tells, apart from the place itself."""
    rows = all_rows(store)
    health = store.health()
    return {
        "incidents": sorted(rows, key=lambda row: (row.origin, row.id)),
        "whole": [store.incident(row.origin, row.id) for row in sorted(rows, key=lambda row: (row.origin, row.id))],
        "counts": {by: store.counts(by) for by in CountBy},
        "found": [
            sorted(row.id for row in all_rows(store, IncidentFilter(text=text)))
            for text in ("写命令", "192.168.1.66", "far.sensor", "nowhere")
        ],
        "assets": sorted(store.assets().rows, key=lambda row: row.id),
        "histories": [store.asset(row.origin, row.id) for row in sorted(store.assets().rows, key=lambda row: row.id)],
        "links": store.links().rows,
        "links of": store.links(LinkFilter(address="192.168.1.11", protocol="s7comm")).rows,
        "sensors": store.sensors().rows,
        "children": store.children().rows,
        "letters": store.dead_letters(),
        "totals": store.totals(),
        "latest": store.latest(),
        "oldest": health.oldest_ns,
        "retention": health.expired,
        "orders": [store.order(row.origin, row.id) for row in store.orders().rows],
        "told": [store.orders_below(child, 0) for child in ("plant", "province")],
        "receipts": [store.receipts(row.origin, row.id).rows for row in store.orders().rows],
        "heard": store.heard_from("up"),
        "stories": store.stories().rows,
        "open": store.open_stories(),
        "part of": sorted(row.id for row in all_rows(store, IncidentFilter(stories=(story(1).id,)))),
        "hidden": store.incident_count(IncidentFilter(suppressed=True)),
        "suppressions": store.suppressions(),
        "baselines": store.baselines(),
        "entries": store.baseline_entries("mirror").rows,
        "reviews": [store.order(row.origin, row.id) for row in store.orders(OrderFilter(kind="review")).rows],
    }
