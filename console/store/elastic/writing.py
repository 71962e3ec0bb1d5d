"""Documents read, merged and written, so that neither a sensor's revision nor a person's decision is ever overwritten.

Elasticsearch's own "external versions" would let the higher revision win the whole document, and with it lose the
decision a person wrote between the reading and the writing. So every write names the state it was made from
(`if_seq_no`, or `create` where there was none); where that is not the state any more, this one document is read and
merged again.

Most is not asked for before it is written. What this process wrote itself a moment ago it remembers (`recent.py`), and
a first revision is taken for new: both are guesses that the cluster refuses where they are wrong.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from elasticsearch import Elasticsearch

from console.store import StoreError
from console.store.admission import Refusal
from console.store.elastic import documents, indices
from console.store.elastic.connection import ClusterAway, asking, explain
from console.store.elastic.documents import Arrival, Source, packed
from console.store.elastic.recent import Place, Recent
from console.store.elastic.settings import ElasticSettings

ATTEMPTS = 12
READ_AT_ONCE = 1000
WRITE_AT_ONCE_BYTES = 8 * 2**20
KNOWN_FOR_S = 30.0
FOUND = ["docs.found", "docs._index", "docs._seq_no", "docs._primary_term", "docs._source", "docs.error"]
WRITTEN = ["items.*.status", "items.*.error", "items.*._seq_no", "items.*._primary_term"]
"""What is read of an answer: the rest of it says of each document what was asked, and costs both sides to write."""


@dataclass(frozen=True)
class Outcome:
    reason: str = ""
    """why it was refused"""
    there: int = 0
    """the revision that stood there before; 0: none"""


@dataclass(frozen=True)
class Operation:
    number: int
    """place among the changes"""
    change: Change
    place: Place | None
    source: Source
    action: bytes
    document: bytes
    """what to do and with what, as they travel"""


@dataclass(frozen=True)
class Change:
    """What is to become of one document."""

    homes: tuple[str, ...]
    """indices it may stand in; a new one goes to the first"""
    id: str
    merged: Callable[[Source | None], Source | None]
    """the document from the one that is there; None: nothing to do"""
    newer: Callable[[Source], bool]
    """whether this is newer than what is there"""
    first: bool = False
    """nothing of it came before, as its sender says"""
    elsewhere: bool = False
    """look for it in every index of this console where no home has it"""


class Writer:
    """Brings changes to the cluster. Safe to use from many threads and processes."""

    def __init__(self, client: Elasticsearch, settings: ElasticSettings) -> None:
        self._client = client
        self._settings = settings
        self._strays: tuple[float, frozenset[str]] = (-KNOWN_FOR_S, frozenset())
        self._recent = Recent()

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
                merged=functools.partial(documents.merged, arrivals=group),
                newer=functools.partial(documents.newer, arrivals=group),
                first=group[0].record.revision == 1,
                elsewhere=group[0].record.revision > 1,
            )
            for (name, *homes), group in by_record.items()
        ]
        sensors = indices.of_sensors(self._settings)
        found += [
            Change(
                homes=sensors,
                id=origin,
                merged=functools.partial(documents.heard, arrival=beat),
                newer=functools.partial(documents.heard_later, arrival=beat),
            )
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

    def guess(self, changes: Sequence[Change]) -> list[Place | None]:
        """The documents that are there now, as far as it is worth asking. That something is known already is said by
        the cluster only: what this process remembers may be gone."""
        found: list[Place | None] = [None] * len(changes)
        unsure: dict[int, Change] = {}
        for number, change in enumerate(changes):
            place = self._recent.get(change.id)
            if place is not None and change.newer(place.source):
                found[number] = place
            elif place is not None or not change.first:
                unsure[number] = change
            elif len(change.homes) > 1:
                # Where something new would be written it would be met; only where it may stand otherwise must be asked.
                unsure[number] = replace(change, homes=change.homes[1:])
        for number, place in zip(unsure, self.read(list(unsure.values())), strict=True):
            found[number] = place
        return found

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
                allow_partial_search_results=False,
            )
        for item in answer["hits"]["hits"]:
            found[wanted[item["_id"]]] = _place(item)

    def write(self, changes: Sequence[Change], places: Sequence[Place | None]) -> list[Outcome]:
        """Make these changes, all of them or those that can be made. `places` is what `guess` gave for them.

        Raises:
            ClusterAway, StoreError: some may have been made; making all of them again is right.
        """
        outcomes = [Outcome()] * len(changes)
        todo = list(range(len(changes)))
        for attempt in range(ATTEMPTS):
            operations: list[Operation] = []
            for number, place in zip(todo, places, strict=True):
                change, before = changes[number], None if place is None else place.source
                try:
                    source = change.merged(before)
                except Refusal as refusal:
                    outcomes[number] = Outcome(str(refusal))
                    continue
                if before is not None:
                    outcomes[number] = Outcome(there=int(before["otus.revision"]))
                if source is not None:
                    operations.append(
                        Operation(number, change, place, source, packed(_action(change, place)), packed(source))
                    )
            todo = self._bulk(operations, outcomes)
            if not todo:
                return outcomes
            time.sleep(random.uniform(0, 0.02) * 2 ** min(attempt, 6))
            places = self.read([changes[number] for number in todo])
        raise ClusterAway(f"{len(todo)} documents are written by many at once; they are tried again")

    def _bulk(self, operations: list[Operation], outcomes: list[Outcome]) -> list[int]:
        """Send, and return what has to be read and merged again."""
        again: list[int] = []
        for part in _parts(operations):
            lines = [line for operation in part for line in (operation.action, operation.document)]
            with asking():
                # Bytes travel as they are, whatever the client's types say.
                answer = self._client.bulk(
                    operations=lines,  # type: ignore[arg-type]
                    timeout=f"{self._settings.patience_s}s",
                    filter_path=WRITTEN,
                )
            for operation, item in zip(part, answer["items"], strict=True):
                (result,) = item.values()
                if result["status"] == 409:
                    self._recent.was_wrong(operation.change.id)
                    again.append(operation.number)
                elif result["status"] == 400 and result["error"]["type"] in _NEVER:
                    outcomes[operation.number] = Outcome(f"not_indexed: {explain(400, result)}")
                elif result["status"] >= 300:
                    raise explain(result["status"], result)
                else:
                    self._recent.wrote(operation.change.id, _written(operation, result))
        return again

    def decide(self, index: str, name: str, change: Callable[[Source], Source | None]) -> None:
        """Change one document that is there, by a person's hand; None: this was done already, by a write whose answer
        was lost with its node. Returns when the next search sees it: its shard is
        made to show what it has, so that nobody waits for the interval in which it does so by itself.

        Raises:
            KeyError: it is not there.
        """
        for _ in range(ATTEMPTS):
            with asking():
                answer = self._client.options(ignore_status=404).get(index=index, id=name).body
            if not answer.get("found"):
                raise KeyError(name)
            place = _place(answer)
            source = change(place.source)
            if source is None:
                self._recent.was_wrong(name)
                return
            with asking():
                written = self._client.options(ignore_status=409).index(
                    index=index,
                    id=name,
                    document=source,
                    if_seq_no=place.seq_no,
                    if_primary_term=place.primary_term,
                    refresh=True,
                    timeout=f"{self._settings.patience_s}s",
                )
            if "error" not in written.body:
                self._recent.was_wrong(name)
                return
        raise StoreError("this incident is changed by many at once; try again")


_NEVER = {"document_parsing_exception", "mapper_parsing_exception", "illegal_argument_exception"}
"""What the document itself is refused for. All else is the cluster's (too many shards, a closed index): it waits."""


def _place(item: Any) -> Place:
    return Place(item["_index"], item["_source"], item["_seq_no"], item["_primary_term"])


def _written(operation: Operation, result: Any) -> Place:
    """The document as it stands after a write."""
    index = operation.change.homes[0] if operation.place is None else operation.place.index
    return Place(index, documents.for_merge(operation.source), result["_seq_no"], result["_primary_term"])


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
        weight = len(operation.document)
        if part and size + weight > WRITE_AT_ONCE_BYTES:
            yield part
            part, size = [], 0
        part.append(operation)
        size += weight
    if part:
        yield part
