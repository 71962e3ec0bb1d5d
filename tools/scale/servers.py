"""The stores that are measured, each brought up empty and taken away again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from console.store import Store, open_store

HEAP_MB = 1024
"""of Elasticsearch"""


@dataclass(frozen=True)
class Measured:
    store: Store
    settle: Callable[[], None]
    """Makes what was stored visible, and waits for the end of work that would disturb the questions."""
    size_bytes: Callable[[], int]


@contextmanager
def _sqlite(folder: Path) -> Iterator[Measured]:
    path = folder / "store.sqlite"
    store = open_store(path)
    try:
        yield Measured(store, lambda: None, lambda: path.stat().st_size)
    finally:
        store.close()


@contextmanager
def _elasticsearch(folder: Path) -> Iterator[Measured]:
    from console.registry import open_registry
    from console.store.elastic import open_elastic
    from tests.elasticsearch_server import ElasticsearchServer

    raise NotImplementedError(ElasticsearchServer, open_registry, open_elastic)
    yield


def missing(name: str) -> str:
    """What this machine lacks for a store, or nothing."""
    if name != "elasticsearch":
        return ""
    from tests import elasticsearch_server

    return elasticsearch_server.missing()


STORES: Mapping[str, Callable[[Path], AbstractContextManager[Measured]]] = {
    "sqlite": _sqlite,
    "elasticsearch": _elasticsearch,
}
