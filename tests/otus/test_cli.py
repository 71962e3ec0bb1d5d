"""The command line as its user has it: what it prints, what it says when something is wrong, how it ends."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.captures import ROOT

POLLING = ROOT / "pcaps" / "modbus" / "normal_polling.pcap"
STOP = ROOT / "pcaps" / "s7comm" / "plc_stop.pcap"


def otus(*arguments: str | Path, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "otus.cli", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, input=stdin, capture_output=True, timeout=120, env={**os.environ, **environment}
    )
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_help_speaks_to_the_factory_floor() -> None:
    for command in ([], ["sensor"], ["baseline"], ["rules"], ["console"], ["store"], ["config"]):
        shown = otus(*command, "--help")
        assert shown.returncode == 0
        assert any("\u4e00" <= letter <= "\u9fff" for letter in shown.stdout), command


def test_version_names_the_core() -> None:
    assert otus("version").stdout.startswith("otus 0.")


BAD = {
    "missing file": (["replay", "no/such.pcap"], ["no/such.pcap", "no such file"]),
    "folder": (["replay", "pcaps"], ["pcaps", "directory"]),
    "not a capture": (["replay", "README.md"], ["README.md", "not a capture"]),
    "bad filter": (["events", str(POLLING), "--filter", "host and"], ["filter"]),
    "missing baseline": (["replay", str(POLLING), "--baseline", "no-baseline"], ["no-baseline"]),
    "missing rules": (["replay", str(POLLING), "--rules", "no-rules"], ["no-rules"]),
    "unwritable stats": (["replay", str(POLLING), "--stats", "/no/dir/stats.json"], ["/no/dir/stats.json"]),
    "unwritable hits": (["replay", str(POLLING), "--hits", "/no/dir/hits"], ["/no/dir/hits"]),
    "missing interface": (["sensor", "run", "-i", "nowhere0"], ["nowhere0"]),
    "no interface": (["sensor", "run"], ["capture port"]),
    "both sources": (["baseline", "learn", "x.pcap", "-i", "eth0", "-o", "b"], ["not both"]),
    "missing settings": (["config", "check", "no.yml"], ["no.yml"]),
    "unknown command": (["sing"], ["sing"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_line(case: str) -> None:
    arguments, words = BAD[case]
    done = otus(*arguments)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith(("Usage:", "Try "))]
    assert len(said) == 1, done.stderr
    for word in words:
        assert word in said[0], said


def test_settings_from_file_environment_and_flags(tmp_path: Path) -> None:
    path = tmp_path / "sensor.yml"
    path.write_text("node_name: from-file\nheartbeat_s: 3\n", encoding="utf-8")
    assert "node_name: from-file" in otus("config", "show", "--config", path).stdout
    assert "node_name: from-env" in otus("config", "show", "--config", path, OTUS_NODE_NAME="from-env").stdout
    path.write_text("nod_name: x\nheartbeat_s: soon\n", encoding="utf-8")
    said = otus("config", "check", path).stderr
    assert "did you mean node_name" in said and "heartbeat_s: expected a number, got 'soon'" in said


def test_events_of_packed_files_and_of_standard_input_are_the_same(tmp_path: Path) -> None:
    packed = tmp_path / "normal_polling.pcap"
    packed.write_bytes(gzip.compress(POLLING.read_bytes()))
    plain = otus("events", POLLING).stdout
    assert otus("events", packed).stdout == plain
    piped = otus("events", "-", stdin=POLLING.read_bytes()).stdout
    assert [json.loads(line)["frame.number"] for line in piped.splitlines()] == [
        json.loads(line)["frame.number"] for line in plain.splitlines()
    ]


def test_filter_counts_what_it_leaves_out(tmp_path: Path) -> None:
    stats = tmp_path / "stats.json"
    assert otus("replay", POLLING, "--filter", "host 10.77.1.11", "--stats", stats).returncode == 0
    ledger = json.loads(stats.read_text(encoding="utf-8"))["ledger"]
    assert 0 < ledger["skipped"]["filter"] < ledger["received"]
    assert ledger["balanced"]


def test_replay_says_what_where_and_why(tmp_path: Path) -> None:
    hits = tmp_path / "hits.ndjson"
    shown = otus("replay", STOP, "--format", "ndjson", "--hits", hits)
    alerts = [json.loads(line) for line in shown.stdout.splitlines()]
    stop = next(alert for alert in alerts if alert["rule.name"] and "停" in alert["rule.name"])
    assert stop["file.name"] == "plc_stop.pcap"
    assert stop["detector"] == "signature" and stop["level"] in ("high", "critical")
    assert stop["event.outcome"] == "success"
    assert stop["count"] == 1 and stop["destination.port"] == 102
    assert (stop["rule"], stop["frame.number"]) in [
        (hit.get("rule_id"), hit.get("frame.number")) for hit in map(json.loads, hits.read_text().splitlines())
    ]


def test_replay_repeats_itself_to_the_byte() -> None:
    captures = sorted((ROOT / "pcaps" / "s7comm").glob("*.pcap"))[:6]
    first, second = (otus("replay", *captures, "--format", "ndjson").stdout for _ in range(2))
    assert first and first == second


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m otus.cli events {POLLING} | true"  # gone before the first line
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, timeout=60)
    assert done.returncode == 0 and b"Traceback" not in done.stderr


def test_the_sensor_takes_what_its_site_filters_out(tmp_path: Path) -> None:
    """The setting: as `otus replay --site-filters`, checked at the start."""
    filters, config, alerts = tmp_path / "filters.yml", tmp_path / "sensor.yml", tmp_path / "alerts.ndjson"
    config.write_text(f"site_filters: {filters}\nalerts: {alerts}\n", encoding="utf-8")
    line = "  - {id: drill, rules: [S7 PLC Stop], when: {server.port: 102}, person: p, reason: r, until: '%s'}\n"

    def titles() -> list[str]:
        alerts.unlink(missing_ok=True)
        done = otus("sensor", "replay", STOP, "--config", config)
        assert done.returncode == 0, done.stderr
        return [json.loads(text)["rule.name"] for text in alerts.read_text(encoding="utf-8").splitlines()]

    filters.write_text("filters:\n" + line % "2001-01-01", encoding="utf-8")
    assert "S7 控制器停机命令" in titles()
    filters.write_text("filters:\n" + line % "2099-01-01", encoding="utf-8")
    assert "S7 控制器停机命令" not in titles()
    filters.write_text("filters:\n" + line % "soon", encoding="utf-8")
    done = otus("sensor", "replay", STOP, "--config", config)
    assert done.returncode == 1 and "filters.yml:2: until 'soon' is no day" in done.stderr
