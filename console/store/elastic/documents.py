"""A record as a document, and a document as a row: flat columns beside the record's whole text."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import orjson

from console.store import history
from console.store.admission import KEEP_REVISIONS, Body, address_of, bounded_sum, compare, read_body
from console.store.elastic.indices import HOUR_NS, kind_of
from console.store.order_rows import ReceiptRow
from console.store.rows import (
    AssetHistory,
    AssetRow,
    Incident,
    IncidentRow,
    LinkRow,
    Revision,
    Status,
    StoryRow,
    Workflow,
    WorkflowStep,
)
from console.store.text import MAX_CHARACTERS, PLAIN_ADDRESS, more_parts, pieces, runs
from sensor.schema import Alert, Heartbeat, Kind, Receipt, Record, Story
from sensor.schema.fields import FIELDS

Source = dict[str, Any]

ROW_SOURCE = [
    "event.id", "observer.name", "organization.id", "segment", "otus.revision", "otus.child", "otus.received_ns",
    "otus.workflow", "network.protocol", "client.address", "server.address", "alert.level", "alert.detector",
    "alert.title.zh", "alert.title.en", "alert.rule_id", "alert.technique", "alert.first_ns", "alert.last_ns",
    "alert.count", "alert.outcome", "alert.state",
]  # fmt: skip
"""What a line of the list is made of; the record itself stays on the cluster."""

MERGED_SOURCE = [
    "event.id", "observer.name", "otus.kind", "otus.revision", "otus.revisions", "otus.received_ns", "otus.touched_ns",
    "otus.workflow", "otus.steps",
]  # fmt: skip
"""What `merged` and `heard` read of the document that is there."""


_OF_ALL = [name for name in MERGED_SOURCE if name not in ("otus.revisions", "otus.workflow", "otus.steps")]
_all_of_incident, _all_of_others = itemgetter(*MERGED_SOURCE), itemgetter(*_OF_ALL)


def for_merge(source: Source) -> Source:
    """What of a whole document a merge reads."""
    if "otus.workflow" in source:
        return dict(zip(MERGED_SOURCE, _all_of_incident(source), strict=True))
    found = dict(zip(_OF_ALL, _all_of_others(source), strict=True))
    return found if "otus.revisions" not in source else {**found, "otus.revisions": source["otus.revisions"]}


@dataclass(frozen=True)
class Arrival:
    """A record as this node takes it in: with the child in its path already."""

    record: Record
    child: str
    received_ns: int

    @functools.cached_property
    def whole(self) -> bytes:
        """The record as it travels. Raises RecordError for what JSON cannot say."""
        return self.record.to_bytes()

    @functools.cached_property
    def body(self) -> Body | None:
        """The body, read once; None for a kind this version does not know: kept and passed on, shown nowhere.

        Raises:
            RecordError: it is not what its kind says.
        """
        return read_body(self.record)


_ENDS = ("client.", "server.", "source.", "destination.")
OF_MESSAGE = frozenset(name for name in FIELDS if not name.startswith((*_ENDS, *(f"{kind}." for kind in Kind))))
"""Of the message an incident is about, what stands in columns. Its ends are `client.address` and `server.address`."""


def columns(arrival: Arrival) -> Source:
    """The document of one record alone. What cannot be read as its kind was refused before."""
    record, body = arrival.record, arrival.body
    inner: Source = {}
    if isinstance(body, Alert):
        inner = _incident(body) | _searched(arrival, body)
    elif isinstance(body, Heartbeat):
        inner = _heartbeat(body)
    elif isinstance(body, Receipt):
        inner = _receipt(body)
    elif isinstance(body, Story):
        inner = _story(body)
    elif body is not None:
        kind = kind_of(record)
        inner = {f"{kind}.{name}": value for name, value in record.body.items() if f"{kind}.{name}" in FIELDS}
    # The envelope last: no field of a body may take the place of one of these.
    return {
        **inner,
        "event.id": record.id,
        "observer.name": record.origin,
        "organization.id": record.tenant,
        "segment": record.segment,
        "otus.kind": str(record.kind),
        "otus.revision": record.revision,
        "otus.child": arrival.child,
        "otus.received_ns": arrival.received_ns,
        "otus.touched_ns": arrival.received_ns,
        "otus.record": arrival.whole.decode(),
    }


def _incident(alert: Alert) -> Source:
    # The message's own fields first: none of them may take the place of a column.
    source: Source = {name: value for name, value in alert.fields.items() if name in OF_MESSAGE}
    source |= {
        "@timestamp": iso(alert.first_ns),
        "event.severity": alert.level.rank,
        "network.protocol": alert.protocol,
        "client.address": address_of(alert.client),
        "server.address": address_of(alert.server),
        "alert.cause": alert.cause,
        "alert.level": str(alert.level),
        "alert.detector": alert.detector,
        "alert.title.zh": alert.title.zh,
        "alert.title.en": alert.title.en,
        "alert.rule_id": alert.rule_id,
        "alert.technique": list(alert.technique),
        "alert.first_ns": alert.first_ns,
        "alert.last_ns": alert.last_ns,
        "alert.count": alert.count,
        "alert.outcome": str(alert.outcome),
        "alert.state": str(alert.state),
        "alert.story": alert.story,
        "otus.hour": _hour(alert.first_ns // HOUR_NS),
    }
    return source


def _searched(arrival: Arrival, alert: Alert) -> Source:
    """The words of an incident, as `console.store.text` says what is searched and what a word is."""
    title = alert.title
    han, words = dict[str, None](), dict[str, None]()
    splits = [
        _of_all(title.zh, title.en, alert.rule_id, alert.technique, arrival.child, alert.detector, alert.protocol),
        _split(arrival.record.origin),
    ]
    for part in (address_of(alert.client), address_of(alert.server), *more_parts(alert)):
        if part and PLAIN_ADDRESS.fullmatch(part):  # too many different ones to remember
            words[part] = None
        elif part:
            splits.append(_split(part))
    for of_han, others in splits:
        han |= of_han
        words |= others
    return {"otus.han": list(han), "otus.words": list(words)}


Split = tuple[dict[str, None], dict[str, None]]
"""runs of Han characters, and other words, each once and in order; nobody changes them"""


@functools.lru_cache(4096)
def _of_all(zh: str, en: str, rule_id: str | None, technique: tuple[str, ...], *names: str) -> Split:
    """What is the same in each incident of a rule that comes through one child."""
    parts = [_split(part) for part in (zh, en, rule_id, *technique, *names) if part]
    return {key: None for han, _ in parts for key in han}, {key: None for _, words in parts for key in words}


@functools.lru_cache(32_768)
def _split(text: str) -> Split:
    """Names come again and again."""
    found = list(runs(text))
    han = dict.fromkeys(word.text for word in found if word.han)
    return han, dict.fromkeys(piece[:MAX_CHARACTERS] for word in found if not word.han for piece in pieces(word))


SUMMED = "heartbeat.below.sensors"
"""There in the heartbeat of a console that sums up."""


def _heartbeat(beat: Heartbeat) -> Source:
    ledger = beat.ledger
    return {
        "heartbeat.start_ns": beat.start_ns,
        "heartbeat.end_ns": beat.end_ns,
        "heartbeat.ledger.received": ledger.received,
        "heartbeat.ledger.parsed": ledger.parsed,
        "heartbeat.ledger.skipped": bounded_sum(ledger.skipped.values()),
        "heartbeat.ledger.lost": bounded_sum(ledger.lost.values()),
        "heartbeat.ledger.held": ledger.held,
        "otus.baseline": beat.baseline is not None,
        **({} if beat.below is None else {SUMMED: beat.below.sensors}),
    }


def _receipt(receipt: Receipt) -> Source:
    return {
        "receipt.about.origin": receipt.about.origin,
        "receipt.about.id": receipt.about.id,
        "receipt.state": receipt.state,
        "receipt.settled": receipt.settled,
        "receipt.at_ns": receipt.at_ns,
    }


def _story(story: Story) -> Source:
    return {
        "story.level": str(story.level),
        "story.first_ns": story.first_ns,
        "story.last_ns": story.last_ns,
        "story.alerts": story.alerts,
        "story.hits": story.hits,
        "story.actor": story.actor,
        "story.state": str(story.state),
        "story.severity.number": story.severity.number,
        "story.merged_into": story.merged_into or "",
    }


def merged(before: Source | None, arrivals: Iterable[Arrival]) -> Source | None:
    """The document after these arrivals, or None where it stays as it is.

    The sensor's columns are those of the highest revision; what a person wrote is carried over untouched.

    Raises:
        Refusal: this id is a record of another kind.
    """
    kept, changed = before, False
    for arrival in arrivals:
        record = arrival.record
        if kept is not None and not _is_newer(record, kept):
            continue
        source = columns(arrival)
        if "alert.first_ns" in source:
            mark = [record.revision, arrival.received_ns]
            mark += [source[f"alert.{name}"] for name in ("count", "last_ns", "outcome", "state")]
            marks = [mark, *_json(kept, "otus.revisions")][:KEEP_REVISIONS]
            source |= {
                "otus.revisions": orjson.dumps(marks).decode(),
                "otus.workflow": str(Workflow.NEW) if kept is None else kept["otus.workflow"],
                "otus.steps": "[]" if kept is None else kept["otus.steps"],
                "otus.touched_ns": max(arrival.received_ns, 0 if kept is None else int(kept["otus.touched_ns"])),
            }
        elif record.kind == Kind.ASSET:
            marks = [history.mark(record, arrival.received_ns), *_json(kept, "otus.revisions")]
            source["otus.revisions"] = json.dumps(marks[: history.KEEP_ASSET_REVISIONS], ensure_ascii=False)
        kept, changed = source, True
    return kept if changed else None


def newer(before: Source, arrivals: Iterable[Arrival]) -> bool:
    """Whether one of these is newer than what is there."""
    return max(arrival.record.revision for arrival in arrivals) > int(before["otus.revision"])


def decided(before: Source, step: WorkflowStep) -> Source:
    """The document after a person's decision; nothing of the sensor's is touched."""
    kept = [*_json(before, "otus.steps"), [step.at_ns, step.by, str(step.before), str(step.after), step.note]]
    return {
        **before,
        "otus.workflow": str(step.after),
        "otus.steps": json.dumps(kept, ensure_ascii=False),
        "otus.touched_ns": max(step.at_ns, int(before["otus.touched_ns"])),
    }


def heard(before: Source | None, arrival: Arrival) -> Source | None:
    """The document of an origin's last heartbeat, or None where the one there came later."""
    return columns(arrival) if before is None or heard_later(before, arrival) else None


