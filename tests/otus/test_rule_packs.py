"""`otus rules pack`: a pack's whole way, from a folder to the alerts of a replay, and back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from otus import cli, running
from tests.captures import ROOT
from tests.detectors.packs.making import STOP, Maker

CAPTURE = ROOT / "pcaps" / "s7comm" / "plc_stop.pcap"


class Otus:
    """The command line, called in this process: what it prints, how it ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capture = monkeypatch, capfd

    def __call__(self, *arguments: str | Path) -> tuple[int, str, str]:
        self._patch.setattr(sys, "argv", ["otus", *map(str, arguments)])
        code = cli.main()
        out, said = self._capture.readouterr()
        return code, out, said


@pytest.fixture
def otus(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Otus:
    pytest.importorskip("sensor._core", reason="the core is not built: make build")
    return Otus(monkeypatch, capfd)


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    made = Maker(tmp_path)
    (tmp_path / "sensor.yml").write_text(
        f"rule_packs: {tmp_path / 'packs'}\npack_keys: {made.keys}\nevidence_dir: {tmp_path / 'evidence'}\n",
        encoding="utf-8",
    )
    return made


def built(otus: Otus, maker: Maker, version: str, source: Path) -> Path:
    path = maker.folder / f"{version}.otuspack"
    code, out, said = otus("rules", "pack", "build", source, "--version", version, "--key", maker.key, "-o", path)
    assert code == 0 and f"plant-rules {version}, 1 rules" in out, said
    return path


def stops(otus: Otus, *more: str | Path) -> list[str]:
    code, out, said = otus("replay", CAPTURE, "--format", "ndjson", *more)
    assert code == 0, said
    return [json.loads(line)["rule.name"] for line in out.splitlines()]


def test_from_a_folder_to_an_alert_and_back(otus: Otus, maker: Maker) -> None:
    config = ["--config", maker.folder / "sensor.yml"]
    packs = ["--rule-packs", maker.folder / "packs", "--pack-keys", maker.keys]
    evidence = maker.folder / "evidence"
    assert stops(otus, "--evidence", evidence) == ["S7 控制器停机命令"]
    first = built(otus, maker, "1.0", maker.source("low"))
    code, out, _ = otus("rules", "pack", "verify", first, *config)
    assert code == 0 and "signed by maker (ed25519" in out and "级别为 low" in out

    code, out, said = otus("rules", "pack", "install", first, *config)
    assert code == 1 and "on 1 of 1 kept slices of evidence it would have alerted 1 times, 1 of them new" in out
    assert said == "otus: not installed: it brings new alerts, so it wants --yes; nothing was changed\n"
    assert "0 packs" in otus("rules", "pack", "list", *config)[1]
    assert stops(otus, *packs) == ["S7 控制器停机命令"]

    code, out, said = otus("rules", "pack", "install", first, *config, "--yes")
    assert code == 0 and "plant-rules 1.0 is installed" in out, said
    assert sorted(stops(otus, *packs)) == ["S7 Stop of a Controller", "S7 控制器停机命令"]

    code, out, said = otus("rules", "pack", "install", built(otus, maker, "1.1", maker.source("high")), *config)
    assert code == 0 and "alerted 1 times, 0 of them new" in out and "before it 1.0" in out, said
    listed = otus("rules", "pack", "list", *config)[1]
    assert "plant-rules  1.1  signed by maker" in listed and "back: 1.0" in listed
    shown = otus("rules", "list", *packs)[1]
    assert "high     -         s7comm   S7 Stop of a Controller" in shown

    code, out, _ = otus("rules", "pack", "rollback", "plant-rules", *config)
    assert code == 0 and "plant-rules is at 1.0 again, no more at 1.1" in out
    assert "low      -         s7comm   S7 Stop of a Controller" in otus("rules", "list", *packs)[1]
    code, out, _ = otus("rules", "pack", "rollback", "plant-rules", *config)
    assert code == 0 and "is off; none before it" in out
    assert stops(otus, *packs) == ["S7 控制器停机命令"]


def test_explain_and_evaluate_know_installed_packs(otus: Otus, maker: Maker) -> None:
    packs = ["--rule-packs", maker.folder / "packs", "--pack-keys", maker.keys]
    pack = built(otus, maker, "1.0", maker.source())
    assert otus("rules", "pack", "install", pack, "--config", maker.folder / "sensor.yml", "--yes")[0] == 0
    why = ["explain", CAPTURE, "--packet", "1", "--rule", "S7 Stop of a Controller", "--format", "json"]
    code, out, said = otus(*why, *packs)
    assert code == 0 and json.loads(out), said
    assert "no rule has that id" in otus(*why)[2]

    labels = maker.folder / "labels.yml"
    labels.write_text(
        "labels: 1\ncaptures:\n- {file: plc_stop.pcap, events: [{name: stop, whole: true}]}\n", encoding="utf-8"
    )
    score = ["evaluate", labels, "--captures", CAPTURE.parent, "--rules", ROOT / "rules" / "modbus", "--lang", "en"]
    assert otus(*score, "--least-recall", "1")[0] == 1, "rules of another protocol find nothing"
    assert otus(*score, "--least-recall", "1", *packs)[0] == 0


def test_what_does_not_work_is_neither_built_nor_installed(otus: Otus, maker: Maker) -> None:
    config = ["--config", maker.folder / "sensor.yml"]
    folder = maker.source(alerts=2)
    build = [
        "rules",
        "pack",
        "build",
        folder,
        "--version",
        "1.0",
        "--key",
        maker.key,
        "-o",
        maker.folder / "x.otuspack",
    ]
    code, _, said = otus(*build)
    assert code == 1 and "plc_stop.pcap: 2 alerts said, 1 found" in said
    (maker.source() / STOP).write_text("title: [", encoding="utf-8")
    code, _, said = otus(*build)
    assert code == 1 and f"plant-rules@1.0/{STOP}:2: not YAML" in said and "Traceback" not in said
    assert not (maker.folder / "x.otuspack").exists()
    unchecked = maker.pack("1.0", alerts=3)  # its maker did not run the examples
    code, _out, said = otus("rules", "pack", "install", unchecked, *config, "--yes")
    assert code == 1 and "plc_stop.pcap: 3 alerts said, 1 found" in said
    assert "0 packs" in otus("rules", "pack", "list", *config)[1]


def test_a_pack_with_its_own_capture(otus: Otus, maker: Maker) -> None:
    """Its example is looked for in the pack first; lint, list and test read folders of packs."""
    folder = maker.source()
    (folder / "pcaps" / "own").mkdir(parents=True)
    (folder / "pcaps" / "own" / "stop.pcap").write_bytes(CAPTURE.read_bytes())
    rule = folder / STOP
    rule.write_text(rule.read_text() + "  - {pcap: own/stop.pcap, alerts: 1}\n", encoding="utf-8")
    packs = ["--rule-packs", maker.folder / "packs", "--pack-keys", maker.keys]
    code, out, said = otus("rules", "pack", "install", built(otus, maker, "1.0", folder), *packs)
    assert code == 0 and "tried on its examples only" in out, said
    code, out, _ = otus("rules", "test", "--rules", folder)
    assert code == 0 and "own/stop.pcap: as said" in out and "2 passed, 0 failed" in out
    code, out, _ = otus("rules", "lint", maker.folder / "packs")
    assert code == 1 and f"packs/plant-rules/1.0/{STOP}:1: error: add status" in out
    (maker.folder / "packs" / "plant-rules" / "1.0" / STOP).write_text("title: x")
    code, _, said = otus("rules", "list", *packs)
    assert code == 1 and said.count("\n") == 1 and "its manifest says" in said and "rollback plant-rules" in said
    assert "damaged" in otus("rules", "pack", "list", *packs)[1]


@pytest.mark.parametrize("refuses", [True, False], ids=["refused", "no answer"])
def test_a_sensor_that_does_not_take_it(
    refuses: bool, otus: Otus, maker: Maker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What it refuses does not count on; where it does not answer it counts from the next start on, and that is
    said."""
    error = ValueError("not reloaded: it has windows of another length") if refuses else RuntimeError("no answer")

    def asked(folder: Path) -> str:
        raise error

    monkeypatch.setattr(running, "running", lambda folder: 1)
    monkeypatch.setattr(running, "ask_to_reload", asked)
    path = built(otus, maker, "1.0", maker.source())
    config = ["--config", maker.folder / "sensor.yml"]
    code, _, said = otus("rules", "pack", "install", path, *config, "--state-dir", tmp_path)
    assert code == 1 and said.count("\n") == 1
    listed = otus("rules", "pack", "list", *config)[1]
    if refuses:
        assert "windows of another length; plant-rules is at nothing as before" in said and "plant-rules  off" in listed
    else:
        assert "no answer; plant-rules 1.0 is in place and counts from the next reload on" in said
        assert "plant-rules  1.0" in listed


def test_what_is_missing_is_said_in_one_line(otus: Otus, maker: Maker, tmp_path: Path) -> None:
    path = maker.pack("1.0")
    assert "--pack-keys" in otus("rules", "pack", "verify", path)[2]
    assert "--rule-packs" in otus("rules", "pack", "list", "--pack-keys", maker.keys)[2]
    code, _, said = otus("replay", CAPTURE, "--rule-packs", tmp_path / "packs")
    assert code == 1 and "name the folder of trusted keys as well" in said
    code, _, said = otus("rules", "pack", "install", CAPTURE, "--config", maker.folder / "sensor.yml")
    assert code == 1 and said.count("\n") == 1 and "no rule pack, or a damaged one" in said
