"""A client that asks the same again and again, and what may come between: an operator, an attacker, a fault."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from testbed.play.channel import MS, Channel
from testbed.play.collector import SECOND, Collector, Times
from testbed.play.devices import Device
from testbed.play.stations import Station

Extra = Callable[[Channel, int], int]
"""Says something on the poller's own connection; returns when it is done."""


@dataclass(frozen=True)
class Influence:
    """What is different between two moments. `label`: whose act its frames are, 0 where it leaves none of its own."""

    begin_ns: int
    end_ns: int
    label: int = 0
    pace: float = 1.0
    """the period is so many times longer"""
    paused: bool = False
    dead: bool = False
    """the server does not answer"""
    ttl_less: int = 0
    """somebody stands in between and forwards"""
    mac: bytes | None = None
    """of whoever stands in between"""
    warp: Callable[[Times], Times] | None = None
    """answers tell the values of other moments"""


CALM = Influence(0, 1 << 62)


class Poller:
    def __init__(
        self,
        out: Collector,
        client: Station,
        device: Device,
        server: Station,
        period_ns: int,
        rng: np.random.Generator,
        begins_ns: int,
    ) -> None:
        """`server` is the device's station as the client's side of the network sees it."""
        self.out, self.client, self.device, self.server = out, client, device, server
        self.period_ns, self._rng = period_ns, rng
        self._next = begins_ns + int(rng.integers(period_ns)) + SECOND
        self._latency_ns = float(rng.uniform(1.5, 12) * MS)
        self._extras: list[tuple[int, int, Extra, int]] = []
        self._order = itertools.count()
        self.influences: list[Influence] = []
        self.channel: Channel | None = None
        self._busy = 0

    def at(self, ts_ns: int, extra: Extra, label: int = 0) -> None:
        """Say something on this connection at that time, or as soon as the cycle before it is over."""
        heapq.heappush(self._extras, (ts_ns, next(self._order), extra, label))

    def run(self, end_ns: int) -> None:
        """Everything before that time. `end_ns` rises from call to call."""
        while self._next < end_ns:
            influence = self._influence(self._next)
            until = min([end_ns, influence.end_ns, *self._edges()])
            if self._extras and self._extras[0][0] < until:
                until = max(self._extras[0][0], self._next)
            if until > self._next:
                self._phase(influence, until)
            while self._extras and self._extras[0][0] <= max(until, self._busy) and self._extras[0][0] < end_ns:
                self._say(*heapq.heappop(self._extras))

    def _edges(self) -> list[int]:
        return [one.begin_ns for one in self.influences if one.begin_ns > self._next]

    def _influence(self, ts_ns: int) -> Influence:
        return next((one for one in self.influences if one.begin_ns <= ts_ns < one.end_ns), CALM)

    def _say(self, ts_ns: int, _: int, extra: Extra, label: int) -> None:
        channel = self._connected(max(ts_ns, self._busy))
        before, channel.label = channel.label, label or channel.label
        begin = max(ts_ns, self._busy) + 5 * MS
        self._busy = extra(channel, begin) + 5 * MS
        channel.acknowledge(self._busy)
        channel.label = before
        while self._next <= self._busy:
            self._next += self.period_ns

    def _phase(self, influence: Influence, until_ns: int) -> None:
        """Cycles up to a moment, all under the same influence."""
        if influence.paused:
            self._next = until_ns
            return
        if influence.dead:
            self._unanswered(influence, until_ns)
            return
        channel = self._connected(max(self._next, self._busy))
        self._next = max(self._next, self._busy + MS)
        period = max(int(self.period_ns * influence.pace), 20 * MS)
        count = -(-(until_ns - self._next) // period)
        if count <= 0:
            return
        jitter = np.abs(self._rng.normal(0, min(0.01 * period, 12 * MS), count)).astype(np.int64)
        starts = self._next + period * np.arange(count, dtype=np.int64) + np.minimum(jitter, period // 4)
        values = starts if influence.warp is None else influence.warp(starts)
        pairs = self.device.pairs(channel, values)
        shape = (len(pairs), count)
        latency = (self._latency_ns * self._rng.lognormal(0, 0.12, shape)).astype(np.int64)
        most = max(period // (len(pairs) + 1) // 2, 8 * MS)
        if influence.ttl_less:
            channel.ttl = {True: self.client.ttl - influence.ttl_less, False: self.server.ttl - influence.ttl_less}
            channel.macs = {True: influence.mac, False: influence.mac}
            latency = latency + 2 * MS
        label = influence.label if influence.warp is None else 0
        answered = influence.label if influence.warp is not None else 0
        ends = channel.cycles(starts, pairs, np.minimum(latency, most), MS // 2, label, answered)
        channel.ttl, channel.macs = {True: None, False: None}, {True: None, False: None}
        self._busy = int(ends[-1])
        self._next += period * count

    def _connected(self, ts_ns: int) -> Channel:
        if self.channel is None:
            ports = (int(self._rng.integers(49_152, 65_000)), self.device.port)
            self.channel = Channel(self.out, self.client, self.server, ports, self._rng)
            self._busy = self.device.open(self.channel, self.channel.open(ts_ns))
        return self.channel

    def _unanswered(self, influence: Influence, until_ns: int) -> None:
        """The last question repeated, the connection given up, then one SYN after the other."""
        ts_ns = max(self._next, self._busy)
        if self.channel is not None:
            channel, self.channel = self.channel, None
            channel.label = influence.label
            request = self.device.pairs(channel, np.array([ts_ns], dtype=np.int64))[0]
            data = bytearray(request.request)
            for put in request.request_puts:
                raw = put.values.astype(put.kind).tobytes()
                data[put.offset : put.offset + len(raw)] = raw
            channel.send(ts_ns, True, bytes(data))
            for wait_ms in (300, 900, 2100):
                if ts_ns + wait_ms * MS < until_ns:
                    channel.repeat(ts_ns + wait_ms * MS, bytes(data))
            ts_ns += 4500 * MS
            if ts_ns < until_ns:
                channel.reset(ts_ns)
        while (ts_ns := ts_ns + 5 * SECOND) < until_ns - 4 * SECOND:
            attempt = Channel(
                self.out,
                self.client,
                self.server,
                (int(self._rng.integers(49_152, 65_000)), self.device.port),
                self._rng,
            )
            attempt.label = influence.label
            attempt.unanswered(ts_ns)
            ts_ns += 5 * SECOND
        self._next = self._busy = until_ns
