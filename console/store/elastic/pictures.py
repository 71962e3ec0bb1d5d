"""Steady pictures for turning pages: a list that changes while somebody reads on is read from how it stood.

Elasticsearch keeps such a picture (a point in time) only for a while and at a cost, so this process keeps few; a cursor
whose picture is gone goes on in the list as it is now, from its place.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from elasticsearch import Elasticsearch

from console.store import StoreError
from console.store.elastic.connection import asking

KEEP_PICTURES = 32
KEEP_ALIVE = "5m"
"""since its last page was read"""
MAX_CURSOR = 400


@dataclass(frozen=True)
class Place:
    """Where the next page begins, and in which picture."""

    after: tuple[int, str, str]
    """the last row's time, id and origin"""
    picture: str


def write_cursor(place: Place) -> str:
    text = json.dumps([*place.after, place.picture], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> Place | None:
    """The place a cursor names; None for none and for one that a stranger made up."""
    if not cursor or len(cursor) > MAX_CURSOR:
        return None
    try:
        moment_ns, name, origin, picture = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        return None
    if isinstance(moment_ns, bool) or not isinstance(moment_ns, int) or abs(moment_ns) >= 2**63:
        return None
    if not all(isinstance(part, str) and part.isprintable() and part.isascii() for part in (name, origin, picture)):
        return None
    return Place((moment_ns, name, origin), picture)


class Pictures:
    """The pictures this process keeps, by the name that stands in cursors (their own are too long for a URL)."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._open: OrderedDict[str, str] = OrderedDict()

    def take(self, indices: str) -> tuple[str, str]:
        """A new picture: its name and what Elasticsearch calls it."""
        with asking():
            opened = self._client.open_point_in_time(index=indices, keep_alive=KEEP_ALIVE, ignore_unavailable=True)
        name = secrets.token_urlsafe(6)
        with self._lock:
            self._open[name] = str(opened["id"])
            gone = [self._open.popitem(last=False)[1] for _ in range(len(self._open) - KEEP_PICTURES)]
        self._close(gone)
        return name, str(opened["id"])

    def get(self, name: str) -> str | None:
        with self._lock:
            if name in self._open:
                self._open.move_to_end(name)
            return self._open.get(name)

    def drop(self, name: str) -> None:
        """Nobody reads on in this one."""
        with self._lock:
            gone = self._open.pop(name, None)
        self._close([] if gone is None else [gone])

    def close(self) -> None:
        with self._lock:
            gone = list(self._open.values())
            self._open.clear()
        self._close(gone)

    def _close(self, gone: Sequence[str]) -> None:
        for picture in gone:
            try:
                with asking():
                    self._client.options(ignore_status=404).close_point_in_time(id=picture)
            except StoreError:
                return  # the cluster lets it go by itself
