"""A sensor tells its consoles of its baseline: again whenever it became another, and then only what changed of it."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensor.schema import Kind, Record, baseline_id, part_id

if TYPE_CHECKING:
    from detectors.baseline.folder import Folder
    from detectors.baseline.told import Differences
    from otus.learning import SensorLearning
    from sensor.schema import Baseline, BaselineEntry

log = logging.getLogger(__name__)

LOOK_S = 5.0
"""how often the folder is looked at"""
BEHIND_ALL_ELSE = 15
"""niceness of the thread that reads it: seconds of work on a large one"""
AGAIN_S = 24 * 3600.0
"""All is told again once a day: a console that lost its store, or was exchanged, learns it from that."""
MAX_EXAMPLES = 200

ROLE_OF = (("baseline", "enforced"), ("baseline_shadow", "trial"), ("learn", "learned"))
"""Of the folders that the settings name the first that holds a baseline is the one that is told, and decided about."""


def told_folder(settings: Mapping[str, Any]) -> tuple[Path, str] | None:
    """The baseline that people see and decide about, and what the sensor does with it."""
    for name, role in ROLE_OF:
        if settings.get(name) and (Path(settings[name]) / "manifest.json").is_file():
            return Path(settings[name]), role
    return None


class BaselineReport:
    """`tend` between batches; a thread of its own reads the folder and hands records to `put`, which any may call."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        put: Callable[[Sequence[Record]], object],
        *,
        decides: bool,
        learning: SensorLearning | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._settings, self._put, self._decides, self._learning = settings, put, decides, learning
        self._clock_ns = clock_ns
        self._sent: dict[str, str] = {}
        """SHA-256 of each body by the id of its record"""
        self._differences: Differences | None = None
        self._read: tuple[object, Folder, Any, list[BaselineEntry], int] | None = None
        self._thread: threading.Thread | None = None
        self._due_s = self._whole_s = 0.0
        self._seen: object = None

    def tend(self, trial: Mapping[str, Any] | None) -> None:
        """`trial`: what a baseline on trial has told so far (`otus.shadow.shadowed`)."""
        now_s = time.monotonic()
        if now_s < self._due_s or (self._thread is not None and self._thread.is_alive()):
            return
        self._due_s = now_s + LOOK_S
        meter = None if self._learning is None else self._learning.meter
        told = (_sign(told_folder(self._settings)), _counted(trial), json.dumps(meter))
        if now_s >= self._whole_s:
            self._whole_s = now_s + AGAIN_S
            self._sent.clear()
        elif told == self._seen:
            return
        self._seen = told
        self._thread = threading.Thread(target=self._run, args=(trial, meter), name="baseline-report", daemon=True)
        self._thread.start()

    def _run(self, trial: Mapping[str, Any] | None, meter: Mapping[str, Any] | None) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BEHIND_ALL_ELSE)
        try:
            self.tell(trial, meter)
        except Exception as error:
            # What it could not say now it says with the next change, or tomorrow; the capture goes on.
            log.error("the console was not told of the baseline: %s", error)
            self._seen = None

    def tell(self, trial: Mapping[str, Any] | None = None, meter: Mapping[str, Any] | None = None) -> int:
        """Hand over what is not told yet; returns how many records. `meter`: of learning under way."""
        name, tenant = self._settings["node_name"], self._settings["tenant"]
        state, parts = self._state(None if trial is None else _bounded(trial), meter)
        revision = self._clock_ns() // 1_000_000
        records = [
            Record(str(Kind.BASELINE_PART), part_id(name, part), revision, name, body, tenant=tenant)
            for part, body in enumerate(parts, 1)
        ]
        if state is not None:
            records.append(
                Record(str(Kind.BASELINE), baseline_id(name), revision, name, state.to_json(), tenant=tenant)
            )
        signs = {record.id: hashlib.sha256(json.dumps(record.body).encode()).hexdigest() for record in records}
        fresh = [record for record in records if self._sent.get(record.id) != signs[record.id]]
        for record in fresh:
            self._put([record])
        self._sent = signs
        return len(fresh)

    def _state(
        self, trial: Mapping[str, Any] | None, meter: Mapping[str, Any] | None
    ) -> tuple[Baseline | None, list[dict[str, Any]]]:
        from detectors.baseline.told import Differences, parts_told, state_told
        from otus.reviewing import codec
        from sensor.schema import Baseline

        found = told_folder(self._settings)
        if found is None:
            if meter is None:
                return None, []
            return Baseline(role="learning", version=0, meter=meter, trial=trial, decides=self._decides), []
        path, role = found
        folder, known, entries, total = self._folder(path)
        if self._differences is None:
            self._differences = Differences(codec())
        of_sensor = {"role": role, "trial": trial, "decides": self._decides}
        state = state_told(folder, known, entries, total, self._differences, **of_sensor)
        bodies = [
            {"part": number, "entries": [entry.to_json() for entry in part]}
            for number, part in enumerate(parts_told(entries), 1)
        ]
        return state, bodies

    def _folder(self, path: Path) -> tuple[Folder, Any, list[BaselineEntry], int]:
        """Read again only where it became another."""
        from detectors.baseline import read_folder
        from detectors.baseline.told import entries_told
        from detectors.baseline.versions import decisions_of, read_known
        from otus.reviewing import codec

        sign = _sign((path, ""))
        if self._read is None or self._read[0] != sign:
            folder = read_folder(path)
            known = read_known(folder, codec())
            entries = entries_told(known, decisions_of(folder), folder.values)
            self._read = (sign, folder, known, entries, max(len(entries), sum(folder.manifest["review"].values())))
        return self._read[1:]


def _sign(found: tuple[Path, str] | None) -> object:
    """Changes with every version that is written there: a folder is replaced as a whole."""
    if found is None:
        return None
    try:
        told = (found[0] / "manifest.json").stat()
    except OSError:
        return None
    return str(found[0]), found[1], told.st_mtime_ns, told.st_ino, told.st_size


def _counted(trial: Mapping[str, Any] | None) -> object:
    """What of a trial is news: not the messages it looked at, which grow all the time, or by their order of magnitude
    only."""
    if trial is None:
        return None
    return tuple(sorted(trial["alerts"].items())), int(trial["messages"]).bit_length()


def _bounded(trial: Mapping[str, Any]) -> dict[str, Any]:
    rows = trial["found"]
    return {
        "candidate": trial["candidate"],
        "families": list(trial["families"]),
        "messages": trial["messages"],
        "alerts": dict(trial["alerts"]),
        "found": [dict(row) for row in rows[:MAX_EXAMPLES]],
        "listed": len(rows),
        "uncounted": trial["uncounted"],
    }
