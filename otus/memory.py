"""What a sensor remembers across a restart: read when it starts, saved every few minutes and at the end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensor import saved

if TYPE_CHECKING:
    from detectors.alerts import Analyst
    from detectors.baseline.poison import Guard
    from otus.detection import Detection
    from sensor._core import Engine
    from sensor.inventory import Inventory

log = logging.getLogger(__name__)

FILE = "state.bin"
BAD = "state.bad"
"""Where a state goes that cannot be used: for whoever wants to know why."""
SAVE_EVERY_S = 120.0
"""What a crash may forget; writing some megabytes so often wears no disk out."""
PATIENCE_S = 10.0
"""How long the end of a run waits for a disk that is busy with the state before."""


@dataclass(frozen=True)
class Remembered:
    engine: bytes
    parts: Mapping[str, Any]


class Memory:
    """The state of one sensor in one folder. A disk that is full or slow never holds up the capture."""

    def __init__(self, folder: Path, node: str, tenant: str) -> None:
        self.path = folder / FILE
        self._whose = {"node": node, "tenant": tenant}
        self._due_s = time.monotonic()
        self._writing: threading.Thread | None = None
        self._failing = False
        self.guard: Guard | None = None
        """of learning that is under way"""

    def read(self) -> Remembered | None:
        """What was known before; None where nothing was, or nothing that can be used."""
        try:
            found = saved.read(self.path)
            if found is None:
                return None
            engine, parts = found
            whose = {name: parts.get(name) for name in self._whose}
            if whose != self._whose:
                raise saved.StateError(f"{self.path}: is of node {whose['node']}, tenant {whose['tenant']}")
        except saved.StateError as error:
            self.set_aside(str(error))
            return None
        return Remembered(engine, parts)

    def set_aside(self, why: str) -> None:
        """Start from nothing, and say so."""
        aside = self.path.with_name(BAD)
        try:
            self.path.replace(aside)
        except OSError as error:
            log.error("%s; starting without it (it stays there: %s)", why, error.strerror)
        else:
            log.error("%s; starting without it (it is now %s)", why, aside.name)

    def is_due(self) -> bool:
        """Whether the next batch should bring the engine's state."""
        return time.monotonic() >= self._due_s and (self._writing is None or not self._writing.is_alive())

    def save(self, state: bytes, analyst: Analyst, inventory: Inventory, *, end: bool = False) -> None:
        """Behind a batch that has been told: the engine's state of that very batch, and what was told so far."""
        self._due_s = time.monotonic() + SAVE_EVERY_S
        alerts, stations, links = analyst.remember(), inventory.remember(), inventory.links.remember()
        guard = [] if self.guard is None else self.guard.remember()
        content = lambda: saved.pack(  # noqa: E731
            state, {**self._whose, "alerts": alerts(), "stations": stations(), "links": links(), "guard": guard}
        )
        if self._writing is not None:
            self._writing.join(PATIENCE_S)
            if self._writing.is_alive():
                return log.error("%s: the disk hangs; the state before is the last one", self.path)
        self._writing = threading.Thread(target=self._write, args=(content,), name="state", daemon=True)
        self._writing.start()
        if end:
            self._writing.join(PATIENCE_S)

    def _write(self, content: Callable[[], bytes]) -> None:
        try:
            saved.write(self.path, content())
        except OSError as error:
            if not self._failing:
                log.error("%s: the state cannot be saved: %s; a restart will forget", self.path, error.strerror)
            self._failing = True
            return
        if self._failing:
            self._failing = False
            log.error("%s: the state is saved again", self.path)


def start_engine(
    detection: Detection, memory: Memory | None, analyst: Analyst, inventory: Inventory, **settings: Any
) -> Engine:
    """An engine that goes on from what was remembered, as alerts and stations do; from nothing where it cannot."""
    if memory is None:
        return detection.engine(**settings)
    settings["keep_open"] = True
    if (found := memory.read()) is None:
        return detection.engine(**settings)
    try:
        engine = detection.engine(state=found.engine, **settings)
        open_folds = engine.open_folds()
    except ValueError as error:
        # Were it not the state, this would be refused, too. Alerts that were open are closed all the same.
        engine, open_folds = detection.engine(**settings), []
        memory.set_aside(str(error))
    try:
        inventory.recall(found.parts["stations"])
        inventory.links.recall(found.parts.get("links", []))  # a state from before links were kept has none
        if memory.guard is not None:
            memory.guard.recall(found.parts.get("guard", []))
        analyst.recall(found.parts["alerts"], open_folds)
    except (ValueError, LookupError, TypeError) as error:
        # All of it or nothing: an engine that counts under alerts that nobody knows would be silent about them.
        inventory.recall([])
        inventory.links.recall([])
        memory.set_aside(f"{memory.path}: contradicts itself ({error})")
        return detection.engine(**settings)
    return engine
