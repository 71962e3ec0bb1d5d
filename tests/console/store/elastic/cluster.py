"""A console's part of an Elasticsearch, for one test: indices of a name of its own, removed after it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from console.registry import open_registry
from console.store import Answer
from console.store.elastic import ElasticSettings, ElasticStore
from console.store.elastic.documents import Source
from sensor.schema import Record


class SeenStore(ElasticStore):
    """Has what it merged seen by the next search, as the contract's tests look at once; a console waits a second."""

    def merge(self, records: Sequence[Record], via_child: str) -> list[Answer]:
        answers = super().merge(records, via_child)
        self.refresh()
        return answers


class Cluster:
    def __init__(self, url: str, folder: Path, **changes: Any) -> None:
        self.prefix = f"t{secrets.token_hex(5)}"
        self.settings = ElasticSettings(urls=(url,), prefix=self.prefix, **{"refresh_s": 0.05, **changes})
        self.registry_url = f"sqlite:///{folder / 'registry.sqlite'}"
        self.client = Elasticsearch(url, request_timeout=30)
        self._opened: list[ElasticStore] = []

    def open(self, kind: type[ElasticStore] = SeenStore, parents: Sequence[str] = ("up",)) -> ElasticStore:
        opened = kind(self.settings, open_registry(self.registry_url), parents=parents)
        self._opened.append(opened)
        return opened

    def indices(self) -> list[str]:
        return sorted(self.client.indices.get_alias(index=f"{self.prefix}-*").body)

    def documents(self, kind: str) -> list[Source]:
        index = f"{self.prefix}-{kind}"
        self.client.indices.refresh(index=index)
        hits = self.client.search(index=index, size=1000)["hits"]["hits"]
        return [dict(hit["_source"]) for hit in hits]

    def remove(self) -> None:
        for opened in self._opened:
            opened.close()
        there = self.indices()
        if there:
            self.client.indices.delete(index=",".join(there))
        self.client.options(ignore_status=404).indices.delete_index_template(name=f"{self.prefix}-*")
        self.client.close()
