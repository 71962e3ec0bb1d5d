"""What compiled code reads and writes: the ordinary, at a fifth of the cost.

Whatever is not ordinary it leaves alone, also what is wrong: that is read and written by hand (`shape`, `json`), which
says what is wrong with it. So there is one set of refusals and messages, and one form of bytes. Tests hold both ways
against each other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")
EXTRA = "extra"
"""the field in which our dataclasses keep the keys they do not know"""

_WRITER = msgspec.json.Encoder(order="sorted")
_AS_IT_STANDS = msgspec.json.Encoder()
_PLAIN = frozenset({str, int, bool, type(None)})


def write(content: dict[str, Any]) -> bytes | None:
    """Compact UTF-8 JSON, keys sorted, as `json.dumps` would write it.

    None where that may not be so: fractions (1e16 is 1e+16 there, and not a number is none of JSON), and everything
    that JSON cannot say.
    """
    try:
        return _WRITER.encode(content) if _is_plain(content) else None
    except (ValueError, TypeError, RecursionError):
        return None


def line(content: dict[str, Any]) -> str | None:
    """A line of JSON for people, keys as they stand, as `json.dumps` without arguments but `ensure_ascii=False`.

    None as in `write`.
    """
    try:
        return msgspec.json.format(_AS_IT_STANDS.encode(content), indent=0).decode() if _is_plain(content) else None
    except (ValueError, TypeError, RecursionError):
        return None


def _is_plain(content: dict[str, Any]) -> bool:
    todo: list[Any] = [content]
    for item in todo:  # which grows meanwhile
        kind = type(item)
        if kind in _PLAIN:
            continue
        if kind is dict:
            todo += item.values()
        elif kind is list or kind is tuple:
            todo += item
        else:
            return False
    return True


class Ordinary(Generic[T]):
    """Reads one of our dataclasses, whose annotations say what is accepted, from a JSON object.

    `renamed`: key → field, where they differ: text or nothing. `parts`: the keys of inner objects, of which nothing
    unknown is ordinary; `lists`: those of lists, of such objects or of plain values (None).
    """

    def __init__(
        self, kind: type[T], renamed: Mapping[str, str], parts: Mapping[str, type], lists: Mapping[str, type | None]
    ) -> None:
        self._kind = kind
        self._renamed = tuple(renamed.items())
        self._keys = (_keys(kind) - {*renamed.values()}) | renamed.keys()
        self._no_keys = {EXTRA, *renamed.values()}
        self._parts = tuple((name, _keys(part)) for name, part in parts.items())
        self._lists = tuple((name, None if part is None else _keys(part)) for name, part in lists.items())
        # msgspec looks through a class when it is first asked for one, and two threads that ask at once crash it.
        with contextlib.suppress(msgspec.ValidationError):
            msgspec.convert({}, kind)

    def read(self, data: object) -> T | None:
        """None where it is not ordinary, or not right."""
        if type(data) is not dict or not self._inside_ordinary(data):
            return None
        unknown = data.keys() - self._keys
        if not unknown.isdisjoint(self._no_keys):
            return None
        try:
            found = msgspec.convert(data, self._kind)
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            return None
        for key, name in self._renamed:
            value = data.get(key)
            if type(value) is str:
                object.__setattr__(found, name, value)
            elif value is not None:
                return None
        if unknown:
            object.__setattr__(found, EXTRA, {key: value for key, value in data.items() if key in unknown})
        return found

    def _inside_ordinary(self, data: dict[str, Any]) -> bool:
        for name, keys in self._parts:
            part = data.get(name)
            if part is not None and (type(part) is not dict or not part.keys() <= keys):
                return False
        for name, of_item in self._lists:
            items = data.get(name, ())
            if type(items) is not list and type(items) is not tuple:
                return False
            if of_item is not None and not _all_known(items, of_item):
                return False
        return True


def _all_known(items: Iterable[Any], keys: frozenset[str]) -> bool:
    return all([type(item) is dict and item.keys() <= keys for item in items])


def _keys(kind: Any) -> frozenset[str]:
    return frozenset(item.name for item in fields(kind)) - {EXTRA}
