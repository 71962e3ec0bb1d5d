"""What this process wrote last, so that the next revision of it need not ask the cluster first.

A sensor counts an alert on every few seconds and a heartbeat every minute: most revisions come to the process that
wrote the one before. It is only a guess that nobody else wrote meanwhile. A write names the state it was made from, so
a wrong guess is refused by the cluster, and this document is asked for from then on.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

MOST = 100_000
"""documents; an incident takes 1 to 2 KB here, what a heartbeat needs half of one"""


@dataclass(frozen=True, slots=True)
class Place:
    """A document that is there, and the state of it that was read or written."""

    index: str
    source: dict[str, Any]
    """of it what a merge needs: `documents.MERGED_SOURCE`"""
    seq_no: int
    primary_term: int


class Recent:
    """Safe to use from many threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        # Plain tuples of plain values: the garbage collector passes them by, however many there are.
        self._places: OrderedDict[str, tuple[str, dict[str, Any], int, int] | None] = OrderedDict()

    def get(self, name: str) -> Place | None:
        """The document as this process left it; None where it did not, or somebody else writes it too."""
        with self._lock:
            found = self._places.get(name)
            if found is None:
                return None
            self._places.move_to_end(name)
            return Place(*found)

    def wrote(self, name: str, place: Place) -> None:
        with self._lock:
            if self._places.get(name, ()) is None:
                return
            self._places[name] = (place.index, place.source, place.seq_no, place.primary_term)
            self._places.move_to_end(name)
            while len(self._places) > self._most:
                self._places.popitem(last=False)

    def was_wrong(self, name: str) -> None:
        """Somebody else wrote it: never guess this one again."""
        with self._lock:
            if name in self._places:
                self._places[name] = None
