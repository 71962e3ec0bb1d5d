"""The body of a review record: what a person decided at the console about a sensor's baseline, on its way down to it.

It is an order like the others: kept, told to the one it names, and done only when that one's receipt says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.baseline import MAX_NAME
from sensor.schema.order import Order, bounded, code, common
from sensor.schema.shape import Json, Reader, RecordError, as_int, as_list
from sensor.schema.words import ReviewAction

REVIEW = "review"
MAX_CALLED = 128
MAX_DECISIONS = 100
"""entries in one order: a page of them, and within the bytes that an order may have"""
APPLIED, REFUSED = "applied", "refused"
"""what the sensor's receipt says"""


@dataclass(frozen=True)
class Asked:
    """One entry, and what shall become of it."""

    action: ReviewAction
    entry: str
    """its very name"""
    stretch: tuple[int, int] | None = None
    """widened to these addresses"""
    network: str | None = None
    """widened to these stations"""
    called: str = ""
    """of an operation that is added: its name"""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        told: Json = {**self.extra, "action": str(self.action), "entry": self.entry}
        if self.stretch is not None:
            told["stretch"] = list(self.stretch)
        if self.network is not None:
            told["network"] = self.network
        if self.called:
            told["called"] = self.called
        return told

    @classmethod
    def from_json(cls, data: object, where: str = "decision") -> Asked:
        reader = Reader(data, where)
        stretch = reader.take("stretch")
        if stretch is not None:
            key = reader.key("stretch")
            ends = [as_int(end, key) for end in as_list(stretch, key)]
            if len(ends) != 2:
                raise RecordError(f"{key}: two addresses, the first and the last")
            stretch = (ends[0], ends[1])
        entry = bounded(reader.text("entry"), MAX_NAME, reader.key("entry"))
        network = reader.text_or_none("network")
        if network is not None:
            bounded(network, 64, reader.key("network"))
        called = bounded(reader.text("called", ""), MAX_CALLED, reader.key("called"))
        return cls(code(ReviewAction, reader, "action"), entry, stretch, network, called, reader.rest())


@dataclass(frozen=True, kw_only=True)
class Review(Order):
    """`text` is the reason, the first step says who decided. Either decisions, or a version to go back to, or that the
    baseline on trial shall count from now on."""

    decisions: tuple[Asked, ...] = ()
    rollback: int | None = None
    enforce: bool = False

    @property
    def course(self) -> str:
        return REVIEW

    @property
    def person(self) -> str:
        return self.steps[0].by if self.steps else ""

    def to_json(self) -> Json:
        return {
            **super().to_json(),
            "decisions": [one.to_json() for one in self.decisions],
            "rollback": self.rollback,
            "enforce": self.enforce,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> Review:
        reader = Reader(data, where)
        decisions = reader.parts("decisions", Asked.from_json, most=MAX_DECISIONS)
        rollback, enforce = reader.whole_or_none("rollback"), reader.take("enforce", False)
        if not isinstance(enforce, bool) or (bool(decisions) + (rollback is not None) + enforce) != 1:
            raise RecordError(f"{reader.key('decisions')}: either decisions, or rollback, or enforce")
        return cls(decisions=decisions, rollback=rollback, enforce=enforce, **common(reader), extra=reader.rest())
