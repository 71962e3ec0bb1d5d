"""One model for most tests: learning it once is enough."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="the anomaly model's packages are not installed: pip install otus[anomaly]")
pytest.importorskip("sensor._core", reason="the core is not built: make build")

from detectors.anomaly import Anomaly, load_judge, train_matrix
from detectors.baseline.folder import Folder, ModelFiles
from sensor._core import Forest
from tests.detectors.anomaly.synthetic import COLUMNS, WINDOW_NS, windows


def folder_of(model: ModelFiles) -> Folder:
    return Folder(
        Path("base"),
        {"files": {}, "learned": {}, "model": dict(model.facts)},
        b"",
        model.robust,
        model.forest,
        model.compiled,
    )


def anomaly_of(model: ModelFiles) -> Anomaly:
    anomaly = load_judge(folder_of(model), Forest)._model
    assert anomaly is not None
    return anomaly


@pytest.fixture(scope="session")
def learned() -> ModelFiles:
    matrix, keys = windows(conversations=20, count=100, seed=1)
    return train_matrix(COLUMNS, matrix, keys, window_ns=WINDOW_NS, make_forest=Forest)


@pytest.fixture(scope="session")
def anomaly(learned: ModelFiles) -> Anomaly:
    return anomaly_of(learned)
