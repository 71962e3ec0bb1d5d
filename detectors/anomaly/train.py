"""Learning the anomaly model from the windows of a learned period."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from detectors.alerts import Windows
from detectors.anomaly.compiled import MakeForest, joined
from detectors.anomaly.features import NAMES
from detectors.anomaly.learn import Settings, model_of
from detectors.anomaly.robust import Conversation
from detectors.anomaly.rows import Key, Rows
from detectors.baseline.folder import ModelFiles

VERSION = 3
"""Of what the features mean and how they are tested. A model may know fewer features than there are, by name."""


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
    chosen = {conversation: own for conversation, own in sorted(places.items()) if len(own) >= each}
    used = sum(map(len, chosen.values()))
    facts: dict[str, Any] = {
        "window_ns": window_ns,
        "windows": len(rows.conversations),
        "windows_used": used,
        "conversations": len(chosen),
        "conversations_with_too_few": len(places) - len(chosen),
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
    content, record, forests, said = model_of(rows, chosen, window_ns, make_forest, settings)
    facts |= {"state": "active", **_versions(), **said}
    import skops.io

    return ModelFiles(_json({**head, "abstains": None, **content}), skops.io.dumps(record), joined(forests), facts)


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=True).encode()


def _versions() -> dict[str, str]:
    import sklearn
    import skops

    return {"scikit_learn": sklearn.__version__, "skops": skops.__version__}
