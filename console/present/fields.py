"""Protocol fields as a table: what each is called, what it held."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from console.present.message import shown
from console.words import clean

MAX_LINES = 120
MAX_CELL = 600


@dataclass(frozen=True)
class Line:
    name: str
    """the field's own name, `modbus.address`"""
    label: str
    """what a person calls it, or nothing where the field list has no word"""
    value: str


@cache
def _labels() -> Mapping[str, tuple[str, str]]:
    """Field → (中文, English), from the one list of fields all rooms share."""
    if importlib.util.find_spec("sensor.schema.fields") is None:
        return {}
    listed: Any = importlib.import_module("sensor.schema.fields")
    return {name: (item.label.zh, item.label.en) for name, item in listed.FIELDS.items()}


def label(name: str, language: str) -> str:
    zh, en = _labels().get(name, ("", ""))
    return zh if language == "zh" else en


def table(fields: Mapping[str, Any], language: str) -> tuple[Line, ...]:
    """At most MAX_LINES fields, by name."""
    return tuple(
        Line(clean(name), label(name, language), shown(fields[name], MAX_CELL)) for name in sorted(fields)[:MAX_LINES]
    )
