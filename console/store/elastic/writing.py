"""Documents read, merged and written, so that neither a sensor's revision nor a person's decision is ever overwritten.

Elasticsearch's own "external versions" would let the higher revision win the whole document, and with it lose the
decision a person wrote between the reading and the writing. So every write names the state it was made from
(`if_seq_no`, or `create` where there was none); where that is not the state any more, this one document is read and
merged again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from console.store import StoreError
from console.store.admission import Refusal
from console.store.elastic import documents, indices
from console.store.elastic.connection import ClusterAway, asking, explain
from console.store.elastic.documents import Arrival, Source, packed
from console.store.elastic.settings import ElasticSettings

ATTEMPTS = 12
READ_AT_ONCE = 1000
WRITE_AT_ONCE_BYTES = 8 * 2**20
KNOWN_FOR_S = 30.0
FOUND = ["docs.found", "docs._index", "docs._seq_no", "docs._primary_term", "docs._source", "docs.error"]
WRITTEN = ["items.*.status", "items.*.error"]
"""What is read of an answer: the rest of it says of each document what was asked, and costs both sides to write."""


Operation = tuple[int, bytes, bytes]
"""(place among the changes, what to do, the document), as they travel"""


@dataclass(frozen=True)
class Place:
    """A document that is there, and the state of it that was read."""

    index: str
    source: Source
    seq_no: int
    primary_term: int


@dataclass(frozen=True)
class Change:
    """What is to become of one document."""

    homes: tuple[str, ...]
    """indices it may stand in; a new one goes to the first"""
    id: str
    merged: Callable[[Source | None], Source | None]
    """the document from the one that is there; None: nothing to do"""
    elsewhere: bool = False
    """look for it in every index of this console where no home has it"""


class Writer:
    """Brings changes to the cluster. Safe to use from many threads and processes."""

    def __init__(self, client: Elasticsearch, settings: ElasticSettings) -> None:
        self._client = client
        self._settings = settings
        self._strays: tuple[float, frozenset[str]] = (-KNOWN_FOR_S, frozenset())

    def changes(self, arrivals: Iterable[Arrival]) -> list[Change]:
        """What a batch does: one change a record, and one for each origin that was heard of."""
        by_record: dict[tuple[str, ...], list[Arrival]] = {}
        beats: dict[str, Arrival] = {}
        for arrival in arrivals:
            record = arrival.record
            homes = self.homes(arrival)
            by_record.setdefault((indices.document_id(record.origin, record.id), *homes), []).append(arrival)
            if indices.kind_of(record) == "heartbeat":
                beats[record.origin] = arrival
        found = [
            Change(
                homes=tuple(homes),
                id=name,
                merged=lambda before, group=group: documents.merged(before, group),  # type: ignore[misc]
                elsewhere=group[0].record.revision > 1,
            )
            for (name, *homes), group in by_record.items()
        ]
        sensors = indices.name(self._settings, "sensor", None, indices.VERSION)
        found += [
            Change((sensors,), origin, lambda before, beat=beat: documents.heard(before, beat))  # type: ignore[misc]
            for origin, beat in beats.items()
        ]
        return found

    def homes(self, arrival: Arrival) -> tuple[str, ...]:
        """Where this record may stand; indices of strays only where there are any, so that they cost nobody a look."""
        first, *others = indices.homes(self._settings, arrival.record, arrival.received_ns)
        return (first, *(home for home in others if indices.STRAYS not in home or home in self._known_strays()))

    def _known_strays(self) -> frozenset[str]:
        looked_s, known = self._strays
        if time.monotonic() - looked_s > KNOWN_FOR_S:
            with asking():
                there = self._client.indices.get_alias(index=f"{self._settings.prefix}-*-{indices.STRAYS}-*").body
            known = frozenset(there)
            self._strays = (time.monotonic(), known)
        return known

    def read(self, changes: Sequence[Change]) -> list[Place | None]:
        """The documents that are there now, as they were written last (not as they were last made visible)."""
        asked = [(number, home) for number, change in enumerate(changes) for home in change.homes]
        found: list[Place | None] = [None] * len(changes)
        for start in range(0, len(asked), READ_AT_ONCE):
            part = asked[start : start + READ_AT_ONCE]
            with asking():
                answer = self._client.mget(
                    docs=[{"_index": home, "_id": changes[number].id} for number, home in part],
                    source_includes=documents.MERGED_SOURCE,
                    filter_path=FOUND,
                )
            for (number, _), item in zip(part, answer["docs"], strict=True):
                if "error" in item and item["error"].get("type") != "index_not_found_exception":
                    raise explain(503, item)
                if item.get("found") and found[number] is None:
                    found[number] = _place(item)
        missing = [number for number, change in enumerate(changes) if change.elsewhere and found[number] is None]
        for start in range(0, len(missing), READ_AT_ONCE):
            self._look_elsewhere(changes, missing[start : start + READ_AT_ONCE], found)
        return found

    def _look_elsewhere(self, changes: Sequence[Change], missing: Sequence[int], found: list[Place | None]) -> None:
        """A first sight of a later revision may be an id that changed its kind or its time: both are rare, and both are
        worth a search."""
        wanted = {changes[number].id: number for number in missing}
        pattern = ",".join(indices.alias(self._settings, kind) for kind in indices.RECORD_KINDS)
        with asking():
            answer = self._client.search(
                index=pattern,
                query={"ids": {"values": list(wanted)}},
                size=len(wanted) * 2,
                source_includes=documents.MERGED_SOURCE,
                seq_no_primary_term=True,
                ignore_unavailable=True,
            )
        for item in answer["hits"]["hits"]:
            found[wanted[item["_id"]]] = _place(item)

    def write(self, changes: Sequence[Change], places: Sequence[Place | None] | None = None) -> list[str]:
        """Make these changes, all of them or those that can be made. Returns a reason for each that was refused, empty
        for the rest. `places` is what `read` gave for them, if that was asked just now.

        Raises:
            ClusterAway, StoreError: some may have been made; making all of them again is right.
        """
        reasons = [""] * len(changes)
        todo = list(range(len(changes)))
        for attempt in range(ATTEMPTS):
            if places is None:
                places = self.read([changes[number] for number in todo])
            operations: list[Operation] = []
            for number, place in zip(todo, places, strict=True):
                try:
                    source = changes[number].merged(None if place is None else place.source)
                except Refusal as refusal:
                    reasons[number] = str(refusal)
                    continue
                if source is not None:
                    operations.append((number, packed(_action(changes[number], place)), packed(source)))
            todo = self._bulk(operations, reasons)
            if not todo:
                return reasons
            places = None
            time.sleep(random.uniform(0, 0.02) * 2 ** min(attempt, 6))
        raise ClusterAway(f"{len(todo)} documents are written by many at once; they are tried again")

    def _bulk(self, operations: list[Operation], reasons: list[str]) -> list[int]:
        """Send, and return what has to be read and merged again."""
        again: list[int] = []
        for part in _parts(operations):
            lines = [line for _, action, source in part for line in (action, source)]
            with asking():
                # Bytes travel as they are, whatever the client's types say.
                answer = self._client.bulk(operations=lines, filter_path=WRITTEN)  # type: ignore[arg-type]
            for (number, _, _), item in zip(part, answer["items"], strict=True):
                (result,) = item.values()
                if result["status"] == 409:
                    again.append(number)
                elif result["status"] == 400 and result["error"]["type"] in _NEVER:
                    reasons[number] = f"not_indexed: {explain(400, result)}"
                elif result["status"] >= 300:
                    raise explain(result["status"], result)
        return again

    def decide(self, index: str, name: str, change: Callable[[Source], Source]) -> None:
        """Change one document that is there, by a person's hand. Returns when the next search sees it.

        Raises:
            KeyError: it is not there.
        """
        for _ in range(ATTEMPTS):
            with asking():
                answer = self._client.options(ignore_status=404).get(index=index, id=name).body
            if not answer.get("found"):
                raise KeyError(name)
            place = _place(answer)
            with asking():
                written = self._client.options(ignore_status=409).index(
                    index=index,
                    id=name,
                    document=change(place.source),
                    if_seq_no=place.seq_no,
                    if_primary_term=place.primary_term,
                    refresh="wait_for",
                )
            if "error" not in written.body:
                return
        raise StoreError("this incident is changed by many at once; try again")


_NEVER = {"document_parsing_exception", "mapper_parsing_exception", "illegal_argument_exception"}
"""What the document itself is refused for. All else is the cluster's (too many shards, a closed index): it waits."""


def _place(item: Any) -> Place:
    return Place(item["_index"], item["_source"], item["_seq_no"], item["_primary_term"])


def _action(change: Change, place: Place | None) -> dict[str, Any]:
    if place is None:
        return {"create": {"_index": change.homes[0], "_id": change.id}}
    state = {"if_seq_no": place.seq_no, "if_primary_term": place.primary_term}
    return {"index": {"_index": place.index, "_id": change.id, **state}}


def _parts(operations: list[Operation]) -> Iterable[list[Operation]]:
    """Requests of a bounded size."""
    part: list[Operation] = []
    size = 0
    for operation in operations:
        weight = len(operation[2])
        if part and size + weight > WRITE_AT_ONCE_BYTES:
            yield part
            part, size = [], 0
        part.append(operation)
        size += weight
    if part:
        yield part
