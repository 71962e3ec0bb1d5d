"""Operators at work: set points by shift and now and then, and sessions of the engineer."""

from __future__ import annotations

import numpy as np

from testbed.play.channel import Channel
from testbed.play.collector import SECOND
from testbed.play.plant import Plant
from testbed.play.poller import Extra, Poller
from testbed.play.signals import Signal

HOUR = 3600 * SECOND
SHIFT_HOURS = (0, 8, 16)
ZONE_HOURS = 8
"""China Standard Time"""
PER_HOUR = {"day": 5.0, "night": 2.0}


class Operator:
    """Writes set points over the connection of the station that supervises."""

    def __init__(self, plant: Plant, poller: Poller) -> None:
        self._poller = poller
        self._rng = plant.rng("operator", poller.client.name, poller.device.station.name)
        self._next = plant.begin_ns + self._wait(plant.begin_ns)
        self._shift = self._shift_of(plant.begin_ns)

    @staticmethod
    def _hour(ts_ns: int) -> float:
        return (ts_ns / HOUR + ZONE_HOURS) % 24

    def _shift_of(self, ts_ns: int) -> int:
        return int((ts_ns / HOUR + ZONE_HOURS) // 8)

    def _wait(self, ts_ns: int) -> int:
        rate = PER_HOUR["day" if 8 <= self._hour(ts_ns) < 20 else "night"]
        return int(self._rng.exponential(HOUR / rate)) + 20 * SECOND

    def run(self, end_ns: int) -> None:
        while self._next < end_ns:
            setpoints = self._poller.device.setpoints
            shift = self._shift_of(self._next)
            # At a change of shift all set points are gone through, otherwise one is corrected.
            wanted = setpoints if shift != self._shift else [setpoints[int(self._rng.integers(len(setpoints)))]]
            self._shift = shift
            for place, setpoint in enumerate(wanted):
                value = ordinary(setpoint, self._rng)
                self._poller.at(self._next + place * 7 * SECOND, writing(self._poller, setpoint, value))
            self._next += len(wanted) * 7 * SECOND + self._wait(self._next)


def ordinary(setpoint: Signal, rng: np.random.Generator) -> float:
    """A value that operators would choose: in the middle half of what is allowed, on a grid."""
    share = 0.25 + 0.05 * int(rng.integers(11))
    return setpoint.low + share * setpoint.span


def writing(poller: Poller, setpoint: Signal, value: float) -> Extra:
    def write(channel: Channel, ts_ns: int) -> int:
        return poller.device.write(channel, ts_ns, setpoint, value)

    return write
