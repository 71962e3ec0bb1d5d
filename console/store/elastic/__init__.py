"""The store on Elasticsearch. `docs/elasticsearch.md` says how a cluster is made ready for it."""

from __future__ import annotations

from console.store.elastic.settings import ElasticSettings
from console.store.elastic.store import ElasticStore

__all__ = ["ElasticSettings", "ElasticStore"]
