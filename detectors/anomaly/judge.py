"""The model as the alert room calls it, read from a baseline folder."""

from __future__ import annotations

import json
from typing import Any

from detectors.alerts import WindowAlert, Windows
from detectors.anomaly import forest as forests
from detectors.anomaly.alike import Examples
from detectors.anomaly.compiled import MakeForest
from detectors.anomaly.describe import describe
from detectors.anomaly.detect import Anomaly
from detectors.anomaly.drift import Watch
from detectors.anomaly.ensemble import Ensemble
from detectors.anomaly.robust import Robust, UnknownFeature
from detectors.anomaly.rows import Rows
from detectors.anomaly.train import VERSION
from detectors.baseline.folder import FOREST, ROBUST, BaselineError, Folder

EARLIER = "由早期版本学习，已停用，请重新学习基线 / learned by an earlier version, not used; learn the baseline again"


class Judge:
    """What the alert room calls with every batch of windows; counts what it saw."""

    def __init__(
        self, model: Anomaly | None, reason: str | None, watch: Watch | None = None, state: str = "abstains"
    ) -> None:
        """Without a model: its `state` and the `reason`."""
        self._model, self._reason, self._watch = model, reason, watch
        self._state = "active" if model is not None else state
        self._before = None if model is None else model.before()
        self._seen = self._judged = 0

    def judge(self, windows: Windows) -> list[WindowAlert]:
        self._seen += len(windows)
        if self._model is None or self._before is None or not len(windows):
            return []
        judged = self._model.judge(Rows.of(windows, self._model.robust.names), self._before)
        self._judged += len(judged.scores)
        if self._watch is not None:
            self._watch.count(judged.scores, judged.groups, judged.ends)
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
            for finding in judged.findings
        ]

    def state(self) -> dict[str, Any]:
        """`model` (active, abstains, refused), `windows` {seen, judged, ageing}, and why it does not judge.

        `windows.ageing` is what `drift.Watch.state` says, once a day is over.
        """
        windows: dict[str, Any] = {"seen": self._seen, "judged": self._judged}
        if self._watch is not None and (ageing := self._watch.state()):
            windows["ageing"] = ageing
        state: dict[str, Any] = {"model": self._state, "windows": windows}
        if self._reason:
            state["reason"] = self._reason
        return state


def load_judge(folder: Folder, make_forest: MakeForest) -> Judge:
    """The model of a baseline folder whose hashes were checked by `read_folder`.

    A model of an earlier version is refused and the rest of the baseline goes on: the judge says why.

    Raises:
        BaselineError: there is none, or it is damaged, or of a later version.
    """
    place = folder.path / ROBUST
    if folder.robust is None:
        raise BaselineError(f"{place}: this baseline has no anomaly model; learn it from captures or from a port")
    try:
        content = json.loads(folder.robust)
        version = int(content["version"])
        if version > VERSION:
            raise BaselineError(f"{place}: was learned by a later version; learn the baseline again, or upgrade")
        if version < VERSION:
            return Judge(None, f"{place}: {EARLIER}", state="refused")
        if content["abstains"] is not None:
            return Judge(None, str(content["abstains"]))
        robust, window_ns = Robust.from_json(content), int(content["window_ns"])
        groups = list(content["groups"])
        if len(groups) != len(robust.limits):
            raise ValueError("a group is missing")
        width = len(robust.features)
        examples = Examples.from_json(list(content["conversations"]), width)
        watch = Watch.from_json(content["drift"], [str(group["name"]) for group in groups], robust.names)
        if folder.compiled is None:
            raise BaselineError(f"{folder.path / FOREST}: is missing; learn the baseline again")
        trees = forests.load(folder.compiled, f"{folder.path / FOREST}", width, len(groups), make_forest)
        ensembles = [
            Ensemble.from_json(group["ensemble"], forest, width) for group, forest in zip(groups, trees, strict=True)
        ]
    except UnknownFeature as unknown:
        name = str(unknown)[:80]
        raise BaselineError(f"{place}: judges {name!r}, which this version has not; learn the baseline again") from None
    except BaselineError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, OverflowError):
        raise BaselineError(f"{place}: is damaged; learn the baseline again") from None
    return Judge(Anomaly(robust, ensembles, examples, window_ns), None, watch)
