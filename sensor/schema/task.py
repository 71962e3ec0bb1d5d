"""The body of a task record: 抽查, the order to check oneself by a list."""

from __future__ import annotations

from dataclasses import dataclass

from sensor.schema.order import Order, bounded, common
from sensor.schema.shape import Json, Reader, RecordError

SPOT_CHECK = "spot_check"
MAX_CHECKLIST, MAX_LINE = 50, 300
"""lines; characters of one"""


@dataclass(frozen=True, kw_only=True)
class Task(Order):
    checklist: tuple[str, ...]
    """what to look at, one line each"""
    scope: str = ""
    """where: workshops, systems, a span of time, in words"""

    @property
    def course(self) -> str:
        return SPOT_CHECK

    def to_json(self) -> Json:
        return {**super().to_json(), "checklist": list(self.checklist), "scope": self.scope}

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> Task:
        reader = Reader(data, where)
        checklist = tuple(bounded(line, MAX_LINE, reader.key("checklist")) for line in reader.texts("checklist"))
        if not 1 <= len(checklist) <= MAX_CHECKLIST:
            raise RecordError(f"{reader.key('checklist')}: 1 to {MAX_CHECKLIST} lines")
        scope = bounded(reader.text("scope", ""), MAX_LINE, reader.key("scope"))
        return cls(checklist=checklist, scope=scope, **common(reader), extra=reader.rest())
