"""Requests far beyond what was learned: of a conversation that is known, or of one that is none of the learned ones.

Nothing is counted per packet: the windows have the requests. A conversation that was never learned has no usual rate;
what it is held against is the most that any learned one of its protocol may have, which a client that just begins to
poll stays below.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.anomaly.finding import Deviating, WindowFinding
from detectors.anomaly.robust import SINGLE, Robust
from detectors.anomaly.rows import Rows

REQUESTS = "requests"


class Ceilings:
    """By protocol, requests that no window of a learned conversation has."""

    def __init__(self, robust: Robust) -> None:
        self._of: dict[str, float] = {}
        self._column = robust.names.index(REQUESTS) if REQUESTS in robust.names else None
        if self._column is None:
            return
        for conversation, row in robust.conversations.items():
            most = robust.expected(row, self._column, SINGLE)[1]
            self._of[conversation[3]] = max(self._of.get(conversation[3], 0.0), most)

    def findings(self, windows: Rows, strangers: Sequence[int]) -> list[WindowFinding]:
        """Of windows of conversations that were not learned (their places): those beyond every learned one."""
        if self._column is None or not len(strangers):
            return []
        requests = windows.values[np.asarray(strangers, dtype=np.intp), self._column]
        found = []
        for place, count in zip(strangers, requests.tolist(), strict=True):
            most = self._of.get(windows.conversations[place][3])
            if most is None or count <= most:
                continue
            found.append(
                WindowFinding.at(
                    windows,
                    place,
                    features=(Deviating(REQUESTS, count, 0.0, most, count / max(most, 1.0)),),
                    by_feature=True,
                    by_forest=False,
                    score=0.0,
                    score_limit=0.0,
                    learned=False,
                )
            )
        return found
