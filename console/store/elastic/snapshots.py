"""Snapshots of a console's indices in a folder that every node of the cluster reaches.

The registry is backed up beside it: who stands under whom, the journal and the queue upward are there. Restored
together, the registry's journal brings what the snapshot does not have yet, and what it has stays as it is.
"""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path

from elasticsearch import Elasticsearch

from console.store import StoreError
from console.store.elastic import indices
from console.store.elastic.connection import asking
from console.store.elastic.settings import ElasticSettings

WHOLE_S = 24 * 3600.0
"""A snapshot of a large store takes hours; the connection waits for it."""


def _repository(settings: ElasticSettings) -> str:
    return f"{settings.prefix}_snapshots"


def _pattern(settings: ElasticSettings) -> str:
    return ",".join(f"{indices.alias(settings, kind)}-*" for kind in indices.KINDS)


def register(client: Elasticsearch, settings: ElasticSettings, folder: Path) -> None:
    """Have snapshots written to this folder, as the cluster's nodes see it.

    Raises:
        StoreError: the nodes may not, or cannot, write there.
    """
    try:
        with asking():
            client.snapshot.create_repository(
                name=_repository(settings), repository={"type": "fs", "settings": {"location": str(folder)}}
            )
    except StoreError as error:
        raise StoreError(
            f"the cluster cannot write snapshots to {folder}: it must be under path.repo in every node's"
            f" elasticsearch.yml and writable for them ({error})"
        ) from None


def unregister(client: Elasticsearch, settings: ElasticSettings) -> None:
    """Forget the folder; what stands in it stays."""
    with asking():
        client.snapshot.delete_repository(name=_repository(settings))


def take(client: Elasticsearch, settings: ElasticSettings) -> str:
    """Write a snapshot and return its name when it is whole. The console goes on meanwhile.

    Raises:
        StoreError: a shard could not be read, or there is no repository.
    """
    name = f"{time.strftime('%Y.%m.%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
    try:
        with asking():
            answer = client.options(request_timeout=WHOLE_S).snapshot.create(
                repository=_repository(settings),
                snapshot=name,
                indices=_pattern(settings),
                include_global_state=False,
                ignore_unavailable=True,
                wait_for_completion=True,
            )
    except StoreError as error:
        if "repository_missing" in str(error):
            raise StoreError("there is no repository for snapshots; register one first") from None
        raise
    state = answer["snapshot"]["state"]
    if state != "SUCCESS":
        raise StoreError(f"snapshot {name} is {state}: bring the cluster to green and take another one")
    return name


def listed(client: Elasticsearch, settings: ElasticSettings) -> list[str]:
    """The whole snapshots there are, the oldest first."""
    with asking():
        found = client.snapshot.get(repository=_repository(settings), snapshot="*")["snapshots"]
    return sorted(item["snapshot"] for item in found if item["state"] == "SUCCESS")


def restore(client: Elasticsearch, settings: ElasticSettings, name: str) -> None:
    """Put the indices back as they were then. What they hold now is deleted first: stop every console before.

    Raises:
        StoreError: there is no such snapshot; nothing was deleted.
    """
    if not re.fullmatch(r"[0-9a-z.-]+", name) or name not in listed(client, settings):
        raise StoreError(f"there is no snapshot {name!r}; those there are: {', '.join(listed(client, settings))}")
    with asking():
        there = sorted(client.indices.get_alias(index=_pattern(settings)).body)
        if there:
            client.indices.delete(index=",".join(there))
        client.options(request_timeout=WHOLE_S).snapshot.restore(
            repository=_repository(settings),
            snapshot=name,
            indices=_pattern(settings),
            include_global_state=False,
            wait_for_completion=True,
        )


def forget(client: Elasticsearch, settings: ElasticSettings, name: str) -> None:
    """Delete one snapshot; what others share with it stays."""
    with asking():
        client.snapshot.delete(repository=_repository(settings), snapshot=name)
