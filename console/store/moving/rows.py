"""What is moved, as plain rows: the same row for the same thing, wherever it is kept. And the sum over them.

The sum does not depend on the order in which rows come, so two stores that hold the same give the same, whatever each
reads first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

RECORD = "record"
HEARD = "heard"
MODULUS = 1 << 256

Place = list[Any]
"""How far a source was read: JSON that only the source itself understands. Empty: nothing yet."""


class Row(NamedTuple):
    """One thing that is kept."""

    part: str
    """`record:<kind>`, `heard`, or the name of a small table"""
    said: tuple[Any, ...]
    """all that counts, as JSON can say it"""
    whole: str = ""
    """of `heard`: the record itself, which is one of the records as well"""


class Batch(NamedTuple):
    rows: list[Row]
    place: Place
    """where the next batch begins"""


def record_row(
    kind: str,
    whole: str,
    child: str,
    received_ns: int,
    touched_ns: int | None,
    workflow: str | None = None,
    revisions: list[list[Any]] | None = None,
    steps: list[list[Any]] | None = None,
) -> Row:
    """A record with all that is kept about it: when it came, what it ages by, a person's decisions, its revisions."""
    return Row(f"{RECORD}:{kind}", (whole, child, received_ns, touched_ns, workflow, revisions or [], steps or []))


def heard_row(origin: str, record_id: str, child: str, received_ns: int, whole: str) -> Row:
    """The last heartbeat of an origin."""
    return Row(HEARD, (origin, record_id, child, received_ns), whole)


@dataclass
class Tally:
    """How many rows of each part, and the sum of their SHA-256."""

    numbers: dict[str, int] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        text = json.dumps([row.part, *row.said], ensure_ascii=False, separators=(",", ":"), default=_bytes)
        value = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest(), "big")
        self.numbers[row.part] = self.numbers.get(row.part, 0) + 1
        self.sums[row.part] = (self.sums.get(row.part, 0) + value) % MODULUS

    @property
    def records(self) -> int:
        return sum(number for part, number in self.numbers.items() if part.startswith(RECORD))

    @property
    def digest(self) -> str:
        """Over everything, for a person to compare."""
        text = json.dumps([[part, number, self.sums[part]] for part, number in sorted(self.numbers.items())])
        return hashlib.sha256(text.encode()).hexdigest()

    def differences(self, other: Tally) -> Iterator[str]:
        """Where another one says something else."""
        for part in sorted(self.numbers.keys() | other.numbers.keys()):
            here, there = self.numbers.get(part, 0), other.numbers.get(part, 0)
            if here != there:
                yield f"{part}: {here} in the source, {there} in the target"
            elif self.sums.get(part) != other.sums.get(part):
                yield f"{part}: {here} in both, with different content"

    def to_json(self) -> dict[str, Any]:
        return {"numbers": self.numbers, "sums": {part: f"{value:x}" for part, value in self.sums.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tally:
        return cls(dict(data["numbers"]), {part: int(value, 16) for part, value in data["sums"].items()})


def _bytes(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(type(value).__name__)
