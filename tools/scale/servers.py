"""The stores that are measured, each brought up in a folder, empty or as a run that was stopped left it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from console.store import Store, open_store
from testbed import elasticsearch
from testbed.elasticsearch import ElasticsearchServer

HEAP_MB = 1024
"""of Elasticsearch"""
RECOVERY_S = 600
WARMED = 20


@dataclass(frozen=True)
class Measured:
    store: Store
    settle: Callable[[], None]
    """Makes what was stored visible."""
    sizes: Callable[[], Mapping[str, int]]
    """bytes on the disk, by kind of record where they stand apart"""
    server_s: Callable[[], float] = lambda: 0.0
    """processor time that the store's own server took so far"""
    asked_before: int = 0
    """times that each question is asked before those that are measured: a server that was just started compiles the
    way of an answer while it answers, and a console's has run for days"""


@contextmanager
def _sqlite(folder: Path) -> Iterator[Measured]:
    path = folder / "store.sqlite"
    store = open_store(path)
    try:
        yield Measured(store, lambda: None, lambda: {"all": path.stat().st_size})
    finally:
        store.close()


@contextmanager
def _elasticsearch(folder: Path) -> Iterator[Measured]:
    """One node with a heap of 1 GB, and the console's side in this process."""
    from sqlalchemy import URL

    from console.registry import open_registry
    from console.store.elastic import ElasticSettings
    from console.store.elastic.store import ElasticStore

    folder.chmod(0o711)  # the server is another user's where we are root
    server = ElasticsearchServer(heap_mb=HEAP_MB, kept=folder / "elasticsearch")
    with ExitStack() as stack:
        stack.callback(server.stop)
        server.start()
        # What a run before left is read from its log first.
        recovered = f"{server.url}/_cluster/health?wait_for_status=yellow&timeout={RECOVERY_S}s"
        httpx.get(recovered, timeout=RECOVERY_S + 10, trust_env=False).raise_for_status()
        registry = open_registry(URL.create("sqlite", database=str(folder / "registry.sqlite")))
        stack.callback(registry.close)
        store = ElasticStore(ElasticSettings((server.url,)), registry)
        stack.callback(store.close)

        def sizes() -> dict[str, int]:
            found = store.client.indices.stats(index="otus-*", metric="store")["indices"]
            kinds = {name: name.split("-")[1] for name in found}
            return {
                kind: sum(found[name]["total"]["store"]["size_in_bytes"] for name in found if kinds[name] == kind)
                for kind in set(kinds.values())
            }

        # Not merged into one segment: nobody does that to an index that is written to.
        yield Measured(store, store.refresh, sizes, lambda: sum(map(processor_s, server.processes())), WARMED)


def processor_s(process: int) -> float:
    """What a process took in user and system mode, in seconds (proc(5), fields 14 and 15)."""
    stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    user, system = stat.rpartition(")")[2].split()[11:13]  # a name may hold anything, also a parenthesis
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def missing(name: str) -> str:
    """What this machine lacks for a store, or nothing."""
    return elasticsearch.missing() if name == "elasticsearch" else ""


STORES: Mapping[str, Callable[[Path], AbstractContextManager[Measured]]] = {
    "sqlite": _sqlite,
    "elasticsearch": _elasticsearch,
}
