"""Learning the anomaly model from the windows of a learned period."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from detectors.anomaly import forest as forests
from detectors.anomaly.features import FEATURES, NAMES
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


def unpack(windows: Windows) -> tuple[Scores, list[Key]]:
    """The columns this model knows, in its order."""
    matrix = np.frombuffer(windows.matrix, dtype=np.float64).reshape(len(windows), -1)
    return arrange(windows.columns, matrix), windows.keys()


def arrange(columns: Sequence[str], matrix: Any) -> Scores:
    """Columns by name, in the model's order.

    Raises:
        ValueError: a feature is missing; core and detectors are of different versions.
    """
    missing = [name for name in NAMES if name not in columns]
    if missing:
        raise ValueError(f"windows without {', '.join(missing)}: core and detectors are of different versions")
    values = as_matrix(matrix, len(columns))
    return np.ascontiguousarray(values[:, [columns.index(name) for name in NAMES]])


def train(windows: Iterable[Windows], *, window_s: int, settings: Settings | None = None) -> ModelFiles:
    """Learn from batches of windows as the engine hands them out."""
    matrices, keys = [], []
    for batch in windows:
        matrix, batch_keys = unpack(batch)
        matrices.append(matrix)
        keys += batch_keys
    whole = np.concatenate(matrices) if matrices else np.empty((0, len(NAMES)))
    return train_matrix(list(NAMES), whole, keys, window_ns=window_s * 1_000_000_000, settings=settings)


def train_matrix(
    columns: Sequence[str],
    matrix: Any,
    keys: Sequence[Key],
    *,
    window_ns: int,
    settings: Settings | None = None,
) -> ModelFiles:
    """Learn from rows of features. The same rows in the same order give the same model."""
    settings = settings or Settings()
    values = arrange(columns, matrix)
    rows: dict[Conversation, list[int]] = {}
    for row, (segment, client, server, protocol, start_ns, end_ns) in enumerate(keys):
        # Windows that were closed early saw only a part of their time.
        if end_ns - start_ns == window_ns and np.all(np.isfinite(values[row])):
            rows.setdefault((segment, client, server, protocol), []).append(row)
    groups = {
        conversation: values[own]
        for conversation, own in sorted(rows.items())
        if len(own) >= settings.minimum_conversation
    }
    seen, usable = sum(map(len, rows.values())), sum(map(len, groups.values()))
    facts: dict[str, Any] = {
        "window_ns": window_ns,
        "windows": seen,
        "windows_used": usable,
        "conversations": len(groups),
        "conversations_with_too_few": len(rows) - len(groups),
        "false_alarm_rate": settings.false_alarm_rate,
        "minimum_windows": settings.minimum_windows,
        "minimum_conversation": settings.minimum_conversation,
    }
    head = {"version": VERSION, "window_ns": window_ns, "features": list(NAMES)}
    if usable < settings.minimum_windows:
        least, each = settings.minimum_windows, settings.minimum_conversation
        reason = (
            f"可用窗口 {usable} 个，至少需要 {least} 个（每条通信关系 {each} 个） / "
            f"{usable} usable windows, {least} are needed ({each} per conversation)"
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
