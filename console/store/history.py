"""What is kept of a record's past: its last revisions, of a station the same in every store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from console.store.rows import AssetRevision
from sensor.schema import Asset, Record

KEEP_ASSET_REVISIONS = 20
"""A station is told again when something about it changed, so these are its last twenty changes."""

Mark = list[Any]
"""revision, when this node stored it, and the body as JSON text"""


def mark(record: Record, received_ns: int) -> Mark:
    text = json.dumps(dict(record.body), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return [record.revision, received_ns, text]


def read(marks: Iterable[Sequence[Any]]) -> tuple[AssetRevision, ...]:
    """The newest first."""
    found = [AssetRevision(revision, at_ns, Asset.from_json(json.loads(text))) for revision, at_ns, text in marks]
    return tuple(sorted(found, key=lambda revision: -revision.revision))


def keep_newest(db: sqlite3.Connection, table: str, numbers: Iterable[int], most: int) -> None:
    """Let the oldest revisions of these records go from a table of the embedded store."""
    db.executemany(
        f"DELETE FROM {table} WHERE number = ? AND revision <= (SELECT revision FROM {table} WHERE number = ?"
        " ORDER BY revision DESC LIMIT 1 OFFSET ?)",
        [(number, number, most) for number in numbers],
    )
