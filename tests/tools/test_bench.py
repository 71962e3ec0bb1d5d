"""The benchmark's own rooms: knowledge that fits the traffic, runs that are watched, folders that are cleaned up.

How fast anything is, is no test: these hold what the figures rest on.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from detectors.baseline import read_folder
from detectors.baseline.counts import count
from sensor._core import Engine, baseline_to_json
from tools.bench import judging, report, run
from tools.bench.bench import Bench, Skipped
from tools.bench.knowledge import window_s, write_baseline, write_empty
from tools.bench.run import Median, Replay, against
from tools.bench.suricata import rule
from tools.bench.table import Table
from tools.bench.traffic import PLANTS, Plant, write

KINDS = ("modbus", "s7comm", "opcua", "mix", "functions", "flood")


def small(kind: str) -> Plant:
    return replace(PLANTS[kind], connections=30, packets_per_s=3_000)


def hits(capture: Path, baseline: Path) -> dict[str, int]:
    engine = Engine("{}", None, read_folder(baseline).table)
    engine.open_files([str(capture)])
    found: dict[str, int] = {}
    while True:
        batch = engine.poll()
        for hit in batch.hits:
            found[hit.cause] = found.get(hit.cause, 0) + 1
        if batch.done:
            return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_baseline_contains_the_traffic_and_has_the_size_asked_for(kind: str, tmp_path: Path) -> None:
    capture, folder = tmp_path / "traffic.pcap", tmp_path / "baseline"
    write(capture, small(kind), 60_000)
    write_baseline(folder, small(kind), 5_000)
    counts = count(json.loads(baseline_to_json(read_folder(folder).table)))
    rows = ("assets", "links", "operations", "stretches", "names", "polls", "orders")
    assert sum(counts[name] for name in rows) == 5_000
    assert hits(capture, folder) == {}


def test_a_baseline_too_small_for_the_traffic_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot contain it"):
        write_baseline(tmp_path / "baseline", small("modbus"), 100)


def test_for_an_empty_baseline_everything_is_new(tmp_path: Path) -> None:
    capture, folder = tmp_path / "traffic.pcap", tmp_path / "baseline"
    write(capture, small("flood"), 600)
    write_empty(folder)
    assert {"baseline:new_asset", "baseline:new_link"} <= hits(capture, folder).keys()


def test_the_model_is_learned_from_the_windows_of_the_traffic(tmp_path: Path) -> None:
    capture, folder = tmp_path / "traffic.pcap", tmp_path / "baseline"
    packets = 3_000 * 18
    assert write(capture, small("modbus"), packets) >= packets
    write_baseline(folder, small("modbus"), 2_000, capture, window_s(small("modbus"), packets))
    assert read_folder(folder).manifest["model"]["state"] == "active"
    said = judging.run(str(capture), str(folder), [1, 7, 100])
    assert said["conversations"] == 30
    assert [(batch["windows"], batch["judged"]) for batch in said["batches"]] == [(1, 1), (7, 7), (30, 30)]


def test_a_replay_tells_its_figures_and_leaves_nothing_beside_the_capture(tmp_path: Path) -> None:
    capture = tmp_path / "traffic.pcap"
    packets = write(capture, small("modbus"), 20_000)
    found = run.replay(capture, None, None)
    assert found.packets == packets
    assert found.peak_bytes > 10 << 20
    assert found.after(1.0).cpu_s >= found.after(0.0).cpu_s
    assert [path.name for path in tmp_path.iterdir()] == ["traffic.pcap"]


def test_a_run_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run.replay(tmp_path / "missing.pcap", None, None)
    assert "missing.pcap" in failed.value.stderr


def test_a_run_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run.watch([sys.executable, "-c", "import time; time.sleep(60)"], most_s=0.2)


def test_a_disk_without_room_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1 << 30})())
    with pytest.raises(Skipped, match="MiB wanted"):
        Bench(tmp_path, 20_000_000, 1).capture("modbus", 20_000_000)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_benchmark_leaves_nothing_behind(sign: signal.Signals, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tools.bench",
        "--only",
        "headline",
        "--packets",
        "3000000",
        "--folder",
        str(tmp_path),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path.cwd())
    for _ in range(600):
        if any(path.suffix == ".pcap" for path in tmp_path.rglob("*")):
            break
        time.sleep(0.1)
    process.send_signal(sign)
    assert process.wait(timeout=60) == 130
    assert not list(tmp_path.iterdir())


def test_the_page_holds_every_table_in_both_languages() -> None:
    table = Table(
        "rates",
        ("速率", "Rates"),
        [("工具", "tool"), ("包", "packets")],
        [["otus", "1"]],
        [("注", "note")],
        [("快", "fast", "12")],
    )
    page = report.page({"cores": "2"}, [table], {"live": "not here"})
    assert "## 速率 / Rates" in page
    assert "| 工具<br>tool | 包<br>packets |" in page
    assert "| otus | 1 |" in page
    assert "- live: not here" in page
    assert "| 快 | 12 |" in page and "| fast | 12 |" in page
    assert page.endswith("\n") and "\n\n\n" not in page


def test_the_middle_of_runs_is_not_their_mean() -> None:
    assert Median.of([1.0, 2.0, 9.0]) == Median(2.0, 1.0, 9.0)


def test_cases_are_compared_round_by_round() -> None:
    """The machine was ten times as slow in the last round, for both."""

    def runs(*seconds: float) -> list[Replay]:
        whole = dict(startup_s=0.0, events=0, hits=0, alerts=0, peak_bytes=0, stats={})
        return [Replay(packets=100, packets_per_s=100 / each, seconds=each, **whole) for each in seconds]

    assert against(runs(2.0, 20.0, 2.0), runs(1.0, 10.0, 1.0), wall=True) == 0.5


def test_rules_for_suricata_do_not_meet_the_traffic() -> None:
    assert "address 10000<>10015" in rule(0)
    assert rule(1) != rule(2)
