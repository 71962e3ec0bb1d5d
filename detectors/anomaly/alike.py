"""The normal window that a strange one is most like: what a person compares it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.anomaly.forest import drawn_in
from detectors.anomaly.robust import Centre
from detectors.anomaly.tail import Scores

KEPT = 8
"""Windows kept of each conversation: the most ordinary one, and those that differ most from all kept before."""


@dataclass(frozen=True)
class Examples:
    """By conversation: windows of the learned time, with when they began."""

    values: tuple[Scores, ...]
    starts: tuple[tuple[int, ...], ...]

    def nearest(self, row: int, window: Scores, centre: Centre) -> tuple[int, Scores] | None:
        """Start and values of the kept window of this conversation that is most like that one."""
        values = self.values[row]
        if not len(values):
            return None
        off = drawn_in(centre.scores(values)) - drawn_in(centre.scores(window))
        place = int(np.argmin(np.einsum("ij,ij->i", off, off)))
        return self.starts[row][place], values[place]

    @classmethod
    def from_json(cls, listed: list[Any], width: int) -> Examples:
        """Raises ValueError, KeyError or TypeError: these are none."""
        values, starts = [], []
        for entry in listed:
            shown = np.array([one["values"] for one in entry["examples"]], dtype=np.float64).reshape(-1, width)
            if not np.all(np.isfinite(shown)):
                raise ValueError("a number is not finite")
            values.append(shown)
            starts.append(tuple(int(one["start_ns"]) for one in entry["examples"]))
        return cls(tuple(values), tuple(starts))


def chosen_examples(windows: Scores, centre: Centre, starts: NDArray[np.uint64]) -> list[dict[str, Any]]:
    """Farthest first (Gonzalez 1985): no window lies farther from what is kept than twice as far as need be."""
    drawn = drawn_in(centre.scores(windows))
    place = int(np.argmin(np.einsum("ij,ij->i", drawn, drawn)))
    kept, apart = [], np.full(len(windows), np.inf)
    for _ in range(min(KEPT, len(windows))):
        kept.append(place)
        off = drawn - drawn[place]
        apart = np.minimum(apart, np.einsum("ij,ij->i", off, off))
        place = int(np.argmax(apart))
        if apart[place] <= 0.0:
            break
    return [{"start_ns": int(starts[one]), "values": windows[one].tolist()} for one in sorted(kept)]
