"""Talks into one pcap file, in the order of time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from testbed.play.columns import Rows, column
from tools.bench.traffic.talk import POOL, SEED, Speech, Talk, connections

START_S = 1_760_000_000
BEGINS_US = 300_000
"""In the middle of a window, as every capture does."""
UNEVEN = 0.01
"""A turn lasts up to so much longer than the plant's pace says: no plant is as even as a loop."""
MAGIC_US = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
"""pcap, little-endian, microseconds, Ethernet."""
LONGEST_WAIT_S = 0.002
CHUNK = 20_000
"""Connections made at a time: what is being written stays in the cache's reach."""


def places(content: bytes) -> Iterator[tuple[int, int]]:
    """Where the frames of such a file lie: begin and end of each. Their record's head is the 16 bytes before."""
    at = len(MAGIC_US)
    while at + 16 <= len(content):
        begin = at + 16
        at = begin + int.from_bytes(content[at + 8 : at + 12], "little")
        yield begin, at


@dataclass(frozen=True)
class Plant:
    """Connections of one kind, or several kinds side by side, and how fast they talk."""

    speeches: tuple[Speech, ...]
    connections: int = 1_000
    """of all kinds together"""
    packets_per_s: float = 100_000
    """in capture time: a busy plant backbone"""
    handshake: bool = True

    @property
    def each(self) -> int:
        return max(1, self.connections // len(self.speeches))

    def group(self, asked: int) -> int:
        """Connections that ask before the first of them is answered: a part of all, and none waits too long."""
        most = max(1, int(self.packets_per_s * LONGEST_WAIT_S / asked / 4))
        whole = math.gcd(self.each, CHUNK) if self.each > CHUNK else self.each
        return next(size for size in range(min(most, whole), 0, -1) if whole % size == 0)


def write(path: Path, plant: Plant, packets: int, *, one_each: bool = False) -> int:
    """Write at least `packets` frames, in whole turns; returns how many.

    The same plant gives the same bytes. `one_each`: only the first connection of each kind, at the times it has in the
    whole plant (`packets` counts the whole plant's).
    """
    written = slots = 0
    with path.open("wb") as out:
        out.write(MAGIC_US)
        for block, frames, passed in _turns(plant, one_each):
            out.write(block.data)
            written, slots = written + frames, passed
            if slots >= packets and passed:
                break
    return written


def _turns(plant: Plant, one_each: bool) -> Iterator[tuple[Rows, int, int]]:
    """Bytes, frames in them, and packets of the whole plant up to the end of the turn (0 inside a turn)."""
    count = 1 if one_each else plant.each
    chunks = [
        (first, [_talk(plant, kind, first, min(CHUNK, count - first)) for kind in range(len(plant.speeches))])
        for first in range(0, count, CHUNK)
    ]
    passed, begins_us = 0, float(BEGINS_US)
    longer = np.random.default_rng(SEED).random(POOL) * UNEVEN + 1
    for number in itertools.count():
        per_row = 0
        for first, talks in chunks:
            turns = [talk.turn() for talk in talks]
            requests = [rows for turn in turns for rows in turn[0]]
            answers = [rows for turn in turns for rows in turn[1]]
            per_row = len(requests) + len(answers)
            block = _in_order(plant, requests, answers, int(begins_us), first)
            last = first + CHUNK >= count
            yield block, per_row * len(requests[0]), passed + per_row * plant.each if last else 0
        passed += per_row * plant.each
        begins_us += per_row * plant.each / plant.packets_per_s * 1e6 * longer[number % POOL]


def _talk(plant: Plant, kind: int, first: int, count: int) -> Talk:
    speech = plant.speeches[kind]
    return Talk(speech, connections(speech, first, count, 1 + 2 * kind), handshake=plant.handshake)


def _in_order(plant: Plant, requests: Sequence[Rows], answers: Sequence[Rows], begins_us: int, first: int) -> Rows:
    """A group of connections asks, then its answers come: so a server takes a while and others talk meanwhile."""
    asked, answered, count = len(requests), len(answers), len(requests[0])
    group = plant.group(asked)
    number = np.arange(first, first + count, dtype=np.int64)
    start, place = number // group * group * (asked + answered), number % group
    for part, rows in enumerate(requests):
        _stamp(plant, rows, begins_us, start + place * asked + part)
    for part, rows in enumerate(answers):
        _stamp(plant, rows, begins_us, start + group * asked + place * answered + part)
    groups = max(1, count // group)
    return np.hstack([np.hstack(list(side)).reshape(groups, -1) for side in (requests, answers)])


def _stamp(plant: Plant, rows: Rows, begins_us: int, slot: NDArray[np.int64]) -> None:
    """Times of the frames of a turn."""
    us = 1_000_000
    after_us = begins_us % us + (slot * (us / plant.packets_per_s)).astype(np.int64)
    whole_s = after_us // us if after_us[-1] >= us else 0
    column(rows, 0, "<u4")[:] = START_S + begins_us // us + whole_s
    column(rows, 4, "<u4")[:] = after_us - whole_s * us
