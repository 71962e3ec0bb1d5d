"""A store on Elasticsearch, from end to end and from nothing: its indices, and what stands of it in the registry."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch
from sqlalchemy import Connection, delete, insert, select, text

from console.registry import Registry, open_registry
from console.store import StoreError
from console.store.elastic import indices, journal, templates
from console.store.elastic.connection import asking, check_cluster, open_client
from console.store.elastic.settings import ElasticSettings
from console.store.elastic.store import ElasticStore
from console.store.elastic.tables import retention_run
from console.store.moving.guard import MOVING, RUNNING, Alone, Say, alone
from console.store.moving.tables import Tables

JOURNAL_S = 120.0
"""without anything leaving the journal"""


@dataclass(frozen=True)
class Cluster:
    """One store on Elasticsearch, of which nobody else has a hold."""

    client: Elasticsearch
    settings: ElasticSettings
    registry: Registry
    hold: Alone
    say: Say

    @property
    def name(self) -> str:
        hosts = ", ".join(url.rpartition("@")[2] if "@" in url else url for url in self.settings.urls)
        return f"{hosts} ({self.settings.prefix}-*)"

    def identity(self) -> str:
        with asking():
            state = self.client.cluster.state(metric="metadata", filter_path="metadata.cluster_uuid").body
        return f"elasticsearch:{state['metadata']['cluster_uuid']}:{self.settings.prefix}"

    def pattern(self, *kinds: str) -> str:
        return ",".join(indices.alias(self.settings, kind) for kind in kinds or indices.KINDS)

    def refresh(self) -> None:
        with asking():
            self.client.indices.refresh(index=self.pattern(), ignore_unavailable=True)

    def number(self, *kinds: str) -> int:
        with asking():
            return int(self.client.count(index=self.pattern(*kinds), ignore_unavailable=True)["count"])


def tables(connection: Connection) -> Tables:
    def execute(statement: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        answer = connection.execute(text(statement), values)
        return [tuple(row) for row in answer] if answer.returns_rows else []

    return Tables(execute, in_registry=True)


def numbers_go_on(connection: Connection) -> None:
    """PostgreSQL gives numbers from a sequence of its own, which does not see those that were written by hand."""
    if connection.dialect.name != "postgresql":
        return
    for name in ("rejected", "upward_dead"):
        connection.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'number'),"
                f" (SELECT greatest(coalesce(max(number), 0), 1) FROM {name}))"
            )
        )


@contextmanager
def open_cluster(settings: ElasticSettings, registry_url: Any, say: Say, *, fresh: bool) -> Iterator[Cluster]:
    """`fresh`: it is to be moved into. Else what waits in its journal is brought to the cluster first.

    Raises:
        StoreError, RegistryError: it cannot be reached, or a console is running on it.
    """
    with closing(open_registry(registry_url)) as registry:
        with alone(registry, (RUNNING,), say):
            pass  # no console is running
        if not fresh:
            _empty_journal(settings, registry)
        with closing(open_client(settings)) as client, alone(registry, (RUNNING, MOVING), say) as hold:
            check_cluster(client, settings)
            if fresh:
                templates.install(client, settings)
            yield Cluster(client, settings, registry, hold, say)


def _empty_journal(settings: ElasticSettings, registry: Registry) -> None:
    with closing(ElasticStore(settings, registry)):
        left, end = -1, time.monotonic() + JOURNAL_S
        while True:
            with registry.reading() as connection:
                waiting = journal.size(connection)
            if waiting == 0:
                return
            if waiting != left:
                left, end = waiting, time.monotonic() + JOURNAL_S
            elif time.monotonic() > end:
                raise StoreError(f"{waiting:,} bytes in the journal do not reach the cluster; bring it to green first")
            time.sleep(0.2)


def last_run(connection: Connection) -> str | None:
    found = connection.execute(select(retention_run.c.report)).scalar_one_or_none()
    return None if found is None else json.dumps(json.loads(found), sort_keys=True)


def set_last_run(connection: Connection, report: str) -> None:
    connection.execute(delete(retention_run))
    connection.execute(insert(retention_run).values(report=report))
