"""Learning the anomaly model from the windows of a learned period."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.anomaly import forest as forests
from detectors.anomaly.compiled import MakeForest, compiled
from detectors.anomaly.features import FEATURES, NAMES, SESSIONS
from detectors.anomaly.robust import Conversation, learn
from detectors.anomaly.tail import Scores, as_matrix
from detectors.baseline.folder import ModelFiles

VERSION = 2
"""Of what the features mean and how they are tested. A model may know fewer features than there are, by name."""

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
    """Closed windows as columns (`sensor._core.Windows`)."""

    def __len__(self) -> int: ...
    @property
    def columns(self) -> list[str]: ...
    @property
    def matrix(self) -> bytes: ...
    @property
    def starts(self) -> bytes: ...
    @property
    def ends(self) -> bytes: ...
    def segments(self) -> list[str]: ...
    def clients(self) -> list[str]: ...
    def servers(self) -> list[str]: ...
    def protocols(self) -> list[str]: ...


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


def train(
    windows: Iterable[Windows], *, window_s: int, make_forest: MakeForest, settings: Settings | None = None
) -> ModelFiles:
    """Learn from batches of windows as the engine hands them out."""
    whole = Rows.joined([Rows.of(batch) for batch in windows])
    return _learn(whole, window_s * 1_000_000_000, make_forest, settings or Settings())


def train_matrix(
    columns: Sequence[str],
    matrix: Any,
    keys: Sequence[Key],
    *,
    window_ns: int,
    make_forest: MakeForest,
    settings: Settings | None = None,
) -> ModelFiles:
    """Learn from rows of features. The same rows in the same order give the same model."""
    return _learn(Rows.arrange(columns, matrix, keys), window_ns, make_forest, settings or Settings())


def _learn(rows: Rows, window_ns: int, make_forest: MakeForest, settings: Settings) -> ModelFiles:
    places: dict[Conversation, list[int]] = {}
    usable = np.all(np.isfinite(rows.values), axis=1) & ~rows.opening & (rows.ends - rows.starts == window_ns)
    for place in np.flatnonzero(usable).tolist():
        places.setdefault(rows.conversations[place], []).append(place)
    least, each = settings.minimum_windows, settings.minimum_conversation
    groups = {conversation: rows.values[own] for conversation, own in sorted(places.items()) if len(own) >= each}
    used = sum(map(len, groups.values()))
    facts: dict[str, Any] = {
        "window_ns": window_ns,
        "windows": len(rows.conversations),
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
        return ModelFiles(_json({**head, "abstains": reason}), None, None, facts)
    robust, scores = learn(groups, settings.rate)
    forest = forests.fit(scores)
    facts |= {"state": "active", **_versions()}
    limit = forests.limit(scores, settings.rate, make_forest)
    content = {**head, "abstains": None, "forest_limit": limit, **robust.to_json()}
    return ModelFiles(_json(content), forests.dump(forest), compiled(forest), facts)


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=True).encode()


def _versions() -> dict[str, str]:
    import sklearn
    import skops

    return {"scikit_learn": sklearn.__version__, "skops": skops.__version__}