def heard_later(before: Source, arrival: Arrival) -> bool:
    return arrival.received_ns > int(before["otus.received_ns"])


def incident_row(source: Mapping[str, Any]) -> IncidentRow:
    return IncidentRow(
        origin=source["observer.name"],
        id=source["event.id"],
        revision=source["otus.revision"],
        child=source["otus.child"],
        tenant=source["organization.id"],
        segment=source["segment"],
        level=source["alert.level"],
        detector=source["alert.detector"],
        protocol=source["network.protocol"],
        title_zh=source["alert.title.zh"],
        title_en=source["alert.title.en"],
        rule_id=source["alert.rule_id"],
        technique=tuple(source["alert.technique"]),
        client=source["client.address"],
        server=source["server.address"],
        first_ns=source["alert.first_ns"],
        last_ns=source["alert.last_ns"],
        count=source["alert.count"],
        outcome=source["alert.outcome"],
        state=source["alert.state"],
        workflow=Workflow(source["otus.workflow"]),
        received_ns=source["otus.received_ns"],
    )


def incident(source: Source) -> Incident:
    return Incident(
        row=incident_row(source),
        record=record_of(source),
        revisions=tuple(Revision(*mark) for mark in _json(source, "otus.revisions")),
        steps=steps(source),
    )


def steps(source: Source) -> tuple[WorkflowStep, ...]:
    """What people decided, in order."""
    return tuple(
        WorkflowStep(at_ns, by, Workflow(before), Workflow(after), note)
        for at_ns, by, before, after, note in _json(source, "otus.steps")
    )


