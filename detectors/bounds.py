"""How much of a message an alert carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEXT_LETTERS, LIST_VALUES, FIELDS_LETTERS = 1024, 64, 32_768
"""What an alert carries of one text, of one list, and of all fields of a message. A message may be a megabyte, a record
that large is taken by no tier; the whole message is in the evidence and in `otus events`."""


def bounded(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of one message, cut to what an alert carries. A long text ends in `…`, of a long list the
    beginning stays, and a field that finds no room any more is left out."""
    kept: dict[str, Any] = {}
    room = FIELDS_LETTERS
    for name, value in fields.items():
        value = _cut(value)
        size = len(str(value))
        if size <= room:
            room -= size
            kept[name] = value
    return kept


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > TEXT_LETTERS:
        return value[:TEXT_LETTERS] + "…"
    if isinstance(value, list):
        return [_cut(item) for item in value[:LIST_VALUES]]
    if isinstance(value, dict):
        return {name: _cut(item) for name, item in value.items()}
    return value
