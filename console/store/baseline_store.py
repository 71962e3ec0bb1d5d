"""The part of `console.store.Store` that is about sensors' baselines 通信基线.

They come in with the other records (`merge`) and end here: what is normal in a plant does not go up to its parents.
"""

from __future__ import annotations

from typing import Protocol

from console.store.baseline_rows import BaselineRow, EntryFilter
from console.store.rows import Page
from sensor.schema import BaselineEntry

ALL_ENTRIES = EntryFilter()


class BaselineStore(Protocol):
    def baselines(self, limit: int = 200) -> list[BaselineRow]:
        """Of every sensor that told of one, by name."""
        ...

    def baseline(self, origin: str) -> BaselineRow | None: ...

    def baseline_entries(
        self, origin: str, where: EntryFilter = ALL_ENTRIES, limit: int = 50, cursor: str | None = None
    ) -> Page[BaselineEntry]:
        """In the order of the sensor's table: stations, then link by link what belongs to it."""
        ...

    def baseline_count(self, origin: str, where: EntryFilter = ALL_ENTRIES) -> int:
        """How many fit. Costs a look at each of the sensor's entries, of which there are 100,000 at most."""
        ...

    def baseline_entry(self, origin: str, name: str) -> BaselineEntry | None: ...
