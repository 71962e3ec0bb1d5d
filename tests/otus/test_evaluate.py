"""`otus range` and `otus evaluate` together, from the order to the score."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from otus.cli import otus

ACTS = ("modbus-write-flood", "modbus-broadcast-write", "modbus-listen-only", "modbus-function-scan")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("range") / "line.pcap"
    acts = [part for name in ACTS for part in ("--act", name)]
    done = CliRunner().invoke(
        otus, ["range", "play", "modbus-line", "--seed", "6", "--quiet", "0.5", *acts, "-o", str(path)]
    )
    assert done.exit_code == 0, done.output
    return path


def test_the_list_names_plants_and_acts() -> None:
    done = CliRunner().invoke(otus, ["range", "list", "s7-cell", "--lang", "en"])
    assert done.exit_code == 0
    assert "s7-stop" in done.output and "modbus-unit-scan" not in done.output


def test_what_signatures_know_is_found_at_once(played: Path) -> None:
    done = CliRunner().invoke(otus, ["evaluate", str(played.with_name("line.truth.json")), "--format", "json"])
    assert done.exit_code == 0, done.output
    content = json.loads(done.stdout)
    assert content["totals"]["recall"] == 1.0
    assert content["totals"]["delay_median_s"] < 1.0
    assert [event["verdict"] for event in content["captures"][0]["events"]] == ["found"] * len(ACTS)


def test_exit_codes(played: Path, tmp_path: Path) -> None:
    truth = str(played.with_name("line.truth.json"))
    assert CliRunner().invoke(otus, ["evaluate", truth, "--least-recall", "0.9"]).exit_code == 0
    silent = tmp_path / "labels.yml"
    silent.write_text(
        f"labels: 1\ncaptures: [{{file: {played}, events: [{{name: ghost, frames: [1]}}]}}]", encoding="utf-8"
    )
    assert CliRunner().invoke(otus, ["evaluate", str(silent), "--least-recall", "0.9"]).exit_code == 1
    assert CliRunner().invoke(otus, ["evaluate", truth, "--level", "loud"]).exit_code == 2


def test_learning_by_time_is_learning_by_packets(played: Path) -> None:
    from detectors.evaluation import Learn
    from otus.evaluate import _reach

    learn = json.loads(played.with_name("line.truth.json").read_text(encoding="utf-8"))["learn"]
    assert _reach(played, Learn(until=learn["until_ns"]))[0] == learn["packets"]
