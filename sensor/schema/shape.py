"""Reading JSON into frozen dataclasses without losing what a newer version added, and without believing anything."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

MAX_INT = 2**63 - 1
"""The largest number a store column holds; times in nanoseconds fit until the year 2262."""

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
    if _NAME.fullmatch(value) is None or _MAC.fullmatch(value):
        return False
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return True
    return False


def as_object(value: object, key: str) -> Json:
    if not isinstance(value, Mapping):
        raise RecordError(f"{key}: must be an object")
    return dict(value)


def as_text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise RecordError(f"{key}: must be text")
    return value


def as_text_or_none(value: object, key: str) -> str | None:
    return None if value is None else as_text(value, key)


def as_int(value: object, key: str, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MAX_INT:
        raise RecordError(f"{key}: must be a whole number from {least} to {MAX_INT}")
    return value


def as_int_or_none(value: object, key: str) -> int | None:
    return None if value is None else as_int(value, key)


def as_bool(value: object, key: str) -> bool:
    if not isinstance(value, bool):
        raise RecordError(f"{key}: must be true or false")
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
    """Takes keys out of one JSON object; what was not taken is what this version does not know."""

    def __init__(self, data: object, where: str) -> None:
        self._rest = as_object(data, where)
        self._where = where

    def key(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name

    def need(self, name: str) -> Any:
        """The value of a key that must be there."""
        if name not in self._rest:
            raise RecordError(f"{self.key(name)}: is missing")
        return self._rest.pop(name)

    def take(self, name: str, default: Any = None) -> Any:
        """The value of a key that may be absent."""
        return self._rest.pop(name, default)

    def rest(self) -> Json:
        """Every key that nobody took: kept, so that a newer tier's fields pass through an older one."""
        return self._rest
