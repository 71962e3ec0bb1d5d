"""A console's part of an Elasticsearch, for one test, and a door before it that can be shut."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from sqlalchemy import URL

from console.registry import Registry, open_registry
from console.store import Answer, EnrolledNodes
from console.store.elastic import ElasticSettings
from console.store.elastic.documents import Source
from console.store.elastic.store import ElasticStore
from sensor.schema import Record

PREFIX = f"t{secrets.token_hex(5)}"
"""One for the session, so that its templates are made once; the indices go after each test."""


class SeenStore(ElasticStore):
    """Has what it merged seen by the next search, as the contract's tests look at once; a console waits a second."""

    def merge(self, records: Sequence[Record], via_child: str) -> list[Answer]:
        answers = super().merge(records, via_child)
        self.refresh()
        return answers


class Cluster:
    def __init__(
        self, url: str, folder: Path, registry: URL | None = None, client: Elasticsearch | None = None, **changes: Any
    ) -> None:
        """`client`: for what the test itself looks at and clears away; closed with the rest."""
        self.settings = ElasticSettings(**{"urls": (url,), "prefix": PREFIX, "refresh_s": 0.05, **changes})
        self.prefix = self.settings.prefix
        self.registry_url = registry or URL.create("sqlite", database=str(folder / "registry.sqlite"))
        self.client = client or Elasticsearch(url, request_timeout=30)
        self._opened: list[ElasticStore] = []
        self._registries: list[Registry] = []

    def open(
        self,
        kind: type[ElasticStore] = SeenStore,
        parents: Sequence[str] = ("up",),
        clock_ns: Callable[[], int] = time.time_ns,
        nodes: EnrolledNodes | None = None,
        sums_up: bool = False,
    ) -> ElasticStore:
        registry = open_registry(self.registry_url)
        self._registries.append(registry)
        opened = kind(self.settings, registry, parents=parents, clock_ns=clock_ns, nodes=nodes, sums_up=sums_up)
        self._opened.append(opened)
        return opened

    def indices(self) -> list[str]:
        return sorted(self.client.indices.get_alias(index=f"{self.prefix}-*").body)

    def hits(self, kind: str) -> list[dict[str, Any]]:
        index = f"{self.prefix}-{kind}"
        self.client.options(ignore_status=404).indices.refresh(index=index)
        found = self.client.search(index=index, size=1000, version=True, ignore_unavailable=True)
        return list(found["hits"]["hits"])

    def documents(self, kind: str) -> list[Source]:
        return [dict(hit["_source"]) for hit in self.hits(kind)]

    def remove(self) -> None:
        for opened in self._opened:
            opened.close()
        for registry in self._registries:
            registry.close()
        there = self.indices()
        if there:
            for block in ("read_only", "read_only_allow_delete", "write"):  # what a test that failed left behind
                self.client.indices.put_settings(index=",".join(there), settings={f"index.blocks.{block}": None})
            self.client.indices.delete(index=",".join(there))
        if self.prefix != PREFIX:
            self.client.options(ignore_status=404).indices.delete_index_template(name=f"{self.prefix}-*")
        self.client.close()


class Door:
    """A port before the cluster. Shut, it refuses like a cluster that is down."""

    def __init__(self, url: str) -> None:
        host, _, port = url.rpartition("//")[2].rstrip("/").partition(":")
        self._inside = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        self._begin()

    def _begin(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                outer, _ = listener.accept()
                inner = socket.create_connection(self._inside)
                self._open += [outer, inner]
                for source, target in ((outer, inner), (inner, outer)):
                    threading.Thread(target=_carry, args=(source, target), daemon=True).start()

    def shut(self) -> None:
        # `shutdown` wakes the thread that waits in `accept`; `close` alone would let one more in.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def reopen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._begin()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def until(what: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Wait for it, or fail."""
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
