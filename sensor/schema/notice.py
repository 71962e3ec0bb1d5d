"""The body of a notice record: 通报 or 预警."""

from __future__ import annotations

from dataclasses import dataclass

from sensor.schema.order import Order, code_or_none, common, state_of
from sensor.schema.shape import Json, Reader, RecordError
from sensor.schema.words import Colour, Form, Level


@dataclass(frozen=True, kw_only=True)
class Notice(Order):
    form: str
    colour: Colour | None = None
    """of a warning; a bulletin has none"""
    level: Level | None = None
    """of what a bulletin is about"""

    @property
    def course(self) -> str:
        return str(self.form)

    def to_json(self) -> Json:
        colour, level = (None if word is None else str(word) for word in (self.colour, self.level))
        return {**super().to_json(), "form": str(self.form), "colour": colour, "level": level}

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> Notice:
        reader = Reader(data, where)
        form, colour = state_of(reader, "form"), code_or_none(Colour, reader, "colour")
        if (form == Form.WARNING) != (colour is not None):
            raise RecordError(f"{reader.key('colour')}: a warning has one, and nothing else")
        return cls(
            form=form,
            colour=colour,
            level=code_or_none(Level, reader, "level"),
            **common(reader),
            extra=reader.rest(),
        )
