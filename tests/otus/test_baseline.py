"""`otus baseline` from learning to enforcing, by the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("sensor._core", reason="the core is not built: make build")

from otus.cli import otus
from otus.shadow import FAMILIES
from sensor._core import Engine
from tests.detectors.baseline.conftest import capture

WRITES = "operation:default/192.168.1.10>192.168.1.20/modbus#6.write"


def run(*words: str) -> str:
    done = CliRunner().invoke(otus, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def test_a_baseline_is_learned_reviewed_tried_and_enforced(tmp_path: Path) -> None:
    normal, base, candidate = (str(tmp_path / name) for name in ("normal.pcap", "base", "candidate"))
    capture(Path(normal), seconds=60)
    assert "学习完整度：尚不完整" in run("baseline", "learn", normal, "-o", base)
    assert "操作：已见 2，未再出现新的" in run("baseline", "show", base)
    listed = run("baseline", "review", base, "--kind", "operation")
    assert WRITES in listed and "2023-11-14 22:13:23Z" in listed and "normal.pcap #" in listed and "×6" in listed

    run("baseline", "learn", normal, "-o", candidate)
    refused = CliRunner().invoke(otus, ["baseline", "review", candidate, "--reject", WRITES])
    assert refused.exit_code == 1
    said = run("baseline", "review", candidate, "--reject", WRITES, "--person", "王工", "--reason", "只读")
    assert "第 2 版" in said
    assert "王工: 只读" in run("baseline", "review", candidate, "--state", "rejected")
    assert f"- {WRITES}" in run("baseline", "diff", base, candidate)
    assert "1 removed" in run("baseline", "diff", f"{candidate}@1", f"{candidate}@2")

    # Tried: counted and told, not raised.
    stats = tmp_path / "stats.json"
    told = run("replay", normal, "--baseline", base, "--baseline-shadow", candidate, "--stats", str(stats))
    assert "baseline:new_operation ×1" in told and "试运行基线" in told and "write_single_register" in told
    figures = json.loads(stats.read_text())
    assert (figures["alerts"], figures["shadow"]["alerts"]) == (0, {"baseline:new_operation": 1})
    assert figures["shadow"]["found"][0]["messages"] == 6

    assert "第 2 版已启用" in run("baseline", "enforce", candidate, base, "--person", "李工", "--reason", "试运行一周")
    assert "new_operation" in run("replay", normal, "--baseline", base)
    run("baseline", "rollback", base, "1", "--person", "李工", "--reason", "误报")
    assert "0 alerts" in run("replay", normal, "--baseline", base)
    assert "rollback to version 1: 误报" in run("baseline", "versions", base)


def test_a_rejected_entry_alerts_and_says_who_rejected_it(tmp_path: Path) -> None:
    normal, base = str(tmp_path / "normal.pcap"), str(tmp_path / "base")
    capture(Path(normal), seconds=60)
    run("baseline", "learn", normal, "-o", base)
    for pattern in ("object:*read.holding_register.1:0-9", WRITES):
        run("baseline", "review", base, "--reject", pattern, "--person", "王工", "--reason", "不应出现")
    lines = run("replay", normal, "--baseline", base, "--format", "ndjson").splitlines()
    alerts = [json.loads(line) for line in lines if line.startswith("{") and '"baseline:' in line]
    assert len(alerts) == 2
    for alert in alerts:
        text = json.dumps(alert, ensure_ascii=False)
        assert "已否决" in text and "王工" in text and "不应出现" in text


def test_families_of_a_baseline_are_tried_by_themselves(tmp_path: Path) -> None:
    """What they would tell is counted with the same words, and nothing of them is raised; the rest is."""
    normal, base, stats = (str(tmp_path / name) for name in ("normal.pcap", "base", "stats.json"))
    capture(Path(normal), seconds=60)
    odd = str(capture(tmp_path / "odd.pcap", seconds=60, period_ms=100))  # one minute tells no finer
    run("baseline", "learn", normal, "-o", base)
    run("baseline", "review", base, "--reject", WRITES, "--person", "王工", "--reason", "只读")

    def tried(*families: str) -> tuple[set[str], dict[str, int]]:
        named = [word for name in families for word in ("--baseline-on-trial", name)]
        lines = run("replay", odd, "--baseline", base, "--stats", stats, "--format", "ndjson", *named).splitlines()
        alerts = [json.loads(line) for line in lines if line.startswith("{")]
        shadow = json.loads(Path(stats).read_text()).get("shadow", {"alerts": {}, "families": []})
        assert shadow["families"] == [name for name in FAMILIES if name in families or "all" in families]
        return {alert["cause"] for alert in alerts if not alert["rule"]}, shadow["alerts"]

    assert tried() == ({"baseline:new_operation", "period:faster"}, {})
    assert tried("rhythms") == ({"baseline:new_operation"}, {"period:faster": 1})
    assert tried("operations", "values") == ({"period:faster"}, {"baseline:new_operation": 1})
    assert tried("all") == (set(), {"baseline:new_operation": 1, "period:faster": 1})
    told = run("replay", odd, "--baseline", base, "--baseline-on-trial", "rhythms")
    assert "只统计、不告警的部分" in told and "轮询节律" in told and "period:faster ×1" in told
    refused = CliRunner().invoke(otus, ["replay", odd, "--baseline", base, "--baseline-on-trial", "rythms"])
    assert refused.exit_code == 1 and "rythms: must be all, or of links," in str(refused.exception)


def test_the_core_knows_the_same_families() -> None:
    engine = Engine("{}")
    engine.set_shadow(None, None, list(FAMILIES))
    assert json.loads(engine.shadowed() or "")["families"] == list(FAMILIES)
    with pytest.raises(ValueError, match=f"a baseline has these families: {', '.join(FAMILIES)}"):
        engine.set_shadow(None, None, ["all"])
    assert json.loads(engine.shadowed() or "")["families"] == list(FAMILIES)


def test_families_are_checked_with_the_settings(tmp_path: Path) -> None:
    config = tmp_path / "sensor.yml"
    config.write_text("baseline_on_trial: [rhythms, speed]\n")
    refused = CliRunner().invoke(otus, ["config", "check", str(config)])
    assert refused.exit_code == 1 and "baseline_on_trial: speed: must be all" in str(refused.exception)
    config.write_text("baseline_on_trial: [rhythms, all]\n")
    assert "good" in run("config", "check", str(config))


def test_files_of_the_site_are_checked_with_the_settings(tmp_path: Path) -> None:
    config, orders = tmp_path / "sensor.yml", tmp_path / "orders.yml"
    config.write_text(f"maintenance: {orders}\nsuppliers: {tmp_path / 'nowhere.yml'}\n")
    orders.write_text("maintenance: [{work_order: A}]")
    refused = CliRunner().invoke(otus, ["config", "check", str(config)])
    assert refused.exit_code == 1
    assert "`person` is missing" in str(refused.exception) and "nowhere.yml: cannot be read" in str(refused.exception)


def test_a_sensor_tries_a_baseline_and_says_so_in_its_heartbeat(tmp_path: Path) -> None:
    from otus.detection import load
    from otus.reload import Reloader, RuleBooks
    from otus.shadow import BaselineState, shadowed
    from sensor.health import Health

    normal, base = tmp_path / "normal.pcap", tmp_path / "base"
    capture(normal, seconds=60)
    run("baseline", "learn", str(normal), "-o", str(base))
    run("baseline", "review", str(base), "--reject", WRITES, "--person", "王工", "--reason", "只读")
    detection = load()
    engine = detection.engine()
    settings: dict[str, Any] = {"rules": "", "baseline": "", "segment": "default", "baseline_shadow": str(base)}
    settings |= {"baseline_on_trial": ["orders"]}
    reloader = Reloader(engine, detection, RuleBooks(detection.rules), settings)
    engine.open_files([str(normal)])
    while not engine.poll().done:
        pass
    health = Health("sensor", "default", 10, detection.facts)
    BaselineState(engine, 10).tend(health, reloader.facts)
    counts = {"received": 0, "parsed": 0, "skipped": {}, "lost": {}, "held": 0}
    told = health.record(10**18, counts, [], {}).body["baseline"]
    assert told["shadow_alerts"] == 1 and told["shadow_messages"] >= 252
    trial = shadowed(engine)
    assert trial is not None and trial["candidate"] and trial["families"] == ["orders"]
    engine.set_shadow(None)
    assert engine.shadowed() is None
