"""Sensors' baselines beside a cluster: in the registry, like orders. They are a plant's own, and plants are small."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from console.store import baselines
from console.store.baseline_rows import BaselineRow, EntryFilter
from console.store.baseline_store import ALL_ENTRIES
from console.store.elastic.order_tables import run_on
from console.store.rows import Page
from sensor.schema import BaselineEntry


class ElasticBaselines:
    """Implements `console.store.BaselineStore`."""

    _looking: Callable[[], AbstractContextManager[Connection]]

    def baselines(self, limit: int = 200) -> list[BaselineRow]:
        with self._looking() as connection:
            return baselines.listed(run_on(connection), limit)

    def baseline(self, origin: str) -> BaselineRow | None:
        with self._looking() as connection:
            return baselines.find(run_on(connection), origin)

    def baseline_entries(
        self, origin: str, where: EntryFilter = ALL_ENTRIES, limit: int = 50, cursor: str | None = None
    ) -> Page[BaselineEntry]:
        with self._looking() as connection:
            return baselines.page(run_on(connection), origin, where, limit, cursor)

    def baseline_count(self, origin: str, where: EntryFilter = ALL_ENTRIES) -> int:
        with self._looking() as connection:
            return baselines.count(run_on(connection), origin, where)

    def baseline_entry(self, origin: str, name: str) -> BaselineEntry | None:
        with self._looking() as connection:
            return baselines.entry(run_on(connection), origin, name)
