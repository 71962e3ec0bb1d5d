"""Two models judge the same windows: what each would have told, folded as alerts are."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from detectors.anomaly import load_judge
from detectors.anomaly.shadow import Shadow
from detectors.baseline.folder import ModelFiles
from detectors.baseline.show_model import model_lines
from otus.baseline import baseline
from otus.model_shadow import compared
from sensor._core import Forest
from tests.detectors.anomaly.conftest import folder_of
from tests.detectors.anomaly.synthetic import COLUMNS, windows
from tests.detectors.anomaly.test_train import Batch, spoiled


def test_only_the_stricter_of_two_alarms(learned: ModelFiles) -> None:
    def patient(content: dict) -> None:  # type: ignore[type-arg]
        content["limits"] = [[[[1e9] * 12] * 2] * 2 for _ in content["limits"]]

    shadow = Shadow(load_judge(folder_of(learned), Forest), load_judge(folder_of(spoiled(learned, patient)), Forest))
    matrix, keys = windows(conversations=20, count=100, seed=3)
    column = COLUMNS.index("failures")
    matrix[5:8, column] = 90.0  # three windows in a row of one conversation: one incident
    matrix[90, column] = 90.0  # and again after 13 minutes
    shadow.take(Batch(matrix, keys))
    told = shadow.report()
    assert (told["active"]["incidents"], told["candidate"]["incidents"], told["both"]) == (2, 0, 0)
    assert sum(told["active"]["titles"].values()) == 2
    assert told["candidate"]["windows"]["judged"] == 2000
    twice = Shadow(*(load_judge(folder_of(learned), Forest) for _ in range(2)))
    twice.take(Batch(matrix, keys))
    assert twice.report()["both"] == 2


def test_the_command_compares_folders_and_names_the_way_out(learned: ModelFiles, tmp_path: Path) -> None:
    from otus.baseline import learn_into

    capture = "pcaps/modbus/normal_polling.pcap"
    learn_into(tmp_path / "a", (capture,))
    learn_into(tmp_path / "b", (capture,))
    run = CliRunner().invoke(baseline, ["compare", str(tmp_path / "a"), str(tmp_path / "b"), capture])
    assert run.exit_code == 0, run.output
    assert "候选 candidate: 0 起 incidents" in run.output and "两者相同 both: 0" in run.output
    learn_into(tmp_path / "c", (capture,), window_s=5)
    with pytest.raises(ValueError, match="learn it with --window 10"):
        compared(tmp_path / "a", tmp_path / "c", (capture,))


def test_limits_are_shown_with_their_uncertainty(learned: ModelFiles) -> None:
    lines = list(model_lines(learned.facts))
    assert "at most 1 incidents per 1,000 assets a day" in lines[0]
    assert any("writes >" in line and "–" in line for line in lines)
    told = [line for group in learned.facts["groups"] for line in group["features"]]
    assert sum("over two windows" in line for line in lines) == sum(line["windows"] == 2 for line in told)
    assert list(model_lines({"state": "abstains"})) == []
