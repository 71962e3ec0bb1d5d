"""Other rules, another baseline for a sensor that runs: loaded beside the capture, put in place between two packets."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from otus.detection import Detection, Given, load
from otus.shadow import read_tried

if TYPE_CHECKING:
    from detectors.alerts import Analyst
    from detectors.rules import RuleSet
    from sensor._core import Engine
    from sensor.health import Health

log = logging.getLogger(__name__)

PATIENCE_S = 10.0
"""How long the end of a run waits for a reload under way."""


class RuleBooks:
    """The rules that an engine had in each of its generations: what `Hit.rule` is an index of."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = {0: rules}

    def of(self, generation: int) -> RuleSet:
        return self._rules[generation]

    def add(self, generation: int, rules: RuleSet) -> None:
        self._rules[generation] = rules

    def forget(self, generation: int) -> None:
        self._rules.pop(generation, None)


class Reloader:
    """Loads the folders that the settings name again when it is asked to. What cannot be used changes nothing.

    Three threads meet here: a signal handler calls `ask`, the capture's loop calls `tend` after every batch, and the
    loading, which takes seconds, has a thread of its own.
    """

    def __init__(
        self,
        engine: Engine,
        running: Detection,
        books: RuleBooks,
        settings: dict[str, Any],
        answer: Callable[[bool, str], None] | None = None,
    ) -> None:
        """`answer` is told what came of each reload: whether it is in place, and a line for people."""
        self._engine, self._running, self._books = engine, running, books
        self._answer = answer or (lambda done, line: None)
        self._settings = settings
        self._on_trial = settings.get("baseline_shadow", ""), settings.get("baseline_on_trial", ())
        self._tried = read_tried(*self._on_trial)
        self._tried.begin(engine)
        self._site, self._window_ns = running.site, running.window_ns
        self._asked = False
        self._waiting: list[Callable[[bool, str], None]] = []
        """who wants to know what comes of a reload that is not begun yet"""
        self._told: list[Callable[[bool, str], None]] = []
        """…of the one that is under way"""
        self._thread: threading.Thread | None = None
        self._outcome: tuple[Detection | None, int, str] | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What heartbeats say of what is in place."""
        return self._running.facts

    def ask(self) -> None:
        """Safe to call from a signal handler. Asked again while one is under way, it is done once more."""
        self._asked = True

    def ask_and(self, then: Callable[[bool, str], None]) -> None:
        """The same from any thread; `then` is told, in the capture's loop, what came of it."""
        self._waiting.append(then)
        self._asked = True

    def tend(self, analyst: Analyst, health: Health | None) -> None:
        """Start what was asked for; say what has come of it. Called between two batches."""
        if self._thread is not None and not self._thread.is_alive():
            self._thread = None
            self._settle(analyst, health)
        if self._asked and self._thread is None:
            self._asked = False
            self._told, self._waiting = self._waiting, []
            self._thread = threading.Thread(target=self._load, name="reload", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Nothing is put in place any more once this returns."""
        if self._thread is not None:
            self._thread.join(PATIENCE_S)

    def _load(self) -> None:
        try:
            self._outcome = self._put_in_place()
        except (OSError, ValueError) as error:
            self._outcome = (None, 0, "; ".join(str(error).splitlines()))
        except Exception as error:  # a defect of ours must not end the capture's reloads for good
            log.exception("a reload failed")
            self._outcome = (None, 0, f"{type(error).__name__}: {error}")

    def _put_in_place(self) -> tuple[Detection, int, str]:
        fresh = load(Given.of(self._settings, self._site))
        if fresh.window_ns not in (0, self._window_ns):
            wanted, cut = fresh.window_ns // 10**9, self._window_ns // 10**9
            raise ValueError(
                f"{self._settings['baseline']}: its model was learned on windows of {wanted} s, the sensor cuts "
                + (f"windows of {cut} s; start it again" if cut else "none; start it again")
            )
        tried = read_tried(*self._on_trial)
        generation = self._engine.generation + 1
        self._books.add(generation, fresh.rules)  # before the first hit of it can come
        try:
            done = self._engine.reload(fresh.core_rules(), fresh.table, fresh.values)
        except ValueError:
            self._books.forget(generation)
            raise
        another = bool(tried.families) and (fresh.table, fresh.values) != (self._running.table, self._running.values)
        if tried != self._tried or another:  # what was counted of another one says nothing of this one
            tried.begin(self._engine)
            self._tried = tried
        baseline = fresh.facts["baseline"]
        counts = ", ".join(f"{done[name]} {name}" for name in ("kept", "added", "removed"))
        known = "no baseline" if baseline is None else f"baseline {baseline['id']}"
        line = f"{fresh.facts['rules_loaded']} rules ({counts}), {known}, after packet {done['received']}"
        return fresh, generation, line

    def _settle(self, analyst: Analyst, health: Health | None) -> None:
        """In the capture's loop: the words and the model that go with what the engine has now."""
        outcome, self._outcome = self._outcome, None
        if outcome is None:
            return
        fresh, generation, line = outcome
        if fresh is None:
            log.error("not reloaded: %s; going on with what was there", line)
            return self._tell(False, line)
        if fresh.files != self._running.files:
            analyst.judge_with(fresh.judge)
        analyst.describe_with(fresh.describers(self._books.of))
        analyst.expect(fresh.expected)
        if health is not None:
            health.update(fresh.facts)
        self._running = fresh
        self._books.forget(generation - 2)  # the last hits of the one before may be in this batch
        click.echo(f"otus: reloaded: {line}", err=True)
        self._tell(True, line)

    def _tell(self, done: bool, line: str) -> None:
        self._answer(done, line)
        told, self._told = self._told, []
        for then in told:
            then(done, line)
