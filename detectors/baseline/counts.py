"""How much a baseline knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def count(document: Mapping[str, Any]) -> dict[str, int]:
    """Rows of a table (as the core's JSON) by kind."""
    links = document["links"]
    learned = document["learned"]
    objects = [row for link in links for row in link["objects"]]
    return {
        "messages": learned["messages"],
        "not_learned": learned["not_learned"],
        "gaps_closed": learned["gaps_closed"],
        "polls_without_period": learned["polls_without_period"],
        "assets": len(document["assets"]),
        "links": len(links),
        "operations": sum(len(link["operations"]) for link in links),
        "stretches": sum(len(row["stretches"]) for row in objects),
        "names": sum(len(row["names"]) for row in objects),
        "polls": sum(len(link["polls"]) for link in links),
        "orders": sum(len(link.get("orders", ())) for link in links),
    }
