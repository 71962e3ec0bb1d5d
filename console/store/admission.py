"""What every store asks of a record before it keeps it, and reads from it: the same answers, wherever it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from console.store.rows import Status
from federation.spool import RECORD_BYTES
from sensor.schema import Alert, Asset, Endpoint, EvidenceFile, Heartbeat, Kind, Link, Receipt, Record, Story
from sensor.schema.shape import MAX_INT

KEEP_REVISIONS = 50
KEEP_REJECTED = 10_000
MAX_PATH = 16
"""Hops; a record that came further went in a circle."""
PATH_BYTES = 4096
"""What the hops may add to a record on its way."""
MAX_ORIGINS_PER_CHILD = 500_000
"""A child that invents names cannot fill the table of names: a whole province has fewer sensors."""

HERE = "^"
"""What the names that parents know us by stand under: no child can be called that, so no child speaks for us."""

Body = Alert | Asset | Heartbeat | EvidenceFile | Link | Receipt | Story

_READERS: Mapping[str, Callable[[Record], Body]] = {
    Kind.ALERT: Record.alert,
    Kind.ASSET: Record.asset,
    Kind.HEARTBEAT: Record.heartbeat,
    Kind.EVIDENCE: Record.evidence_file,
    Kind.LINK: Record.link,
    Kind.RECEIPT: Record.receipt,
    Kind.STORY: Record.story,
}


class Refusal(ValueError):
    """This one record is not taken; the text is the reason its sender is told."""


def check_size(record: Record, whole: bytes) -> None:
    """Raises Refusal for what is too large or came too far; `whole` is the record as it travels."""
    if len(whole) > RECORD_BYTES + PATH_BYTES:
        raise Refusal(f"too_large: a record has at most {RECORD_BYTES} bytes")
    if len(record.path) > MAX_PATH:
        raise Refusal(f"path_too_long: more than {MAX_PATH} hops")


def compare(record: Record, kind: str, revision: int) -> Status:
    """What becomes of a record of which that revision is kept. Raises Refusal where that is of another kind."""
    if kind != record.kind:
        raise Refusal(f"kind_changed: this id is a record of kind {kind}")
    return Status.DUPLICATE if revision >= record.revision else Status.STORED


def read_body(record: Record) -> Body | None:
    """The body; None for a kind this version does not know: kept and passed on, shown nowhere.

    Raises:
        RecordError: it is not what its kind says.
    """
    reader = _READERS.get(record.kind)
    return None if reader is None else reader(record)


def address_of(end: Endpoint | None) -> str | None:
    """What is shown of one end of a conversation."""
    return None if end is None else end.ip or end.mac


def bounded_sum(counts: Iterable[int]) -> int:
    """A sum that a column of 64 bits holds, whatever the sender counted."""
    return min(sum(counts), MAX_INT)
