"""`otus rules import`: an account of every line, rules that load, nothing of a stranger's on the terminal."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from otus import cli
from tests.captures import ROOT


@pytest.fixture
def otus(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    pytest.importorskip("sensor._core", reason="the core is not built: make build")

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["otus", *map(str, arguments)])
        code = cli.main()
        return (code, *capfd.readouterr())

    return call


def told(folder: Path) -> list[str]:
    """Arguments of a replay with what was imported, which waits in the nursery."""
    return ["--rules", str(folder), "--nursery", "--format", "ndjson"]


def test_signatures(otus, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    rules, output = tmp_path / "x.rules", tmp_path / "out"
    rules.write_text(
        'alert modbus any any -> $PLC any (msg:"Coil written"; modbus: access write coils; sid:1;)\n'
        'alert tcp any any -> any any (msg:"\x1b[2Jraw"; content:"a"; sid:2;)\n'
        "alert tcp \x1b[31m\n",
        encoding="utf-8",
    )
    code, out, said = otus("rules", "import", "suricata", rules, "-o", output, "--var", "PLC=10.77.1.0/24")
    assert code == 0, said
    assert "sid 1: imported whole → nursery/modbus/coil_written.yml" in out and "sid 2: not imported: it looks" in out
    assert (
        "3 signatures: 1 imported whole, 0 without a part (0 of these fire on more), 0 as part of others, 2 not" in out
    )
    assert "1 rules, compiled" in out and "\x1b" not in out
    lines = [json.loads(line) for line in (output / "import.ndjson").read_text(encoding="utf-8").splitlines()]
    assert [line["state"] for line in lines] == ["whole", "not", "not"]
    code, out, _ = otus("replay", ROOT / "pcaps/modbus/every_function.pcap", *told(output))
    assert code == 0 and out == "", "the capture's stations are not among those of the variable"
    code, out, said = otus("rules", "import", "suricata", rules, "-o", output, "--quiet", "--var", "PLC=any")
    assert code == 0 and "sid" not in out, "a folder of an earlier import is written anew"
    code, out, _ = otus("replay", ROOT / "pcaps/modbus/every_function.pcap", *told(output))
    assert [json.loads(line)["rule.name"] for line in out.splitlines()] == ["Coil written"]


def test_indicators(otus, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    table, output = tmp_path / "x.csv", tmp_path / "out"
    table.write_text("ip\n10.77.1.66\n10.77.1.66\nnone\n", encoding="utf-8")
    code, out, said = otus("rules", "import", "indicators", table, "-o", output, "--name", "sector", "--level", "high")
    assert code == 0, said
    assert "x.csv:4: not taken: 'none' is none of the addresses" in out and "x.csv:2" not in out
    assert (
        "3 indicators: 2 listed" in out
        and "1 values were there already" in out
        and "list sector_addresses: 1 values" in out
    )
    code, out, _ = otus("replay", ROOT / "pcaps/s7comm/plc_stop.pcap", *told(output))
    found = [json.loads(line) for line in out.splitlines()]
    assert [(line["rule.name"], line["level"]) for line in found] == [("与威胁指标地址通信（S7comm，sector）", "high")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["suricata", "{folder}/none.rules", "-o", "{folder}/out"], "none.rules: cannot be read: No such file"),
        (["suricata", "{folder}/a.rules", "-o", "{folder}"], "holds other things"),
        (["suricata", "{folder}/a.rules", "-o", "{folder}/out", "--var", "X"], "write NAME=VALUE"),
        (["indicators", "{folder}/a.rules", "-o", "{folder}/out", "--name", "A b"], "--name is written like"),
        (["indicators", "{folder}/none.json", "-o", "{folder}/out"], "none.json: cannot be read"),
        (["indicators", "{folder}/binary", "-o", "{folder}/out"], "binary: not UTF-8 at byte 0"),
    ],
)
def test_one_line_for_what_is_wrong(arguments: list[str], words: str, otus, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a.rules").write_text("", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    code, _, said = otus("rules", "import", *(text.format(folder=tmp_path) for text in arguments))
    assert code != 0 and words in said and "Traceback" not in said
    assert not (tmp_path / "out" / "import.ndjson").exists()
