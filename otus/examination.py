"""The sensor examines itself: acts of the range through a second engine with the same rules, each hour.

The test packets go from memory into the parser by way of a file that is gone at once; no port sees them. It is done by
a thread of its own, so that the wire is not held up.
"""

from __future__ import annotations

import json
import logging
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

EVERY_S = 3600.0
FIRST_S = 20.0
"""After the start, which has enough to do."""
PLANS = {
    "modbus-line": ("modbus-broadcast-write", "modbus-restart-communication", "modbus-unit-scan"),
    "s7-cell": ("s7-stop", "s7-delete", "s7-upload"),
}
"""Plant → acts that the bundled rules find by themselves. A few thousand packets, half a second."""
QUIET_S, APART_S = 5.0, 60.0
SETTINGS = {"flows": 1000}


@dataclass(frozen=True)
class Examined:
    """Which acts were played, and about which of them at least one rule spoke."""

    acts: tuple[str, ...]
    found: frozenset[str]


def examine(core_rules: str, seed: int) -> Examined:
    """Play the plans and look what these rules say. A different seed gives other addresses and values."""
    from testbed.play.play import Order, play_into

    acts: list[str] = []
    found: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="otus-examination-") as folder:
        for scenario, names in PLANS.items():
            capture = Path(folder) / "test.pcap"
            order = Order(scenario, seed, None, names, QUIET_S, APART_S)
            truth = play_into(order, capture, capture.with_suffix(".json")).truth
            numbers = _hits(capture, core_rules)
            for event in truth["events"]:
                acts.append(event["name"])
                if any(first <= number <= last for number in numbers for first, last in event["frames"]):
                    found.add(event["name"])
    return Examined(tuple(sorted(acts)), frozenset(found))


def _hits(capture: Path, core_rules: str) -> set[int]:
    """Numbers of the packets that raised an alert."""
    from sensor._core import Engine

    engine = Engine(json.dumps(SETTINGS), core_rules)
    engine.open_files([capture])
    numbers: set[int] = set()
    while True:
        batch = engine.poll()
        numbers |= {hit.frame for hit in batch.hits if hit.kind == "first" and hit.frame is not None}
        if batch.done:
            return numbers


class Examiner:
    """Starts an examination when one is due; `tend` returns what it gave, once.

    What is expected is what the same rules found before: a site's own rules need not know all the acts. Alive is a
    sensor whose rules find at least one act, and all they found before.
    """

    def __init__(
        self,
        rules: Callable[[], str],
        every_s: float = EVERY_S,
        first_s: float = FIRST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules, self._every_s, self._clock = rules, every_s, clock
        self._due_s = clock() + first_s
        self._expected: tuple[str, frozenset[str]] = ("", frozenset())
        self._thread: threading.Thread | None = None
        self._told: dict[str, Any] | None = None
        self._seed = 0

    def tend(self, now_ns: int) -> dict[str, Any] | None:
        """`now_ns` is the engine's time, which the result carries."""
        if self._thread is not None:
            if self._thread.is_alive():
                return None
            self._thread = None
            told, self._told = self._told, None
            return told
        if now_ns and self._clock() >= self._due_s:
            self._due_s = self._clock() + self._every_s
            self._seed += 1
            self._thread = threading.Thread(target=self._run, args=(now_ns,), name="examination", daemon=True)
            self._thread.start()
        return None

    def end(self, wait_s: float = 5.0) -> None:
        if self._thread is not None:
            self._thread.join(wait_s)

    def _run(self, now_ns: int) -> None:
        self._told = self.result(now_ns)
        if self._told["alive"] is False:
            log.error("detection is not alive: %s", ", ".join(self._told["failed"]))

    def result(self, now_ns: int) -> dict[str, Any]:
        """Examine now; what went wrong on the way is a result, too."""
        base = {"alive": False, "time_ns": now_ns, "acts": 0, "found": 0}
        try:
            rules = self._rules()
            examined = examine(rules, self._seed)
        except ModuleNotFoundError as error:
            # Nobody knows: that is no alarm, and it is said.
            why = f"no examination: {error.name} is not installed (pip install 'otus[range]')"
            return {**base, "alive": None, "failed": [why]}
        except (OSError, ValueError, RuntimeError) as error:
            return {**base, "failed": [f"no examination: {error}"]}
        known = self._expected[1] if self._expected[0] == rules else frozenset()
        failed = sorted(known - examined.found) or ([] if examined.found else sorted(examined.acts))
        self._expected = (rules, known | examined.found)
        return {
            "alive": not failed,
            "time_ns": now_ns,
            "acts": len(examined.acts),
            "found": len(examined.found),
            "failed": failed,
        }
