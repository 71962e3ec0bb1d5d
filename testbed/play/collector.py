"""Frames of many actors into one capture, in the order of time and in constant memory.

Actors speak slice by slice of plant time. What they said for later waits; what belongs to a slice is sorted and written
when the slice is over. Every frame may carry a label, the number of the act it belongs to: where those frames stand
in the capture is the ground truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from testbed.play.columns import Rows, column

Times = NDArray[np.int64]
Labels = NDArray[np.int32]
RECORD = 16
SECOND = 1_000_000_000


@dataclass
class Span:
    """Frames of one act: how many, when, and their numbers as runs [first, last], counted from 1."""

    frames: int = 0
    first_ns: int = 0
    last_ns: int = 0
    runs: list[list[int]] = field(default_factory=list)

    def add(self, numbers: NDArray[np.int64], times: Times) -> None:
        """Numbers in rising order."""
        self.first_ns = self.first_ns or int(times[0])
        self.last_ns = int(times[-1])
        self.frames += len(numbers)
        edges = np.flatnonzero(np.diff(numbers) != 1)
        firsts = numbers[np.concatenate(([0], edges + 1))]
        lasts = numbers[np.concatenate((edges, [len(numbers) - 1]))]
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
            if self.runs and self.runs[-1][1] == first - 1:
                self.runs[-1][1] = last
            else:
                self.runs.append([first, last])


Block = tuple[Times, Rows, Labels]


class Collector:
    """Takes frames in any order within a slice; `flush` writes what is due."""

    def __init__(self, write: Callable[[bytes | memoryview], Any]) -> None:
        self._write = write
        self._blocks: list[Block] = []
        self._singles: list[tuple[int, bytes, int]] = []
        self.frames = 0
        self.spans: dict[int, Span] = {}

    def frame(self, ts_ns: int, data: bytes, label: int = 0) -> None:
        self._singles.append((int(ts_ns), data, label))

    def block(self, times: Times, rows: Rows, labels: Labels) -> None:
        """Frames of one length, one a row, the first RECORD bytes of each left free for the record's header."""
        if len(times):
            self._blocks.append((times, rows, labels))

    def flush(self, before_ns: int) -> None:
        """Write every frame earlier than that."""
        due = [block for block in (self._due(block, before_ns) for block in self._take_blocks()) if block is not None]
        singles = [one for one in self._singles if one[0] < before_ns]
        if len(singles) < len(self._singles):
            self._singles = [one for one in self._singles if one[0] >= before_ns]
        else:
            self._singles = []
        if due or singles:
            self._put(due, singles)

    def _take_blocks(self) -> list[Block]:
        taken, self._blocks = self._blocks, []
        return taken

    def _due(self, block: Block, before_ns: int) -> Block | None:
        times, rows, labels = block
        early = times < before_ns
        if early.all():
            return block
        self._blocks.append((times[~early], rows[~early], labels[~early]))
        return (times[early], rows[early], labels[early]) if early.any() else None

    def _put(self, blocks: list[Block], singles: list[tuple[int, bytes, int]]) -> None:
        single_times = np.array([one[0] for one in singles], dtype=np.int64)
        times = np.concatenate([*(block[0] for block in blocks), single_times])
        lengths = np.concatenate(
            [
                *(np.full(len(block[0]), block[1].shape[1], dtype=np.int64) for block in blocks),
                np.array([RECORD + len(one[1]) for one in singles], dtype=np.int64),
            ]
        )
        labels = np.concatenate(
            [*(block[2] for block in blocks), np.array([one[2] for one in singles], dtype=np.int32)]
        )
        order = np.argsort(times, kind="stable")
        ends = np.cumsum(lengths[order])
        places = np.empty_like(ends)
        places[order] = ends - lengths[order]
        content = np.empty(int(ends[-1]), dtype=np.uint8)
        at = 0
        for block_times, rows, _ in blocks:
            _stamp(block_times, rows)
            width = rows.shape[1]
            content[places[at : at + len(rows), None] + np.arange(width)] = rows
            at += len(rows)
        for (ts_ns, data, _), place in zip(singles, places[at:].tolist(), strict=True):
            seconds, rest = divmod(ts_ns, SECOND)
            size = len(data).to_bytes(4, "little")
            record = seconds.to_bytes(4, "little") + rest.to_bytes(4, "little") + size + size + data
            content[place : place + len(record)] = np.frombuffer(record, np.uint8)
        self._write(content.data)
        self._note(labels[order], times[order])
        self.frames += len(times)

    def _note(self, labels: Labels, times: Times) -> None:
        marked = np.flatnonzero(labels)
        for label in np.unique(labels[marked]).tolist():
            rows = marked[labels[marked] == label]
            self.spans.setdefault(label, Span()).add(rows + self.frames + 1, times[rows])


def _stamp(times: Times, rows: Rows) -> None:
    column(rows, 0, "<u4")[:] = times // SECOND
    column(rows, 4, "<u4")[:] = times % SECOND
    column(rows, 8, "<u4")[:] = column(rows, 12, "<u4")[:] = rows.shape[1] - RECORD
