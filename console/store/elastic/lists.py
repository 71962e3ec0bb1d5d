"""Lists with the newest first: pages that somebody turns, and first rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from console.store.elastic import documents, together
from console.store.elastic.bounds import Bounds
from console.store.elastic.connection import ShardsAway, asking
from console.store.elastic.pictures import KEEP_ALIVE, Pictures, Place, read_cursor, write_cursor
from console.store.elastic.queries import Question
from console.store.queries import MAX_LIMIT


@dataclass(frozen=True)
class Listed:
    """What a list is made of."""

    index: str
    query: Question
    time_field: str
    source: Sequence[str] | None = None
    """of a document what is wanted; None: all of it"""

    def request(self, size: int, bound: int | None = None) -> dict[str, Any]:
        """The first rows, or those of them that are not before `bound`."""
        query = self.query
        if bound is not None:
            query = {"bool": {"filter": [self.query, {"range": {self.time_field: {"gte": bound}}}]}}
        return {
            "query": query,
            "size": size,
            "sort": [{self.time_field: "desc"}, {"event.id": "desc"}, {"observer.name": "desc"}],
            "_source": True if self.source is None else {"includes": list(self.source)},
            "track_total_hits": False,
        }


class Lists:
    """Safe to use from many threads."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._pictures = Pictures(client)
        self._bounds = Bounds()

    def page(self, listed: Listed, limit: int, cursor: str | None) -> tuple[list[documents.Source], str | None]:
        """One page of documents, the newest first, and the cursor of the next.

        Costs a look at each index that matches: the first rows of each are merged, whatever stands behind them.
        """
        limit = max(1, min(limit, MAX_LIMIT))
        place = read_cursor(cursor)
        name = "" if place is None else place.picture
        picture = self._pictures.get(name)
        if place is None:
            # There is none while a shard is away; what the others hold is told, and the store's health says so.
            with suppress(ShardsAway):
                name, picture = self._pictures.take(listed.index)
        try:
            hits = self._hits(listed, picture, limit + 1, place)
        except BaseException:
            self._pictures.drop(name)
            raise
        rows = [hit["_source"] for hit in hits[:limit]]
        if len(hits) <= limit:
            self._pictures.drop(name)
            return rows, None
        moment_ns, record_id, origin = hits[limit - 1]["sort"][:3]
        return rows, write_cursor(Place((int(moment_ns), record_id, origin), name))

    def _hits(self, listed: Listed, picture: str | None, size: int, place: Place | None) -> list[Any]:
        if place is not None:
            return self._search(listed.index, picture, {**listed.request(size), "search_after": list(place.after)})
        bound = self._bounds.get(listed.index, listed.query, size)
        hits = [] if bound is None else self._search(listed.index, picture, listed.request(size, bound))
        if len(hits) < size:
            hits = self._search(listed.index, picture, listed.request(size))
        self._note(listed, size, hits)
        return hits

    def _search(self, index: str, picture: str | None, request: dict[str, Any]) -> list[Any]:
        with asking():
            answer = None if picture is None else self._in_picture(picture, request)
            if answer is None:  # go on in the list as it is now
                answer = self._client.search(index=index, ignore_unavailable=True, body=request)
        return list(answer["hits"]["hits"])

    def _in_picture(self, picture: str, request: dict[str, Any]) -> Any:
        """None where the picture is gone: it is too old, or a node that held a part of it went away. A part is no
        page."""
        try:
            return self._client.search(
                body={**request, "pit": {"id": picture, "keep_alive": KEEP_ALIVE}}, allow_partial_search_results=False
            )
        except ApiError as error:
            if error.status_code in (404, 503):
                return None
            raise

    def newest(self, asked: Sequence[Listed], limit: int) -> list[list[documents.Source]]:
        """The first rows of several lists as they are now, asked together."""
        size = max(1, min(limit, MAX_LIMIT))
        bounds = [self._bounds.get(listed.index, listed.query, size) for listed in asked]
        found: list[list[Any]] = [[] for _ in asked]
        self._ask(found, asked, size, {number: bound for number, bound in enumerate(bounds) if bound is not None})
        self._ask(found, asked, size, {number: None for number, hits in enumerate(found) if len(hits) < size})
        for listed, hits in zip(asked, found, strict=True):
            self._note(listed, size, hits)
        return [[hit["_source"] for hit in hits] for hits in found]

    def _ask(
        self, found: list[list[Any]], asked: Sequence[Listed], size: int, of: dict[int, int] | dict[int, None]
    ) -> None:
        """Those lists again, not before these moments."""
        searches = [(asked[number].index, asked[number].request(size, bound)) for number, bound in of.items()]
        for number, answer in zip(of, together.ask(self._client, searches, ["hits.hits"]), strict=True):
            found[number] = answer.get("hits", {}).get("hits", [])

    def _note(self, listed: Listed, size: int, hits: Sequence[Any]) -> None:
        bound = int(hits[-1]["sort"][0]) if len(hits) >= size else None
        self._bounds.note(bound, listed.index, listed.query, size)

    def close(self) -> None:
        self._pictures.close()
