"""Learning the anomaly model from the windows of a learned period."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.anomaly import forest as forests
from detectors.anomaly.features import FEATURES, NAMES, SESSIONS
from detectors.anomaly.robust import Conversation, learn
from detectors.anomaly.tail import Scores, as_matrix
from detectors.baseline.folder import ModelFiles

VERSION = 1

Key = tuple[str, str, str, str, int, int]
"""Segment, client, server, protocol, start and end in nanoseconds."""


@dataclass(frozen=True)
class Settings:
    false_alarm_rate: float = 1e-4
    """ordinary windows that may be called unusual, all tests together"""
    minimum_windows: int = 60
    """learned windows below which the model abstains: a tail of a tenth would have fewer than six"""
    minimum_conversation: int = 10
    """windows below which a conversation is not judged: a spread of fewer means little"""

    @property
    def rate(self) -> float:
        """Share of one test: each feature is one, the forest another."""
        return self.false_alarm_rate / (len(FEATURES) + 1)


class Windows(Protocol):
    def __len__(self) -> int: ...
    @property
    def columns(self) -> list[str]: ...
    @property
    def matrix(self) -> bytes: ...
    def keys(self) -> list[Key]: ...


@dataclass(frozen=True)
class Rows:
    """Windows with their columns in the model's order."""

    values: Scores
    opening: NDArray[np.bool_]
    """the conversation opened or logged in there"""
    keys: Sequence[Key]

    @classmethod
    def of(cls, windows: Windows) -> Rows:
        matrix = np.frombuffer(windows.matrix, dtype=np.float64).reshape(len(windows), -1)
        return cls.arrange(windows.columns, matrix, windows.keys())

    @classmethod
    def arrange(cls, columns: Sequence[str], matrix: Any, keys: Sequence[Key]) -> Rows:
        """Take columns by name.

        Raises:
            ValueError: a column is missing; core and detectors are of different versions.
        """
        wanted = (*NAMES, SESSIONS)
        missing = [name for name in wanted if name not in columns]
        if missing:
            raise ValueError(f"windows without {', '.join(missing)}: core and detectors are of different versions")
        values = as_matrix(matrix, len(columns))[:, [columns.index(name) for name in wanted]]
        if len(values) != len(keys):
            raise ValueError(f"{len(values)} rows for {len(keys)} windows")
        return cls(np.ascontiguousarray(values[:, :-1]), values[:, -1] > 0.0, keys)


def train(windows: Iterable[Windows], *, window_s: int, settings: Settings | None = None) -> ModelFiles:
    """Learn from batches of windows as the engine hands them out."""
    batches = [Rows.of(batch) for batch in windows]
    whole = Rows(
        np.concatenate([batch.values for batch in batches]) if batches else np.empty((0, len(NAMES))),
        np.concatenate([batch.opening for batch in batches]) if batches else np.empty(0, dtype=np.bool_),
        [key for batch in batches for key in batch.keys],
    )
    return _learn(whole, window_s * 1_000_000_000, settings or Settings())


def train_matrix(
    columns: Sequence[str],
    matrix: Any,
    keys: Sequence[Key],
    *,
    window_ns: int,
    settings: Settings | None = None,
) -> ModelFiles:
    """Learn from rows of features. The same rows in the same order give the same model."""
    return _learn(Rows.arrange(columns, matrix, keys), window_ns, settings or Settings())


def _learn(rows: Rows, window_ns: int, settings: Settings) -> ModelFiles:
    places: dict[Conversation, list[int]] = {}
    usable = np.all(np.isfinite(rows.values), axis=1) & ~rows.opening
    for place, (segment, client, server, protocol, start_ns, end_ns) in enumerate(rows.keys):
        # Windows that were closed early saw only a part of their time.
        if usable[place] and end_ns - start_ns == window_ns:
            places.setdefault((segment, client, server, protocol), []).append(place)
    least, each = settings.minimum_windows, settings.minimum_conversation
    groups = {conversation: rows.values[own] for conversation, own in sorted(places.items()) if len(own) >= each}
    used = sum(map(len, groups.values()))
    facts: dict[str, Any] = {
        "window_ns": window_ns,
        "windows": len(rows.keys),
        "windows_used": used,
        "conversations": len(groups),
        "conversations_with_too_few": len(places) - len(groups),
        "false_alarm_rate": settings.false_alarm_rate,
        "minimum_windows": least,
        "minimum_conversation": each,
    }
    head = {"version": VERSION, "window_ns": window_ns, "features": list(NAMES)}
    if used < least:
        reason = (
            f"可用窗口 {used} 个，至少需要 {least} 个（每条通信关系 {each} 个） / "
            f"{used} usable windows, {least} are needed ({each} per conversation)"
        )
        facts |= {"state": "abstains", "reason": reason}
        return ModelFiles(_json({**head, "abstains": reason}), None, facts)
    robust, scores = learn(groups, settings.rate)
    forest = forests.fit(scores)
    facts |= {"state": "active", **_versions()}
    content = {**head, "abstains": None, "forest_limit": forests.limit(scores, settings.rate), **robust.to_json()}
    return ModelFiles(_json(content), forests.dump(forest), facts)


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=True).encode()


def _versions() -> dict[str, str]:
    import sklearn
    import skops

    return {"scikit_learn": sklearn.__version__, "skops": skops.__version__}
