"""A write storm costs what silence costs, and no count is lost in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.captures import ROOT
from tests.sensor.storm import write_rule, write_storm

# Not ru_maxrss: that starts with what the test process held when it forked.
# The peak of this program's own memory: what `getrusage` says would include that of the test runner it was forked from.
MEASURED = """\
import sys
from pathlib import Path
from otus.cli import main
code = main()
status = Path("/proc/self/status").read_text()
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024, file=sys.stderr)
sys.exit(code)
"""


def replay(folder: Path, packets: int, clients: int) -> tuple[list[dict[str, Any]], dict[str, Any], int, int]:
    """Alerts, figures, lines of the listing, and MiB that the process took."""
    write_storm(folder / "storm.pcap", packets, clients)
    arguments = ["replay", folder / "storm.pcap", "--rules", write_rule(folder / "rules"), "--format", "ndjson"]
    arguments += ["--hits", folder / "hits", "--stats", folder / "stats"]
    command = [sys.executable, "-c", MEASURED, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    alerts = [json.loads(line) for line in done.stdout.splitlines()]
    lines = (folder / "hits").read_bytes().count(b"\n")
    return alerts, json.loads((folder / "stats").read_text(encoding="utf-8")), lines, int(done.stderr.splitlines()[-1])


def test_two_hundred_thousand_equal_hits_are_one_alert(tmp_path: Path) -> None:
    alerts, figures, lines, mebibytes = replay(tmp_path, packets=200_000, clients=1)
    assert figures["hits"] == lines == 200_000
    assert [alert["count"] for alert in alerts] == [200_000]
    assert mebibytes < 150


@pytest.mark.parametrize("clients", [15_000])
def test_a_storm_from_very_many_loses_no_count(tmp_path: Path, clients: int) -> None:
    """Each of them is an alert of its own: that is the worst there is."""
    alerts, figures, lines, mebibytes = replay(tmp_path, packets=2 * clients, clients=clients)
    assert len(alerts) == clients and figures["ledger"]["held"] == 0
    assert figures["hits"] == lines == sum(alert["count"] for alert in alerts) == 2 * clients
    assert mebibytes < 60 + clients * 24 // 1024, "a bounded number of bytes for each, on every thread"
