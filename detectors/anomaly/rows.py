"""Windows as the engine hands them out, arranged as the model wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.alerts import Windows
from detectors.anomaly.features import NAMES, SESSIONS
from detectors.anomaly.robust import Conversation
from detectors.anomaly.tail import Scores, as_matrix

Key = tuple[str, str, str, str, int, int]
"""Segment, client, server, protocol, start and end in nanoseconds."""


@dataclass(frozen=True)
class Rows:
    """Windows with their columns in the model's order."""

    values: Scores
    opening: NDArray[np.bool_]
    """the conversation opened or logged in there"""
    conversations: list[Conversation]
    starts: NDArray[np.uint64]
    ends: NDArray[np.uint64]

    @classmethod
    def of(cls, windows: Windows, names: Sequence[str] = NAMES) -> Rows:
        matrix = np.frombuffer(windows.matrix, dtype=np.float64).reshape(-1, len(windows.columns))
        sides = zip(windows.segments(), windows.clients(), windows.servers(), windows.protocols(), strict=True)
        starts, ends = (np.frombuffer(times, dtype=np.uint64) for times in (windows.starts, windows.ends))
        return cls._take(windows.columns, matrix, list(sides), starts, ends, names)

    @classmethod
    def arrange(cls, columns: Sequence[str], matrix: Any, keys: Sequence[Key], names: Sequence[str] = NAMES) -> Rows:
        """Take columns by name.

        Raises:
            ValueError: a column is missing; core and detectors are of different versions.
        """
        starts, ends = (np.array([key[place] for key in keys], dtype=np.uint64) for place in (4, 5))
        return cls._take(columns, matrix, [key[:4] for key in keys], starts, ends, names)

    @classmethod
    def _take(
        cls,
        columns: Sequence[str],
        matrix: Any,
        conversations: list[Conversation],
        starts: NDArray[np.uint64],
        ends: NDArray[np.uint64],
        names: Sequence[str],
    ) -> Rows:
        wanted = (*names, SESSIONS)
        missing = [name for name in wanted if name not in columns]
        if missing:
            raise ValueError(f"windows without {', '.join(missing)}: core and detectors are of different versions")
        values = as_matrix(matrix, len(columns))[:, [columns.index(name) for name in wanted]]
        if len(values) != len(conversations):
            raise ValueError(f"{len(values)} rows for {len(conversations)} windows")
        return cls(np.ascontiguousarray(values[:, :-1]), values[:, -1] > 0.0, conversations, starts, ends)

    @classmethod
    def joined(cls, batches: Sequence[Rows]) -> Rows:
        batches = [cls.arrange((*NAMES, SESSIONS), np.empty((0, len(NAMES) + 1)), []), *batches]
        return cls(
            np.concatenate([batch.values for batch in batches]),
            np.concatenate([batch.opening for batch in batches]),
            [conversation for batch in batches for conversation in batch.conversations],
            np.concatenate([batch.starts for batch in batches]),
            np.concatenate([batch.ends for batch in batches]),
        )
