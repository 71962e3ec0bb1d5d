"""The live half of the benchmark: what it sends, how it searches, and one small trial on a wire."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sensor._core import Engine
from tools.bench import live
from tools.bench.live import Trial, highest, two_rounds
from tools.bench.traffic import PLANTS, write

TRIAL = Trial(rate=1, offered=9, offered_per_s=9, received=9, parsed=8, skipped=1, lost=0, held=0, sensor_cpu=0.5)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "modbus.pcap"
    write(path, replace(PLANTS["modbus"], connections=50), 2_000)
    return path


def ledger_of(path: Path) -> dict[str, int]:
    engine = Engine("{}")
    engine.open_files([path])
    while not (batch := engine.poll()).done:
        pass
    return {**batch.ledger, "skipped": sum(batch.ledger["skipped"].values())}


def test_the_second_round_is_new_connections_with_right_checksums(capture: Path, tmp_path: Path) -> None:
    """The same bytes once more would be one long retransmission, and cost the sensor next to nothing."""
    rounds = tmp_path / "rounds.pcap"
    two_rounds(capture, rounds)
    once, twice = ledger_of(capture), ledger_of(rounds)
    assert twice["received"] == 2 * once["received"] and twice["parsed"] == 2 * once["parsed"] > 3_000
    checked = ["-o", "tcp.check_checksum:TRUE", "-Y", "!(tcp.checksum.status == 1)"]
    done = subprocess.run(["tshark", "-n", "-r", str(rounds), *checked], capture_output=True, text=True, check=True)
    assert done.stdout == ""


@pytest.mark.parametrize("limit", [0, 1, 300_000, 777_777, 999_999, 1_000_000, 5_000_000])
def test_the_search_ends_just_below_the_limit(limit: int) -> None:
    asked: list[int] = []

    def offer(rate: int) -> Trial:
        asked.append(rate)
        return replace(TRIAL, lost=0 if rate <= limit else 1)

    found, trials = highest(offer, 1_000_000, 12)
    assert asked[0] == 1_000_000 and len(trials) == len(asked) <= 12
    assert found <= max(limit, 1_000) and found >= min(limit, 1_000_000) - 1_000


def test_a_trial_that_lost_anything_did_not_keep_up() -> None:
    assert TRIAL.kept_up and TRIAL.balanced
    assert replace(TRIAL, offered=11).before_ring == 2 and not replace(TRIAL, offered=11).kept_up
    assert not replace(TRIAL, received=8).kept_up and not replace(TRIAL, received=8).balanced


def test_one_trial_on_a_wire(capture: Path, tmp_path: Path) -> None:
    if (why := live.unavailable()) is not None:
        pytest.skip(why)
    if not live.blast_path().exists():
        pytest.skip("the sender is not built: cargo build --release -p tap --example blast")
    rounds = tmp_path / "rounds.pcap"
    two_rounds(capture, rounds)
    with live.wire() as namespace:
        trial = live.trial(namespace, live.blast_path(), rounds, 5_000, 1.0, tmp_path, [], {"ring_mib": 8})
        for pair in (["lo", live.NEAR], [live.FAR, "lo"]):
            refused = [*namespace, str(live.blast_path()), *pair, str(rounds), "10", "1"]
            done = subprocess.run(refused, capture_output=True, text=True, check=False)
            assert done.returncode != 0 and "lo: " in done.stderr, "only a veth pair is ever sent on"
    assert trial.balanced and trial.kept_up and trial.lost == 0, trial
    assert trial.offered > 1_000 and trial.parsed > trial.offered // 2, json.dumps(trial.__dict__)
