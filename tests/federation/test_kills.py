"""Nothing is lost and nothing doubled, however often and wherever the four processes of the line are killed."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

KILLS_PER_PROCESS = 24
PATIENCE_S = 600
"""With two cores to itself it takes half a minute; a machine full of other work is given more."""
pytestmark = pytest.mark.timeout(PATIENCE_S + 60)
LINE = ("sensor-1", "enterprise", "province", "ministry")
WINDOWS = {
    "sensor-1": {"before_commit", "after_commit", "uplink_before_send", "uplink_before_answer_is_kept", "any_time"},
    "enterprise": {
        "received_before_merge", "before_commit", "after_commit", "uplink_before_send", "uplink_before_answer_is_kept",
        "any_time",
    },
    "ministry": {"received_before_merge", "before_commit", "after_commit", "any_time"},
}  # fmt: skip
WINDOWS["province"] = WINDOWS["enterprise"]


@pytest.fixture(scope="module", params=[20261120])
def killed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("line")
    script = Path(__file__).with_name("kill_range.py")
    ran = subprocess.run(
        [sys.executable, str(script), str(folder), str(request.param), str(KILLS_PER_PROCESS)],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    return folder, json.loads(ran.stdout)


def query(folder: Path, name: str, sql: str) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(folder / name / ("spool.sqlite" if name == "sensor-1" else "store.sqlite"))
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def kept(folder: Path, name: str) -> set[tuple[str, str, int]]:
    table = "spool_record" if name == "sensor-1" else "record"
    rows = query(folder, name, f"SELECT origin, id, revision FROM {table}")
    assert len(rows) == len({row[:2] for row in rows}), f"{name} keeps a record twice"
    return {(row[0], row[1], row[2]) for row in rows}


def test_every_process_died_in_every_window(killed: tuple[Path, dict[str, Any]]) -> None:
    for name in LINE:
        deaths = Counter(killed[1]["deaths"][name])
        assert deaths.total() >= KILLS_PER_PROCESS, f"{name}: {deaths}"
        planned = KILLS_PER_PROCESS // len(WINDOWS[name])
        rare = {window for window in WINDOWS[name] if deaths[window] < planned}
        assert not rare, f"{name} was killed less often than planned at {rare}: {deaths}"


def test_all_tiers_end_with_the_same_set(killed: tuple[Path, dict[str, Any]]) -> None:
    sets = {name: kept(killed[0], name) for name in LINE}
    assert len(sets["sensor-1"]) > 200, "there was hardly any load"
    for name in LINE[1:]:
        assert sets[name] == sets["sensor-1"], f"{name} differs in {len(sets[name] ^ sets['sensor-1'])} records"


def test_what_the_spool_acknowledged_is_in_it(killed: tuple[Path, dict[str, Any]]) -> None:
    latest = {(origin, record_id): revision for origin, record_id, revision in kept(killed[0], "sensor-1")}
    lines = (killed[0] / "sensor-1" / "acknowledged").read_text().splitlines()
    acknowledged = [tuple(item) for line in lines for item in json.loads(line)]
    assert len(acknowledged) > 200
    lost = [item for item in acknowledged if latest.get((item[0], item[1]), 0) < item[2]]
    assert not lost


def test_the_queues_are_empty_and_nothing_was_refused(killed: tuple[Path, dict[str, Any]]) -> None:
    for name in LINE:
        assert query(killed[0], name, "SELECT count(*) FROM spool_dead") == [(0,)]
        if name != "ministry":
            assert query(killed[0], name, "SELECT count(*) FROM spool_pending") == [(0,)], name
        if name != "sensor-1":
            assert query(killed[0], name, "SELECT count(*) FROM rejected") == [(0,)], name
            assert query(killed[0], name, "PRAGMA integrity_check") == [("ok",)], name
