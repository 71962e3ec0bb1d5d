"""Judging windows: which are unlike the learned ones, and by what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from detectors.alerts import WindowAlert
from detectors.anomaly import forest as forests
from detectors.anomaly.compiled import Forest, MakeForest
from detectors.anomaly.describe import describe
from detectors.anomaly.finding import Deviating, WindowFinding
from detectors.anomaly.robust import Robust, UnknownFeature
from detectors.anomaly.train import VERSION, Key, Rows, Windows
from detectors.baseline.folder import FOREST, MODEL, ROBUST, BaselineError, Folder

MAX_NAMED = 3
"""Features that are named when only the forest found a window unusual: those farthest out."""


@dataclass(frozen=True)
class Anomaly:
    """A loaded model. `score` is a pure function of its arguments."""

    robust: Robust
    forest: Forest
    forest_limit: float
    window_ns: int

    def score(self, columns: Sequence[str], matrix: Any, keys: Sequence[Key]) -> list[WindowFinding]:
        """The unusual ones among these windows, in their order.

        Conversations that were not learned are left to the baseline; windows of another length are not judged.
        """
        return self.judge(Rows.arrange(columns, matrix, keys, self.robust.names))[0]

    def judge(self, windows: Rows) -> tuple[list[WindowFinding], int]:
        """The unusual ones, and how many could be judged. The windows' columns are those of the model."""
        row_of = self.robust.conversations.get
        known = np.array([row_of(conversation, -1) for conversation in windows.conversations], dtype=np.intp)
        places = np.flatnonzero((known >= 0) & (windows.ends - windows.starts == self.window_ns))
        if not len(places):
            return [], 0
        rows = known[places]
        values, opening = windows.values[places], windows.opening[places]
        distances = self.robust.scores(values, rows)
        beyond = np.abs(distances) / self.robust.allowed(rows)
        if opening.any():
            beyond[np.ix_(opening, self.robust.ordinary_only)] = 0.0
        unusual = forests.unusual(self.forest, distances)
        by_feature, by_forest = beyond.max(axis=1) > 1.0, (unusual > self.forest_limit) & ~opening
        findings = []
        for index in np.flatnonzero(by_feature | by_forest):
            order = np.argsort(-beyond[index], kind="stable")
            outside = [int(feature) for feature in order if beyond[index, feature] > 1.0]
            named = outside or [int(feature) for feature in order[:MAX_NAMED]]
            segment, client, server, protocol = windows.conversations[places[index]]
            findings.append(
                WindowFinding(
                    segment=segment,
                    client=client,
                    server=server,
                    protocol=protocol,
                    start_ns=int(windows.starts[places[index]]),
                    end_ns=int(windows.ends[places[index]]),
                    features=tuple(
                        self._deviating(
                            int(rows[index]), feature, float(values[index, feature]), float(beyond[index, feature])
                        )
                        for feature in named
                    ),
                    by_feature=bool(by_feature[index]),
                    by_forest=bool(by_forest[index]),
                    score=float(unusual[index]),
                    score_limit=self.forest_limit,
                )
            )
        return findings, len(places)

    def _deviating(self, row: int, feature: int, value: float, beyond: float) -> Deviating:
        low, high = self.robust.expected(row, feature)
        return Deviating(self.robust.names[feature], value, low, high, beyond)


class Judge:
    """What the alert room calls with every batch of windows; counts what it saw."""

    def __init__(self, model: Anomaly | None, abstains: str | None) -> None:
        self._model, self._abstains = model, abstains
        self._seen = self._judged = 0

    def judge(self, windows: Windows) -> list[WindowAlert]:
        self._seen += len(windows)
        if self._model is None or not len(windows):
            return []
        findings, judged = self._model.judge(Rows.of(windows, self._model.robust.names))
        self._judged += judged
        return [
            WindowAlert(
                segment=finding.segment,
                client=finding.client,
                server=finding.server,
                protocol=finding.protocol,
                start_ns=finding.start_ns,
                end_ns=finding.end_ns,
                description=describe(finding),
            )
            for finding in findings
        ]

    def state(self) -> dict[str, Any]:
        """`model` (active, abstains), `windows` {seen, judged}, and why it abstains."""
        state: dict[str, Any] = {
            "model": "abstains" if self._model is None else "active",
            "windows": {"seen": self._seen, "judged": self._judged},
        }
        if self._abstains:
            state["reason"] = self._abstains
        return state


def load_judge(folder: Folder, make_forest: MakeForest) -> Judge:
    """The model of a baseline folder whose hashes were checked by `read_folder`.

    scikit-learn is needed only for a folder of an earlier version, which has no compiled forest.

    Raises:
        BaselineError: there is none, or it is not one this version reads.
    """
    place = folder.path / ROBUST
    if folder.robust is None:
        raise BaselineError(f"{place}: this baseline has no anomaly model; learn it from captures or from a port")
    try:
        content = json.loads(folder.robust)
        if content["version"] != VERSION:
            raise BaselineError(f"{place}: was learned by another version; learn the baseline again")
        if content["abstains"] is not None:
            return Judge(None, str(content["abstains"]))
        robust, limit, window_ns = Robust.from_json(content), float(content["forest_limit"]), int(content["window_ns"])
    except UnknownFeature as unknown:
        name = str(unknown)[:80]
        raise BaselineError(f"{place}: judges {name!r}, which this version has not; learn the baseline again") from None
    except BaselineError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise BaselineError(f"{place}: is damaged; learn the baseline again") from None
    width = len(robust.features)
    if folder.compiled is not None:
        forest = forests.load(folder.compiled, f"{folder.path / FOREST}", width, make_forest)
    elif folder.model is not None:
        forest = forests.load_recorded(folder.model, f"{folder.path / MODEL}", width, make_forest)
    else:
        raise BaselineError(f"{folder.path}: the forest is missing; learn the baseline again")
    return Judge(Anomaly(robust, forest, limit, window_ns), None)
