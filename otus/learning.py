"""Learning a baseline from files or a live port: how long, what is kept apart, and the folder that comes of it."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sensor.site import NOTHING, Site

if TYPE_CHECKING:
    from detectors.baseline.completeness import Completeness
    from detectors.baseline.poison import Guard
    from detectors.rules import RuleSet
    from otus.reload import RuleBooks
    from otus.unread import Unread
    from sensor._core import Batch, Engine

log = logging.getLogger(__name__)

LOOK_S = 60.0
"""How often a live port is asked how complete its baseline is."""
TELL_S = 600.0
"""How often that is said."""
LOOK_PACKETS = 100_000
"""The same on files: packets between two looks."""
HOUR_NS = 3_600_000_000_000


@dataclass(frozen=True)
class UntilComplete:
    """Learning ends when the meter says so, in time of the packets: not before `least_ns`, at `most_ns` in any case."""

    least_ns: int = 24 * HOUR_NS
    most_ns: int = 30 * 24 * HOUR_NS
    new_per_day: float | None = None
    """new things a day that are accepted; None: one for every hundred links, at least one"""

    def ended(self, report: dict[str, Any]) -> bool:
        from detectors.baseline.completeness import completeness

        lasted_ns = report["to_ns"] - report["from_ns"]
        if lasted_ns >= self.most_ns:
            return True
        return lasted_ns >= self.least_ns and completeness(report, self.new_per_day).complete


def learn_into(
    folder: Path,
    files: tuple[str, ...] = (),
    interfaces: tuple[str, ...] = (),
    duration_s: int | None = 0,
    expression: str | None = None,
    window_s: int = 10,
    site: Site = NOTHING,
    unread: Unread | None = None,
    packets: int | None = None,
    rules: RuleSet | None = None,
    until: UntilComplete | None = None,
) -> str:
    """Learn and write the folder; returns what was learned in one line. `packets`: from so many of the files only.

    With `rules`, conversations that one of level medium or above hits are kept apart until somebody approves them.
    Without, everything is taken for normal: whoever calls says so.

    Raises:
        ValueError: the folder cannot be written, which is said before hours of learning and not after.
    """
    from detectors.baseline.poison import Guard
    from otus.unread import Unread
    from sensor._core import Engine

    check_place(folder)
    settings: dict[str, Any] = {"learn": True, "filter": expression, **site.engine_settings()}
    core_rules = None if rules is None else rules.to_core_json(site.segments.names)
    engine = Engine(json.dumps({**settings, "window_ns": window_s * 1_000_000_000}), core_rules)
    guard = None if rules is None else Guard(rules)
    if files:
        engine.open_files(list(files))
    else:
        for line in engine.open_interfaces(list(interfaces)):
            click.echo(f"otus: {line}", err=True)
        _stop_on_signals(engine)
        how_long = "until it is complete" if until is not None else f"for {duration_s} s"
        click.echo(f"otus: learning from {', '.join(interfaces)} {how_long}", err=True)
    clock = _Clock(engine, until, None if files else duration_s, 0.0 if files else LOOK_S)
    windows: list[Any] = []
    unread = unread or Unread()
    first_ns = received = 0
    while True:
        if interfaces and clock.is_over():
            engine.stop()
        # The first packet alone: its time is the beginning of what was learned.
        most = LOOK_PACKETS if until is not None and files else 1_000_000
        most = most if packets is None else min(most, packets - received)
        batch = engine.poll(most if first_ns else 1)
        first_ns = first_ns or batch.now_ns
        received = batch.ledger["received"]
        ended = packets is not None and received >= packets
        ended = ended or (bool(files) and not batch.done and clock.is_over())
        if guard is not None:
            guard.take(batch.hits)
        if len(batch.windows):
            windows.append(batch.windows)
        unread.say(batch.warnings)
        if ended and not batch.done:
            batch = engine.finish()
            if guard is not None:
                guard.take(batch.hits)
            if len(batch.windows):
                windows.append(batch.windows)
        if ended or batch.done:
            break
    if lost := {place: packets for place, packets in batch.ledger["lost"].items() if packets}:
        places = ", ".join(f"{place} {packets}" for place, packets in lost.items())
        click.echo(f"otus: {places} of {batch.ledger['received']} packets were lost, and not learned from", err=True)
    source = [Path(name).name for name in files] or [f"live:{name}" for name in interfaces]
    allowed = None if until is None else until.new_per_day
    return write_learned(folder, engine, windows, guard, source, (first_ns, batch.now_ns), window_s, allowed)


def write_learned(
    folder: Path,
    engine: Engine,
    windows: Iterable[Any],
    guard: Guard | None,
    source: list[str],
    span: tuple[int, int],
    window_s: int,
    allowed_per_day: float | None = None,
) -> str:
    """What an engine has learned as the next version of a folder; returns it in one line. The learning is over then."""
    from detectors.anomaly import train
    from detectors.baseline import read_folder, write_folder
    from detectors.baseline.completeness import completeness
    from detectors.baseline.folder import MANIFEST
    from detectors.baseline.poison import Unsuspicious
    from detectors.baseline.review import REJECTED, SUSPICIOUS, Known
    from detectors.baseline.versions import Codec, compiled, decisions_of, dump, state_counts
    from sensor._core import Forest, baseline_from_json, baseline_to_json

    report = json.loads(engine.learning(True) or "{}")
    table = engine.learned()
    codec = Codec(baseline_to_json, baseline_from_json)
    document = json.loads(baseline_to_json(table))
    meter = completeness(report, allowed_per_day)
    report["allowed_per_day"] = meter.allowed_per_day
    known = Known(document, report, () if guard is None else guard.suspicions(document))
    # What people decided about a baseline that stood there goes on to count.
    decisions = decisions_of(read_folder(folder)) if (folder / MANIFEST).is_file() else []
    if known.suspicions or decisions:
        table = compiled(known, decisions, codec)
    counts = state_counts(known, decisions)
    apart = frozenset(one.link for one in known.suspicions)
    kept = [Unsuspicious.without(one, apart) for one in windows] if apart else list(windows)
    written = write_folder(
        folder,
        table,
        train([one for one in kept if len(one)], window_s=window_s, make_forest=Forest),
        to_json=baseline_to_json,
        source=source,
        start_ns=span[0],
        end_ns=span[1],
        settings={"completeness": meter.to_json()},
        known=dump(known.to_json()),
        review=dump([one.to_json() for one in decisions]),
        author="otus baseline learn",
        note=", ".join(source)[:200],
        time_ns=span[1],
        states=counts,
        values=engine.learned_values(),
    )
    lines = [meter_line(meter)]
    waiting = counts[SUSPICIOUS] + counts[REJECTED]
    if counts[SUSPICIOUS]:
        lines.append(
            f"{counts[SUSPICIOUS]} 条通信关系在学习期间触发过告警规则，未计入正常，待审核 / {counts[SUSPICIOUS]} links "
            f"were hit by rules while learning and are not normal until approved: otus baseline review {folder}"
        )
    elif waiting:
        lines.append(f"{waiting} 项按以往审核意见不计入正常 / {waiting} entries are not normal by earlier decisions")
    # Last what was learned: who reads one line reads this.
    return "\n".join([*lines, written.line()])


def meter_line(meter: Completeness) -> str:
    """How complete it is, in one line."""
    told = meter.to_json()
    new, most = ("?" if told[key] is None else told[key] for key in ("new_per_day", "new_per_day_most"))
    state = ("完整", "complete") if meter.complete else ("尚不完整", "not complete")
    return (
        f"学习完整度：{state[0]}，预计每天新出现 {new} 项（最多 {most}，允许 {told['allowed_per_day']}） / "
        f"{state[1]}: {new} new a day expected (at most {most}, {told['allowed_per_day']} allowed)"
    )


class _Clock:
    """Whether learning is over."""

    def __init__(self, engine: Engine, until: UntilComplete | None, duration_s: int | None, every_s: float) -> None:
        """`duration_s`: at most so long by the clock on the wall; `every_s`: how often the meter is looked at."""
        self._engine, self._until, self._every_s = engine, until, every_s
        self._looked = self._told = time.monotonic()
        self._ends = None if duration_s is None else self._looked + duration_s

    def is_over(self) -> bool:
        now = time.monotonic()
        if self._ends is not None and now >= self._ends:
            return True
        if self._until is None or now - self._looked < self._every_s:
            return False
        self._looked = now
        report = json.loads(self._engine.learning() or "{}")
        if now - self._told >= TELL_S:
            from detectors.baseline.completeness import completeness

            self._told = now
            click.echo(f"otus: {meter_line(completeness(report, self._until.new_per_day))}", err=True)
        return self._until.ended(report)


class SensorLearning:
    """A sensor that learns beside everything else it does, until the meter says so; what rules hit is kept apart."""

    def __init__(self, folder: Path, guard: Guard, until: UntilComplete) -> None:
        self.guard = guard
        self.facts: dict[str, Any] = {}
        """for heartbeats"""
        self.meter: dict[str, Any] | None = None
        """for the console's page: how complete it is, as long as it learns"""
        self._folder, self._until = folder, until
        self._due_s = 0.0
        self._over = False

    def tend(self, engine: Engine, batch: Batch) -> None:
        """Called behind each batch."""
        if self._over:
            return
        self.guard.take(batch.hits)
        if time.monotonic() < self._due_s:
            return
        self._due_s = time.monotonic() + LOOK_S
        report = json.loads(engine.learning() or "{}")
        if not report.get("links"):
            return
        from detectors.baseline.completeness import completeness
        from detectors.baseline.told import meter_told

        meter = completeness(report)
        self.meter = meter_told(meter)
        told = meter.to_json()
        self.facts = {"learning": True, "complete": meter.complete, "learned_days": told["days"]}
        if told["new_per_day_most"] is not None:
            self.facts["new_per_day_most"] = told["new_per_day_most"]
        if self._until.ended(report):
            self._write(engine, report)

    def _write(self, engine: Engine, report: dict[str, Any]) -> None:
        self._over, self.meter = True, None
        self.facts = {**self.facts, "learning": False}
        span = report["from_ns"], report["to_ns"]
        try:
            said = write_learned(self._folder, engine, (), self.guard, [f"sensor:{self._folder.name}"], span, 10)
        except (OSError, ValueError) as error:
            return log.error("%s: what was learned cannot be written and is lost: %s", self._folder, error)
        for line in said.splitlines():
            log.warning("%s", line)


