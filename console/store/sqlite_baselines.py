"""Sensors' baselines in the embedded store."""

from __future__ import annotations

from console.store import baselines
from console.store.baseline_rows import BaselineRow, EntryFilter
from console.store.baseline_store import ALL_ENTRIES
from console.store.file import StoreFile
from console.store.rows import Page
from console.store.sql import run_on
from sensor.schema import BaselineEntry


class SqliteBaselines(StoreFile):
    """Implements `console.store.BaselineStore`."""

    def baselines(self, limit: int = 200) -> list[BaselineRow]:
        with self._read() as db:
            return baselines.listed(run_on(db), limit)

    def baseline(self, origin: str) -> BaselineRow | None:
        with self._read() as db:
            return baselines.find(run_on(db), origin)

    def baseline_entries(
        self, origin: str, where: EntryFilter = ALL_ENTRIES, limit: int = 50, cursor: str | None = None
    ) -> Page[BaselineEntry]:
        with self._read() as db:
            return baselines.page(run_on(db), origin, where, limit, cursor)

    def baseline_count(self, origin: str, where: EntryFilter = ALL_ENTRIES) -> int:
        with self._read() as db:
            return baselines.count(run_on(db), origin, where)

    def baseline_entry(self, origin: str, name: str) -> BaselineEntry | None:
        with self._read() as db:
            return baselines.entry(run_on(db), origin, name)
