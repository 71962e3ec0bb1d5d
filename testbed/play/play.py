"""Plays a scenario: a plant, what is done to it and when, into a capture with its ground truth."""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from testbed.commands import RangeError
from testbed.pcapfile import FILE_HEAD
from testbed.play import plants, truth
from testbed.play.attacks import ATTACKS
from testbed.play.attacks import BY_NAME as ATTACK_BY_NAME
from testbed.play.collector import SECOND, Collector
from testbed.play.plant import Plant
from testbed.play.stage import Attack, Stage

SLICE_S = 300
"""Made and held at a time: some tens of megabytes for the largest plant."""
START = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.UTC)
"""A Monday, eight in the morning in China."""
LONGEST_DAYS = 400


@dataclass(frozen=True)
class Order:
    """What is asked for. `quiet_s` is how long the plant runs before the first act: what a baseline learns from."""

    scenario: str
    seed: int = 1
    duration_s: float | None = None
    """without it: as long as the acts need"""
    acts: tuple[str, ...] = ()
    quiet_s: float = 2 * 3600
    apart_s: float = 1500
    """from one act to the next; a detector's folds are closed in between"""


@dataclass(frozen=True)
class Played:
    frames: int
    truth: dict[str, Any]


def fitting(scenario: str) -> list[str]:
    """Names of what can be done to that plant."""
    plant = built(Order(scenario), Collector(lambda data: None), START_NS, START_NS + SECOND)
    return [attack.name for attack in ATTACKS if fits(attack, plant)]


START_NS = int(START.timestamp()) * SECOND


def fits(attack: Attack, plant: Plant) -> bool:
    protocols = {device.protocol for device in plant.devices}
    return not attack.needs or bool(protocols & set(attack.needs))


def built(order: Order, out: Collector, begin_ns: int, end_ns: int) -> Plant:
    """Raises RangeError: there is no such plant."""
    scenario = plants.BY_NAME.get(order.scenario)
    if scenario is None:
        raise RangeError(f"没有场景 / no scenario {order.scenario!r}; 有 / there are: {', '.join(plants.BY_NAME)}")
    plant = Plant(order.scenario, out, order.seed, begin_ns, end_ns)
    scenario.build(plant)
    return plant


def play(order: Order, write: Callable[[bytes | memoryview], Any], file: str = "") -> Played:
    """Write the capture, slice by slice; the truth comes back when it is over.

    Raises:
        RangeError: the order cannot be played; nothing was written.
    """
    seconds = duration_s(order)
    end_ns = START_NS + int(seconds * SECOND)
    out = Collector(write)
    plant = built(order, out, START_NS, end_ns)
    acts = planned(order, plant)
    waiting = [(act, ATTACK_BY_NAME[act.name]) for act in acts]
    write(FILE_HEAD)
    quiet_ns = START_NS + int(order.quiet_s * SECOND)
    quiet_frames = 0
    for until_ns in _slices(end_ns, quiet_ns if acts else end_ns):
        while waiting and waiting[0][0].begin_ns < until_ns:
            act, attack = waiting.pop(0)
            attack.play(Stage(plant, act))
        plant.run(until_ns)
        out.flush(until_ns)
        if until_ns <= quiet_ns:
            quiet_frames = out.frames
    for setpoint in [one for device in plant.devices for one in device.setpoints]:
        for end in setpoint.ends:  # nobody set it anew
            end(end_ns)
    return Played(out.frames, _truth(order, out, acts, end_ns, (quiet_ns, quiet_frames), file))


def duration_s(order: Order) -> float:
    needed = order.quiet_s + order.apart_s * len(order.acts) if order.acts else 3600.0
    seconds = needed if order.duration_s is None else order.duration_s
    if not 1 <= seconds <= LONGEST_DAYS * 86_400:
        raise RangeError(
            f"时长应为 1 秒至 {LONGEST_DAYS} 天 / a second to {LONGEST_DAYS} days, please: {seconds:.0f} s"
        )
    if order.acts and seconds < needed:
        raise RangeError(
            f"{len(order.acts)} 个动作需要 / acts need {needed / 3600:.1f} h "
            f"(quiet {order.quiet_s / 3600:.1f} h, then {order.apart_s:.0f} s each); 只有 / only {seconds / 3600:.1f} h"
        )
    return seconds


def planned(order: Order, plant: Plant) -> list[truth.Act]:
    """When what is done, in an order of chance.

    Raises:
        RangeError: an act is unknown, or nothing for this plant.
    """
    rng = np.random.default_rng([order.seed, zlib.crc32(b"acts")])
    found = []
    first_ns = START_NS + int(order.quiet_s * SECOND)
    for place, name in enumerate(rng.permutation(np.array(order.acts, dtype=object)).tolist()):
        attack = ATTACK_BY_NAME.get(name)
        if attack is None:
            raise RangeError(f"没有动作 / no act {name!r}; 参见 / see: otus range list")
        if not fits(attack, plant):
            raise RangeError(f"{name}: {order.scenario} 中没有 / has no {' / '.join(attack.needs)}")
        begin_ns = first_ns + int((place + rng.uniform(0.02, 0.2)) * order.apart_s * SECOND)
        found.append(
            truth.Act(
                place + 1, name, attack.kind, attack.technique, begin_ns, begin_ns,
                attack.zh, attack.en, attack.sign_zh, attack.sign_en,
            )
        )  # fmt: skip
    return found


def _slices(end_ns: int, edge_ns: int) -> list[int]:
    """Ends of the slices; one of them is where the quiet time ends, whose packets are counted."""
    regular = range(START_NS + SLICE_S * SECOND, end_ns, SLICE_S * SECOND)
    return sorted({*regular, edge_ns, end_ns})


def _truth(
    order: Order, out: Collector, acts: Sequence[truth.Act], end_ns: int, quiet: tuple[int, int], file: str
) -> dict[str, Any]:
    return {
        "file": file,
        "scenario": order.scenario,
        "seed": order.seed,
        "first_ns": START_NS,
        "last_ns": end_ns,
        "packets": out.frames,
        "learn": {"until_ns": quiet[0], "packets": quiet[1]} if acts else None,
        "events": [act.to_json(out.spans.get(act.number)) for act in acts],
    }


def play_into(order: Order, path: Path, truth_path: Path) -> Played:
    """The capture and its truth, each whole or not at all."""
    draft = path.with_name(path.name + ".part")
    try:
        with draft.open("wb", buffering=1 << 20) as file:
            played = play(order, file.write, path.name)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    draft.replace(path)
    truth.write(truth_path, played.truth)
    return played
