"""From what a site is promised, incidents a day for a thousand assets, to the chance of one test of one window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

DAY_NS = 86_400 * 1_000_000_000
FOLD_NS = 600 * 1_000_000_000
"""Windows of one conversation that follow each other closer than this are one incident (`detectors.alerts`)."""
CLUSTERS = 10.0
"""Of windows so rare that chance puts a tenth of one into a fold's time, those that lie together belong together."""


@dataclass(frozen=True)
class Promise:
    """`per_1000_assets_day`: incidents that may come of ordinary windows."""

    per_1000_assets_day: float
    assets: int
    """addresses of the conversations that are judged"""
    windows_a_day: float
    """that these conversations have together"""
    folding: float
    """incidents for each window that is called unusual, at most 1: a disturbance lasts longer than a window"""
    tests: int

    @property
    def window(self) -> float:
        """Chance for a window to be called unusual, all tests together."""
        incidents = self.per_1000_assets_day * self.assets / 1000.0
        return min(incidents / (self.windows_a_day * self.folding), 0.01) if self.windows_a_day else 0.01

    @property
    def test(self) -> float:
        """The share of one test (Bonferroni: right however they depend on each other)."""
        return self.window / self.tests

    def to_json(self) -> dict[str, Any]:
        return {
            "incidents_per_1000_assets_day": self.per_1000_assets_day,
            "assets": self.assets,
            "windows_a_day": round(self.windows_a_day),
            "folding": float(f"{self.folding:.3g}"),
            "tests": self.tests,
            "chance_per_window": float(f"{self.window:.4g}"),
            "chance_per_test": float(f"{self.test:.4g}"),
        }


def folding(worst: NDArray[np.float64], starts: NDArray[np.uint64], rows: NDArray[np.intp], window_ns: int) -> float:
    """Incidents for each unusual window: clusters among the rarest of the learned ones (the runs estimator of the
    extremal index, Smith and Weissman 1994), where a fold's time without one ends a cluster.

    `worst`: how far out each window is; `starts`, `rows`: when, and of which conversation.
    """
    rarest = int(len(worst) * window_ns / FOLD_NS / CLUSTERS)
    if rarest < 10:
        return 1.0
    places = np.argsort(-worst, kind="stable")[:rarest]
    order = places[np.lexsort((starts[places], rows[places]))]
    apart = np.diff(starts[order].astype(np.int64)) >= FOLD_NS
    clusters = 1 + int(np.count_nonzero(apart | (np.diff(rows[order]) != 0)))
    # A standard error to the safe side: more clusters, more incidents.
    return min((clusters + math.sqrt(clusters)) / rarest, 1.0)
