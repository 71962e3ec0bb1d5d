"""What is done to the process, or to what is told about it."""

from __future__ import annotations

import numpy as np

from testbed.play.collector import SECOND
from testbed.play.signals import Signal
from testbed.play.stage import Stage

MOVING = ("level", "temperature", "speed", "pressure", "flow")


def _signal(stage: Stage) -> Signal:
    device = stage.plant.devices[stage.chance(0, len(stage.plant.devices) - 1)]
    stage.target(device.station)
    stage.pollers(device)
    found = [one for one in device.signals if one.kind in MOVING]
    return found[stage.chance(0, len(found) - 1)]


def replayed(stage: Stage) -> None:
    """Answers are those of some minutes ago, as somebody recorded them, whatever the process does now."""
    poller = stage.poller()
    seconds = stage.chance(200, 500)
    # Whole turns of the poll: between two of them nothing was recorded.
    back = -(-seconds * SECOND // poller.period_ns) * poller.period_ns
    stage.influence(poller, seconds, warp=lambda times: times - back)


def stuck(stage: Stage) -> None:
    """A value does not move any more, not even by its noise."""
    signal = _signal(stage)
    stage.disturb(signal, stage.chance(240, 600), signal.held_at(stage.now))


def jump(stage: Stage) -> None:
    signal = _signal(stage)
    far = signal.high if signal.at(stage.now) < signal.middle else signal.low
    stage.disturb(signal, stage.chance(60, 300), lambda values, since: np.full_like(values, far))


def drift(stage: Stage) -> None:
    """So slowly that no single step is large."""
    signal = _signal(stage)
    rate = signal.span / stage.chance(400, 900)
    stage.disturb(
        signal, stage.chance(400, 800), lambda values, since: np.minimum(values + rate * since, signal.high * 1.2)
    )


def oscillation(stage: Stage) -> None:
    signal = _signal(stage)
    width, period = signal.span * 0.2, stage.chance(6, 20)
    stage.disturb(
        signal,
        stage.chance(180, 500),
        lambda values, since: np.maximum(values + width * np.sin(2 * np.pi * since / period), 0),
    )
