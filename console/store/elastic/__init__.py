"""The store on Elasticsearch. `docs/elasticsearch.md` says how a cluster is made ready for it.

Its settings need no client; `console.store.elastic.store` does.
"""

from __future__ import annotations

from console.store.elastic.settings import ElasticSettings

__all__ = ["ElasticSettings"]
