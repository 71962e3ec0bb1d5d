"""Questions that do not wait for each other, asked in one request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from elasticsearch import Elasticsearch

from console.store.elastic.connection import asking, explain

Search = tuple[str, dict[str, Any]]
"""(index, what is asked of it)"""


def ask(client: Elasticsearch, searches: Sequence[Search], read: Sequence[str] | None = None) -> list[Any]:
    """One answer for each, in order. `read`: the parts of an answer that are wanted, as `filter_path` names them.

    Raises:
        StoreError: one of them was not answered; then none is, for the request itself looks as if it had gone well.
    """
    if not searches:
        return []
    lines: list[dict[str, Any]] = []
    for index, search in searches:
        lines += [{"index": index, "ignore_unavailable": True}, search]
    wanted = None if read is None else ["responses.status", "responses.error", *(f"responses.{part}" for part in read)]
    with asking():
        answers = client.msearch(searches=lines, filter_path=wanted)["responses"]
    for answer in answers:
        if "error" in answer:
            raise explain(int(answer.get("status", 503)), answer)
    return list(answers)
