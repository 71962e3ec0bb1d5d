"""A baseline that is tried beside the one that counts: what it would have told is counted, and nothing is raised."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otus.learning import SensorLearning
    from sensor._core import Engine
    from sensor.health import Health

EXAMPLES = 10
"""Of each cause, for people; `--stats` has all that the core lists."""


def read_table(folder: str) -> bytes | None:
    """The table of the baseline that is to be tried; empty: none.

    Raises:
        ValueError: it is no baseline, or is damaged.
    """
    if not folder:
        return None
    from detectors.baseline import read_folder

    return read_folder(Path(folder), known=False).table


def shadowed(engine: Engine) -> dict[str, Any] | None:
    """What it would have told: `messages`, `alerts` by cause, `found`, `uncounted`. None: nothing is tried."""
    told = engine.shadowed()
    if told is None:
        return None
    trial: dict[str, Any] = json.loads(told)
    alerts: Counter[str] = Counter()
    for row in trial["found"]:
        alerts[row["cause"]] += row["alerts"]
        row["place"] = trial["inputs"][row["input"]] if row["input"] < len(trial["inputs"]) else ""
    return {**trial, "alerts": dict(sorted(alerts.items()))}


class BaselineState:
    """What heartbeats say of a baseline that is tried, or learned, beside the one that counts."""

    def __init__(self, engine: Engine, every_s: int, learning: SensorLearning | None = None) -> None:
        self._engine, self._every_s, self._learning = engine, every_s, learning
        self._due_s = 0.0
        self.trial: dict[str, Any] | None = None
        """what a baseline on trial has told so far; None: none is tried"""

    def tend(self, health: Health, facts: Mapping[str, Any]) -> None:
        """Called between batches; asks the engine once a heartbeat."""
        if time.monotonic() < self._due_s:
            return
        self._due_s = time.monotonic() + self._every_s
        told: dict[str, Any] = {} if self._learning is None else self._learning.facts
        self.trial = trial = shadowed(self._engine)
        if trial is not None:
            told = {**told, "shadow_messages": trial["messages"], "shadow_alerts": sum(trial["alerts"].values())}
        if told:
            health.update({"baseline": {**(facts["baseline"] or {}), **told}})


def lines(trial: Mapping[str, Any]) -> Iterator[str]:
    """For people: how many by cause, and examples."""
    from detectors.baseline.show import printable

    total = sum(trial["alerts"].values())
    yield (
        f"试运行基线：核对 {trial['messages']} 条报文，若启用将产生 {total} 条告警 / "
        f"baseline on trial: {trial['messages']} messages, would have told {total} alerts"
    )
    for cause, count in trial["alerts"].items():
        rows = [row for row in trial["found"] if row["cause"] == cause]
        yield f"  {cause} ×{count}"
        for row in rows[:EXAMPLES]:
            what = row["params"].get("operation", "")
            yield (
                f"      {row['client']} → {row['server']}  {row['protocol']}  {printable(str(what))}"
                f"  ×{row['messages']}  {printable(row['place'])} #{row['frame']}"
            )
        if len(rows) > EXAMPLES:
            yield f"      … +{len(rows) - EXAMPLES}"
    if trial["uncounted"]:
        yield f"  未列出的偏离 not listed  {trial['uncounted']}"
