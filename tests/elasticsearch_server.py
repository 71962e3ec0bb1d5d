"""The real Elasticsearch that tests are run against is the demo's."""

from __future__ import annotations

from testbed.elasticsearch import ElasticsearchServer, free_port, missing

__all__ = ["ElasticsearchServer", "free_port", "missing"]
