"""How much of a message an alert carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEXT_LETTERS, LIST_VALUES, FIELDS_LETTERS = 1024, 64, 32_768
"""What an alert carries of one text, of one list, and of all fields of a message. A message may be a megabyte, a record
that large is taken by no tier; the whole message is in the evidence and in `otus events`."""

NUMBER_LETTERS = 32
"""More than the core's numbers take: 64 bits, or a double, and what stands between two of a list."""
_NUMBERS = frozenset((int, float, bool, type(None)))


def bounded(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of one message, cut to what an alert carries. A long text ends in `…`, of a long list the
    beginning stays, and a field that finds no room any more is left out."""
    if _small(fields):
        return dict(fields)
    kept: dict[str, Any] = {}
    room = FIELDS_LETTERS
    for name, value in fields.items():
        value = _cut(value)
        size = len(str(value))
        if size <= room:
            room -= size
            kept[name] = value
    return kept


def _small(fields: Mapping[str, Any]) -> bool:
    """Whether nothing has to be cut, as in nearly every message: told from lengths, without writing anything out."""
    room = FIELDS_LETTERS
    for value in fields.values():
        kind = type(value)
        if kind is str and len(value) <= TEXT_LETTERS:
            room -= len(value)
        elif kind in _NUMBERS:
            room -= NUMBER_LETTERS
        elif kind is list and len(value) <= LIST_VALUES and _NUMBERS.issuperset(map(type, value)):
            room -= NUMBER_LETTERS * (len(value) + 1)
        else:
            return False
    return room >= 0


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > TEXT_LETTERS:
        return value[:TEXT_LETTERS] + "…"
    if isinstance(value, list):
        return [_cut(item) for item in value[:LIST_VALUES]]
    if isinstance(value, dict):
        return {name: _cut(item) for name, item in value.items()}
    return value