def asset_row(source: Mapping[str, Any]) -> AssetRow:
    return AssetRow(
        origin=source["observer.name"],
        id=source["event.id"],
        child=source["otus.child"],
        tenant=source["organization.id"],
        asset=record_of(source).asset(),
        received_ns=source["otus.received_ns"],
    )


def asset_history(source: Mapping[str, Any]) -> AssetHistory:
    return AssetHistory(asset_row(source), source["segment"], history.read(_json(dict(source), "otus.revisions")))


def link_row(source: Mapping[str, Any]) -> LinkRow:
    return LinkRow(
        origin=source["observer.name"],
        id=source["event.id"],
        child=source["otus.child"],
        tenant=source["organization.id"],
        segment=source["segment"],
        link=record_of(source).link(),
        received_ns=source["otus.received_ns"],
    )


def story_row(source: Mapping[str, Any]) -> StoryRow:
    return StoryRow(
        origin=source["observer.name"],
        id=source["event.id"],
        revision=source["otus.revision"],
        child=source["otus.child"],
        tenant=source["organization.id"],
        segment=source["segment"],
        story=record_of(source).story(),
        received_ns=source["otus.received_ns"],
    )


def receipt_row(source: Mapping[str, Any]) -> ReceiptRow:
    return ReceiptRow(
        origin=source["observer.name"],
        id=source["event.id"],
        child=source["otus.child"],
        revision=source["otus.revision"],
        receipt=record_of(source).receipt(),
        received_ns=source["otus.received_ns"],
    )


def record_of(source: Mapping[str, Any]) -> Record:
    return Record.from_bytes(source["otus.record"].encode())


def packed(source: Source) -> bytes:
    """A document as it travels to the cluster."""
    try:
        return orjson.dumps(source)
    except TypeError:  # a number of more than 64 bits, which JSON allows: the mapping ignores it, the record keeps it
        return json.dumps(source, ensure_ascii=False).encode()


def iso(moment_ns: int) -> str:
    return f"{_second(moment_ns // 10**9)}.{moment_ns % 10**9:09d}Z"


def _second(moment_s: int) -> str:
    hour, within_s = divmod(moment_s, 3600)
    return f"{_hour(hour)}:{within_s // 60:02d}:{within_s % 60:02d}"


@functools.lru_cache(4096)
def _hour(hour: int) -> str:
    """Most of what comes is of few hours, and of many seconds."""
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%dT%H")


def _is_newer(record: Record, kept: Source) -> bool:
    return compare(record, kept["otus.kind"], int(kept["otus.revision"])) is Status.STORED


def _json(source: Source | None, name: str) -> list[list[Any]]:
    """A station that came before its history was kept has none."""
    return [] if source is None else list(json.loads(source.get(name, "[]")))
