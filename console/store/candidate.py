"""A batch before the writer's place is taken: all that can be worked out about its records without the store.

Half of what keeping a record costs is done here, where many children's batches may be at it while one is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console.store import fulltext, kept, rollups
from console.store.admission import Body, Refusal, check_size, read_body
from console.store.kept import Kept
from console.store.rollups import Place
from sensor.schema import Alert, Key, Record, RecordError


class Candidate(NamedTuple):
    record: Record
    """with the child it came from in its path"""
    whole: bytes
    """the record as it travels, and as it is kept"""
    body: Body | None
    """None for an alert, which is `kept`, and for a kind this version does not know"""
    kept: Kept | None = None
    """an alert as its table has it"""
    tokens: str = ""
    """what the full text has of an alert that comes for the first time"""
    places: Sequence[Place] = ()
    """the sums it is part of then"""


class Refused(NamedTuple):
    key: Key
    reason: str


def prepare(records: Sequence[Record], child: str) -> list[Candidate | Refused]:
    """One for each record, in order."""
    return [_prepared(record, child) for record in records]


def _prepared(record: Record, child: str) -> Candidate | Refused:
    record = record.via(child)
    try:
        whole = record.to_bytes()
        check_size(record, whole)
        body = read_body(record)
    except (Refusal, RecordError) as refusal:
        return Refused(record.key, str(refusal))
    if not isinstance(body, Alert):
        return Candidate(record, whole, body)
    row = kept.of_alert(child, record, body)
    # A later revision has other words only where its sender found out more.
    if record.revision > 1:
        return Candidate(record, whole, None, row)
    return Candidate(record, whole, None, row, fulltext.document(row, "new"), rollups.places(row, "new"))
