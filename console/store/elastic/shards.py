"""How many shards the cluster has, whoever made them, of those it may have."""

from __future__ import annotations

from dataclasses import dataclass

from elasticsearch import Elasticsearch

from console.store.elastic.connection import asking

FEW = 10
"""A person is told when less than one in so many is left: the index of the next period may find none."""


@dataclass(frozen=True)
class Shards:
    used: int
    allowed: int

    @property
    def few(self) -> bool:
        return (self.allowed - self.used) * FEW < self.allowed


def shards(client: Elasticsearch) -> Shards:
    with asking():
        found = client.cluster.health()
        limits = client.cluster.get_settings(include_defaults=True, filter_path="*.cluster.max_shards_per_node").body
    used = sum(int(found[f"{which}_shards"]) for which in ("active", "initializing", "unassigned"))
    chosen = [limits[where]["cluster"] for where in ("transient", "persistent", "defaults") if limits.get(where)]
    return Shards(used, int(chosen[0]["max_shards_per_node"]) * int(found["number_of_data_nodes"]))
