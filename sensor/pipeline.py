"""The only loop: engine → records → sinks. What finds and what keeps is given from outside."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sensor._core import Batch, Engine
from sensor.evidence import Keeper
from sensor.health import Health
from sensor.inventory import Inventory
from sensor.schema import Record

log = logging.getLogger(__name__)


class Analyst(Protocol):
    """Hits and windows → alerts (`detectors.alerts.Analyst`)."""

    def take(self, batch: Batch) -> list[Record]: ...
    def state(self) -> dict[str, Any]:
        """`model`, `windows`: for the heartbeat."""
        ...


class Sink(Protocol):
    """Where records go. `put` returns when they are as durable as the sink makes them."""

    def put(self, records: Sequence[Record]) -> None: ...


class Pipeline:
    """Drives one engine until its input ends or somebody calls `stop`."""

    def __init__(
        self,
        engine: Engine,
        analyst: Analyst,
        sinks: Sequence[Sink],
        *,
        inventory: Inventory | None = None,
        health: Health | None = None,
        evidence: Keeper | None = None,
        spool_state: Callable[[], dict[str, Any]] = dict,
        recording_state: Callable[[], Mapping[str, Any]] = dict,
        on_batch: Callable[[Batch], None] | None = None,
        wants_state: Callable[[], bool] = bool,
    ) -> None:
        """`on_batch` is called after each batch; it has a `state` where `wants_state` asked for one."""
        self._engine, self._analyst, self._sinks = engine, analyst, sinks
        self._inventory, self._health, self._evidence = inventory, health, evidence
        self._spool_state, self._recording_state, self._on_batch = spool_state, recording_state, on_batch
        self._wants_state = wants_state
        self.ledger: dict[str, Any] = {}
        self.alerts = 0
        self.stopping = False

    def stop(self) -> None:
        """Read what is there, flush, end. Safe to call from a signal handler."""
        self.stopping = True
        self._engine.stop()

    def run(self, max_packets: int = 1_000_000, timeout_ms: int = 200) -> dict[str, Any]:
        """Poll until the end; returns the last ledger.

        Raises:
            OSError: the input failed (its last interface was removed). What was found until then has been told.
        """
        while True:
            try:
                batch = self._engine.poll(max_packets, timeout_ms, self._wants_state())
            except OSError:
                self._handle(self._engine.finish())
                raise
            self._handle(batch)
            if batch.done:
                return self.ledger

    def _handle(self, batch: Batch) -> None:
        self.ledger = batch.ledger
        for warning in batch.warnings:
            log.warning("%s", warning)
        records = self._analyst.take(batch)
        self.alerts += sum(1 for record in records if record.revision == 1 and record.kind == "alert")
        if self._inventory is not None:
            if batch.news:
                records += self._inventory.take(batch.news)
            if len(batch.windows):
                records += self._inventory.links.heard(batch.windows)
        if self._evidence is not None:
            records += self._evidence.take(batch, records)
        health = self._health
        if health is not None and (health.due(batch.now_ns) or (batch.done and batch.now_ns)):
            more = {**self._analyst.state(), "spool": self._spool_state(), "recording": self._recording_state()}
            if self._evidence is not None:
                more["evidence"] = self._evidence.state()
            records.append(health.record(batch.now_ns, batch.ledger, self._engine.inputs(), more))
        if records:
            for sink in self._sinks:
                sink.put(records)
        if self._on_batch is not None:
            self._on_batch(batch)
