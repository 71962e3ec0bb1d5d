"""What is tried: a baseline beside the one that counts, or families of that. What it would have told is counted, and
nothing is raised."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otus.learning import SensorLearning
    from sensor._core import Engine
    from sensor.health import Health

EXAMPLES = 10
"""Of each cause, for people; `--stats` has all that the core lists."""


FAMILIES = {
    "links": "通信关系",
    "operations": "操作",
    "objects": "对象",
    "orders": "操作次序",
    "rhythms": "轮询节律",
    "values": "过程值",
}
"""What a baseline tells, as the core calls it (a test compares), and for people."""
ALL = "all"


@dataclass(frozen=True)
class Tried:
    """What is tried."""

    table: bytes | None = None
    """a candidate's; None: there is none"""
    values: bytes | None = None
    """what its process values are like"""
    families: tuple[str, ...] = ()
    """of the baseline that counts: nothing is raised for them"""

    def begin(self, engine: Engine) -> None:
        """From now on, and counts begin anew."""
        engine.set_shadow(self.table, self.values, self.families)


def read_tried(folder: str, families: Sequence[str] = ()) -> Tried:
    """`folder`: of a candidate; empty: there is none. `families`: of the baseline that counts, or `all`.

    Raises:
        ValueError: it is no baseline, or is damaged; or there is no such family.
    """
    for name in families:
        if str(name) not in FAMILIES and name != ALL:
            raise ValueError(f"baseline_on_trial: {name}: must be {ALL}, or of {', '.join(FAMILIES)}")
    named = tuple(name for name in FAMILIES if ALL in families or name in families)
    if not folder:
        return Tried(families=named)
    from detectors.baseline import read_folder

    found = read_folder(Path(folder), known=False)
    return Tried(found.table, found.values, named)


def shadowed(engine: Engine) -> dict[str, Any] | None:
    """What it would have told: `candidate`, `families`, `messages`, `alerts` by cause, `found`, `uncounted`. None:
    nothing is tried."""
    told = engine.shadowed()
    if told is None:
        return None
    trial: dict[str, Any] = json.loads(told)
    alerts: Counter[str] = Counter()
    for row in trial["found"]:
        alerts[row["cause"]] += row["alerts"]
        shown = row["frame"] and row["input"] < len(trial["inputs"])  # nothing shows that something was silent
        row["place"] = trial["inputs"][row["input"]] if shown else ""
    return {**trial, "alerts": dict(sorted(alerts.items()))}


class BaselineState:
    """What heartbeats say of what is tried, or of a baseline that is learned, beside the one that counts."""

    def __init__(self, engine: Engine, every_s: int, learning: SensorLearning | None = None) -> None:
        self._engine, self._every_s, self._learning = engine, every_s, learning
        self._due_s = 0.0
        self.trial: dict[str, Any] | None = None
        """what would have been told so far; None: nothing is tried"""

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
    if trial["families"]:
        names = "、".join(FAMILIES[name] for name in trial["families"])
        yield f"  正式基线中只统计、不告警的部分 counted and not told of the one that counts: {names}"
    for cause, count in trial["alerts"].items():
        rows = [row for row in trial["found"] if row["cause"] == cause]
        yield f"  {cause} ×{count}"
        for row in rows[:EXAMPLES]:
            seen = f"  {printable(row['place'])} #{row['frame']}" if row["frame"] else ""
            yield (
                f"      {row['client']} → {row['server']}  {row['protocol']}  {printable(_what(row['params']))}"
                f"  ×{row['messages']}{seen}"
            )
        if len(rows) > EXAMPLES:
            yield f"      … +{len(rows) - EXAMPLES}"
    if trial["uncounted"]:
        yield f"  未列出的偏离 not listed  {trial['uncounted']}"


def _what(params: Mapping[str, Any]) -> str:
    """The operation, or the value by its name or place."""
    if named := params.get("operation") or params.get("point") or params.get("object") or params.get("formula"):
        return str(named)
    return f"{params['space']} {params['index']}:{params['start']}" if "start" in params else ""
