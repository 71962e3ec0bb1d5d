"""What is measured, in this order."""

from __future__ import annotations

from collections.abc import Callable

from tools.bench.bench import Bench
from tools.bench.parts import (
    alerting,
    day,
    events,
    flows,
    headline,
    live,
    peers,
    prices,
    rules_cost,
    storm,
    threads,
    windows,
)
from tools.bench.table import Table

PARTS: dict[str, Callable[[Bench], list[Table]]] = {
    "headline": headline.measure,
    "peers": peers.measure,
    "alerting": alerting.measure,
    "rules": rules_cost.measure,
    "prices": prices.measure,
    "windows": windows.measure,
    "storm": storm.measure,
    "threads": threads.measure,
    "flows": flows.measure,
    "day": day.measure,
    "events": events.measure,
    "live": live.measure,
}
