"""How a cluster is and what waits for it, for the person at the command line. Looking changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch
from sqlalchemy import func, select

from console.registry import Registry, queue_tables
from console.store import StoreError
from console.store.elastic import indices, retention
from console.store.elastic.connection import asking, open_client
from console.store.elastic.settings import ElasticSettings
from console.store.elastic.shards import Shards, shards
from console.store.elastic.tables import journal, retention_run
from console.store.rows import Expired, Health


@dataclass(frozen=True)
class Waiting:
    """What was acknowledged and is not yet where it shall be."""

    batches: int
    """in the journal, for the cluster"""
    bytes: int
    oldest_ns: int | None
    max_bytes: int
    upward: Mapping[str, int]
    """parent → records"""
    upward_bytes: int
    upward_max_bytes: int


@dataclass(frozen=True)
class Index:
    name: str
    documents: int
    bytes: int
    """with its copies"""
    shards: int
    state: str


@dataclass(frozen=True)
class Status:
    waiting: Waiting
    nodes: int | None = None
    versions: tuple[str, ...] = ()
    state: str | None = None
    """green, yellow or red: of this console's indices"""
    shards: Shards | None = None
    health: Health | None = None
    problem: str = ""
    """why the cluster could not be asked; then only what waits is known"""


def status(settings: ElasticSettings, registry: Registry, now_ns: int) -> Status:
    with registry.reading() as connection:
        batches, size, oldest_ns = connection.execute(
            select(func.count(), func.coalesce(func.sum(journal.c.size), 0), func.min(journal.c.received_ns))
        ).one()
        report = connection.execute(select(retention_run.c.report)).scalar_one_or_none()
        waiting = Waiting(
            batches, int(size), oldest_ns, settings.journal_max_bytes, queue_tables.pending(connection),
            queue_tables.waiting_bytes(connection), settings.upward_max_bytes,
        )  # fmt: skip
    last = None if report is None else Expired(**json.loads(report))
    try:
        with closing(open_client(settings)) as client:
            with asking():
                nodes = client.nodes.info(metric="settings", filter_path="nodes.*.version").body.get("nodes", {})
                found = client.cluster.health(index=f"{settings.prefix}-*", master_timeout=f"{settings.patience_s}s")
            state = str(found["status"])
            return Status(
                waiting,
                len(nodes),
                tuple(sorted({str(node.get("version", "")) for node in nodes.values()})),
                state,
                shards(client),
                retention.health(client, settings, now_ns, waiting.bytes, last),
            )
    except StoreError as error:
        return Status(waiting, problem=str(error))


def index_sizes(client: Elasticsearch, settings: ElasticSettings) -> list[Index]:
    """This console's indices, by name."""
    pattern = ",".join(f"{indices.alias(settings, kind)}-*" for kind in indices.KINDS)
    with asking():
        rows: Any = client.cat.indices(
            index=pattern, format="json", bytes="b", h="index,health,docs.count,store.size,pri,rep"
        ).body
    found = [
        Index(
            row["index"],
            int(row["docs.count"] or 0),
            int(row["store.size"] or 0),
            int(row["pri"]) * (1 + int(row["rep"])),
            row["health"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda index: index.name)
