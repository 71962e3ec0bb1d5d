"""Reading JSON into frozen dataclasses without losing what a newer version added, and without believing anything."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import msgspec

Json = dict[str, Any]
T = TypeVar("T")
_NOTHING: Json = {}

MAX_INT = 2**63 - 1
"""The largest number a store column holds; times in nanoseconds fit until the year 2262."""

Whole = Annotated[int, msgspec.Meta(ge=0, le=MAX_INT)]
Number = Annotated[int, msgspec.Meta(ge=1, le=MAX_INT)]
"""Numbers as `compiled` holds them to their bounds."""

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NAME = re.compile(r"[\w.\-]{1,64}")
_MAC = re.compile(
    r"([0-9a-f]{2}[:\-]){5}[0-9a-f]{2}|([0-9a-f]{4}\.){2}[0-9a-f]{4}|[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)


class RecordError(ValueError):
    """A record cannot be read; the message names the key and what is wrong with it."""


def known_id(value: str) -> bool:
    """32 lower-case hex digits."""
    return _ID.fullmatch(value) is not None


def known_name(value: str) -> bool:
    """A node's name: 1 to 64 letters (any script), digits, `.`, `-`, `_`, and no address.

    An address is refused as a name because names travel upward in clear.
    """
    return _NAME.fullmatch(value) is not None and not _is_address(value)


@lru_cache(32_768)
def _is_address(name: str) -> bool:
    """Remembered, for a node's name stands in each of its records."""
    if _MAC.fullmatch(name):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def as_object(value: object, key: str) -> Json:
    if not isinstance(value, Mapping):
        raise RecordError(f"{key}: must be an object")
    return dict(value)


def as_text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise RecordError(f"{key}: must be text")
    return value


def as_int(value: object, key: str, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MAX_INT:
        raise RecordError(f"{key}: must be a whole number from {least} to {MAX_INT}")
    return value


def as_list(value: object, key: str) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise RecordError(f"{key}: must be a list")
    return list(value)


def as_texts(value: object, key: str) -> tuple[str, ...]:
    return tuple(as_text(item, key) for item in as_list(value, key))


def as_counts(value: object, key: str) -> dict[str, int]:
    """A map of name → count."""
    return {as_text(name, key): as_int(count, f"{key}.{name}") for name, count in as_object(value, key).items()}


class Reader:
    """Takes keys out of one JSON object; what was not taken is what this version does not know.

    A console reads every record through it: how a key is called is worked out only for a message.
    """

    __slots__ = ("_rest", "_where")

    def __init__(self, data: object, where: str) -> None:
        self._rest = as_object(data, where)
        self._where = where

    def key(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name

    def need(self, name: str) -> Any:
        """The value of a key that must be there."""
        try:
            return self._rest.pop(name)
        except KeyError:
            raise RecordError(f"{self.key(name)}: is missing") from None

    def take(self, name: str, default: Any = None) -> Any:
        """The value of a key that may be absent."""
        return self._rest.pop(name, default)

    def text(self, name: str, default: str | None = None) -> str:
        """Without a default it must be there."""
        value = self.need(name) if default is None else self._rest.pop(name, default)
        return value if type(value) is str else as_text(value, self.key(name))

    def text_or_none(self, name: str) -> str | None:
        value = self._rest.pop(name, None)
        return value if value is None or type(value) is str else as_text(value, self.key(name))

    def texts(self, name: str) -> tuple[str, ...]:
        return as_texts(self._rest.pop(name, ()), self.key(name))

    def whole(self, name: str, default: int | None = None, least: int = 0) -> int:
        """A whole number. Without a default it must be there."""
        value = self.need(name) if default is None else self._rest.pop(name, default)
        if type(value) is int and least <= value <= MAX_INT:
            return value
        return as_int(value, self.key(name), least)

    def whole_or_none(self, name: str) -> int | None:
        value = self._rest.pop(name, None)
        return None if value is None else as_int(value, self.key(name))

    def mapping(self, name: str) -> Json:
        """Empty where it is absent."""
        value = self._rest.pop(name, _NOTHING)
        return value.copy() if type(value) is dict else as_object(value, self.key(name))

    def part(self, name: str, read: Callable[[object, str], T]) -> T:
        """What `read` makes of an object that must be there."""
        return read(self.need(name), self.key(name))

    def part_or_none(self, name: str, read: Callable[[object, str], T]) -> T | None:
        value = self._rest.pop(name, None)
        return None if value is None else read(value, self.key(name))

    def parts(self, name: str, read: Callable[[object, str], T], most: int | None = None) -> tuple[T, ...]:
        """A list of objects, each through `read`."""
        key = self.key(name)
        items = as_list(self._rest.pop(name, ()), key)
        if most is not None and len(items) > most:
            raise RecordError(f"{key}: at most {most}")
        return tuple([read(item, key) for item in items])

    def rest(self) -> Json:
        """Every key that nobody took: kept, so that a newer tier's fields pass through an older one."""
        return self._rest
