"""Protocol fields as a table: what each is called, what it held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.plain import clean
from console.present.message import shown
from sensor.schema.fields import FIELDS

MAX_LINES = 120
MAX_CELL = 600


@dataclass(frozen=True)
class Line:
    name: str
    """the field's own name, `modbus.address`"""
    label: str
    """what a person calls it, or nothing where the field list has no word"""
    value: str


def label(name: str, language: str) -> str:
    """What the one list of fields calls it, or nothing."""
    field = FIELDS.get(name)
    return "" if field is None else clean(getattr(field.label, language))


def table(fields: Mapping[str, Any], language: str) -> tuple[Line, ...]:
    """At most MAX_LINES fields, by name."""
    return tuple(
        Line(clean(name), label(name, language), shown(fields[name], MAX_CELL)) for name in sorted(fields)[:MAX_LINES]
    )
