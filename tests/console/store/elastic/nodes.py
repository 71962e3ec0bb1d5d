"""Three real nodes that find each other: a cluster that loses some and gets them back."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Sequence

import httpx

from testbed.elasticsearch import ElasticsearchServer, free_port

HEAP_MB = 256
NAMES = ("one", "two", "three")


class Node(ElasticsearchServer):
    start_s = 240.0
    """two cores start three at once"""

    def __init__(self, name: str, transport_port: int, seeds: Sequence[int], masters: Sequence[str]) -> None:
        self.name = name
        self._discovery: dict[str, object] = {
            "node.name": name,
            "transport.port": transport_port,
            "discovery.seed_hosts": str([f"127.0.0.1:{port}" for port in seeds]),
            "cluster.initial_master_nodes": str(list(masters)),
            "discovery.find_peers_interval": "200ms",
        }
        super().__init__(heap_mb=HEAP_MB, brief=True)

    def discovery(self) -> dict[str, object]:
        return self._discovery

    @property
    def runs(self) -> bool:
        return self._process is not None

    def leave(self) -> None:
        """In order, as a node is shut down for service."""
        self._end(signal.SIGTERM)


class Nodes:
    """`first` forms the cluster alone; the others join when they are started. `names` of what is asked are nodes'."""

    def __init__(self) -> None:
        ports = [free_port() for _ in NAMES]
        self.all = [Node(name, port, ports, NAMES[:1]) for name, port in zip(NAMES, ports, strict=True)]
        self.urls = tuple(node.url for node in self.all)

    def start(self, which: Iterable[Node]) -> None:
        """All of them at once."""
        begun = [node for node in which if not node.runs]
        for node in begun:
            node.begin()
        for node in begun:
            node.wait()

    def named(self, names: Iterable[str]) -> list[Node]:
        return [node for node in self.all if node.name in names]

    def ask(self, path: str, **parameters: str) -> httpx.Response:
        """Of whichever node answers."""
        for node in self.all:
            if node.runs:
                try:
                    return httpx.get(f"{node.url}/{path}", params=parameters, timeout=30, trust_env=False)
                except httpx.HTTPError:
                    continue
        raise AssertionError("no node answers")

    def holders(self, pattern: str, primaries: bool = True) -> list[Node]:
        """Who has shards of these indices."""
        rows = self.ask(f"_cat/shards/{pattern}", format="json", h="prirep,node").json()
        return self.named({row["node"] for row in rows if row["prirep"] == "p" or not primaries})

    def settle(self, timeout_s: float = 120) -> None:
        """Have every node run and every copy of every shard be there."""
        self.start(self.all)
        end = time.monotonic() + timeout_s
        while True:
            found = self.ask(
                "_cluster/health",
                wait_for_status="green",
                wait_for_no_relocating_shards="true",
                wait_for_nodes=str(len(self.all)),
                timeout="20s",
            ).json()
            if found.get("status") == "green" and found["number_of_nodes"] == len(self.all):
                return
            assert time.monotonic() < end, found

    def stop(self) -> None:
        for node in self.all:
            node.stop()
