"""What a process shows: values as functions of time, so that everybody who reads at the same time reads the same.

Deterministic: the noise of a signal is drawn from its seed, stretch by stretch, and looked up by time. It never comes
again: a process whose noise did would look like a recording that is played once more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from testbed.play.collector import SECOND, Labels, Times

Values = NDArray[np.float64]
LAG_NS = 75.0 * SECOND
"""Time constant of what follows a set point."""
STRETCH = 8192
"""Ticks whose noise is drawn together: half an hour."""
STRETCHES = 4
"""Kept of a signal: everybody asks about the same minutes."""
ECHO = 0.436 * 0.9 ** np.arange(64)
"""What is left of a draw, tick by tick: together a variance of 1."""
TICK_NS = SECOND // 5
"""A controller's own cycle as seen from outside: between two ticks nothing moves."""


@dataclass(frozen=True)
class Disturbance:
    """Somebody changes the process: `change(value, seconds since the beginning)`."""

    begin_ns: int
    end_ns: int
    label: int
    change: Callable[[Values, Values], Values]


@dataclass(eq=False)
class Signal:
    """`kind`: level (pumped between two marks), temperature and speed (follow a set point), pressure, flow, counter,
    state (on and off), setpoint (what operators write)."""

    name: str
    kind: str
    low: float
    high: float
    rng: np.random.Generator = field(repr=False)
    follows: Signal | None = None
    unit: str = ""
    disturbances: list[Disturbance] = field(default_factory=list)
    steps: list[tuple[int, float]] = field(default_factory=list)
    """set point: since when, which value"""
    ends: list[Callable[[int], None]] = field(default_factory=list, repr=False)
    """set point: who wants to know when it is set anew"""

    def __post_init__(self) -> None:
        self._seed = int(self.rng.integers(1 << 62))
        self._drawn: dict[int, Values] = {}
        self._period_s = float(self.rng.uniform(120, 900))
        self._phase = float(self.rng.uniform(0, 1))
        if self.kind == "setpoint" and not self.steps:
            self.steps = [(0, self.middle + float(self.rng.uniform(-0.1, 0.1)) * self.span)]
        self._reached = [value for _, value in self.steps[:1]]
        """set point: where what follows it was at each step"""

    @property
    def span(self) -> float:
        return self.high - self.low

    @property
    def middle(self) -> float:
        return (self.high + self.low) / 2

    def write(self, ts_ns: int, value: float) -> None:
        """A set point changes; times rise."""
        before_ns, before = self.steps[-1]
        left = math.exp(-(ts_ns - before_ns) / LAG_NS)
        self._reached.append(before + (self._reached[-1] - before) * left)
        self.steps.append((ts_ns, value))
        ends, self.ends = self.ends, []
        for end in ends:
            end(ts_ns)

    def at(self, ts_ns: int) -> float:
        return float(self.values(np.array([ts_ns], dtype=np.int64))[0])

    def held_at(self, ts_ns: int) -> Callable[[Values, Values], Values]:
        """A disturbance: the value stays what it is at that moment."""
        held = self.at(ts_ns)
        return lambda values, since: np.full_like(values, held)

    def values(self, times: Times) -> Values:
        ticks = times // TICK_NS
        seconds: Values = (ticks * (TICK_NS / SECOND)).astype(np.float64)
        values = self._shape(ticks, seconds)
        for disturbance in self.disturbances:
            inside = (times >= disturbance.begin_ns) & (times < disturbance.end_ns)
            if inside.any():
                since = (times - disturbance.begin_ns) / SECOND
                values = np.where(inside, disturbance.change(values, since), values)
        return values

    def labels(self, times: Times) -> Labels | None:
        """Which values somebody has changed; None: none, ever."""
        if not self.disturbances:
            return None
        labels = np.zeros(len(times), dtype=np.int32)
        for disturbance in self.disturbances:
            labels[(times >= disturbance.begin_ns) & (times < disturbance.end_ns)] = disturbance.label
        return labels

    def _shape(self, ticks: Times, seconds: Values) -> Values:
        if self.kind == "setpoint":
            return self._stepped(ticks * TICK_NS)
        if self.kind == "counter":
            return np.floor(seconds / self._period_s * 20) % 60_000
        wobble: Values = seconds / self._period_s + self._phase + 0.05 * np.sin(seconds / (self._period_s * 7.3))
        if self.kind == "state":
            return (wobble % 1 < 0.7).astype(np.float64)
        noise = self._noise(ticks)
        if self.kind == "level":
            cycle = wobble % 1
            rising = np.where(cycle < 0.3, cycle / 0.3, (1 - cycle) / 0.7)
            return np.clip(self.low + self.span * (0.2 + 0.6 * rising + 0.004 * noise), self.low, self.high)
        middle: Values | float = self.middle
        if self.follows is not None:
            middle = self._lagging(self.follows, ticks * TICK_NS)
        day = 0.02 * np.sin(2 * np.pi * (seconds % 86_400) / 86_400 + self._phase)
        slow = 0.03 * np.sin(2 * np.pi * wobble)
        return np.clip(middle + self.span * (day + slow + 0.006 * noise), self.low, self.high)

    def _noise(self, ticks: Times) -> Values:
        """Mean 0 and variance 1; but for flows, which flutter, each is much like the one before."""
        stretches = ticks // STRETCH
        noise = np.empty(len(ticks))
        for stretch in np.unique(stretches).tolist():
            mine = stretches == stretch
            noise[mine] = self._stretch(stretch)[ticks[mine] % STRETCH]
        return noise

    def _stretch(self, number: int) -> Values:
        if number not in self._drawn:
            while len(self._drawn) >= STRETCHES:
                del self._drawn[next(iter(self._drawn))]
            draws = self._draws(number)
            if self.kind != "flow":
                before = self._draws(number - 1)[1 - len(ECHO) :]
                draws = np.convolve(np.concatenate((before, draws)), ECHO, "valid")
            self._drawn[number] = draws
        return self._drawn[number]

    def _draws(self, number: int) -> Values:
        return np.random.default_rng([self._seed, number]).normal(0.0, 1.0, STRETCH)

    def _stepped(self, times: Times) -> Values:
        since = np.array([step[0] for step in self.steps], dtype=np.int64)
        value = np.array([step[1] for step in self.steps])
        stepped: Values = value[np.maximum(np.searchsorted(since, times, side="right") - 1, 0)]
        return stepped

    def _lagging(self, leader: Signal, times: Times) -> Values:
        """First-order approach to the set point from wherever it was when that was set, a minute or so behind."""
        since = np.array([step[0] for step in leader.steps], dtype=np.int64)
        value = np.array([step[1] for step in leader.steps])
        place = np.maximum(np.searchsorted(since, times, side="right") - 1, 0)
        before = np.array(leader._reached)[place]
        passed = np.minimum((times - since[place]) / LAG_NS, 50.0)
        reached: Values = value[place] + (before - value[place]) * np.exp(-passed)
        return reached