def sensor_learning(settings: dict[str, Any], books: RuleBooks) -> SensorLearning | None:
    """As the settings say; None: nothing is learned, or it was learned before.

    Raises:
        ValueError: the folder cannot be written, which is said before days of learning and not after.
    """
    from detectors.baseline.folder import MANIFEST
    from detectors.baseline.poison import Guard

    if not settings["learn"]:
        return None
    folder = Path(settings["learn"])
    if (folder / MANIFEST).is_file():
        log.warning("%s: a baseline was learned there; nothing is learned (name another folder to learn again)", folder)
        return None
    check_place(folder)
    until = UntilComplete(settings["learn_at_least_h"] * HOUR_NS, settings["learn_at_most_h"] * HOUR_NS)
    return SensorLearning(folder, Guard(books.of(0), books.of), until)


def check_place(folder: Path) -> None:
    """Could a baseline be written there?"""
    from detectors.baseline.folder import MANIFEST

    taken = folder.exists() and not (folder / MANIFEST).is_file()
    if taken and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder}: is there and is no baseline; name another folder")
    above = next(place for place in folder.absolute().parents if place.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise ValueError(f"{folder}: cannot be written: {above} is not a folder that this user may write to")


def _stop_on_signals(engine: Engine) -> None:
    """What was learned until then is kept."""
    if threading.current_thread() is threading.main_thread():
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: engine.stop())
