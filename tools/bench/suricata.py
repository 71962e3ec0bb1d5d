"""Suricata on the same file, where it is installed: its Modbus parser, one worker, rules of Modbus keywords."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from tools.bench.bench import Bench, say
from tools.bench.machine import said
from tools.bench.run import Median, watch
from tools.bench.table import millions

COUNTS = (0, 20, 200)
CONFIG = """\
%YAML 1.1
---
vars:
  address-groups: {HOME_NET: "any", EXTERNAL_NET: "any"}
  port-groups: {MODBUS_PORTS: "502"}
outputs: []
app-layer:
  protocols:
    modbus: {enabled: yes, detection-ports: {dp: 502}, stream-depth: 0}
stream: {memcap: 1gb, midstream: true, reassembly: {memcap: 1gb, depth: 0}}
flow: {memcap: 1gb}
"""


def suricata(bench: Bench, capture: Path, own: Median, data: dict[str, Any]) -> list[list[str]]:
    """A row of the table for each number of rules; none where it is not installed."""
    if not shutil.which("suricata"):
        return []
    version = said("suricata", "-V").rpartition("version ")[2]
    data["suricata"] = {"version": version}
    folder = bench.folder / "suricata"
    folder.mkdir(exist_ok=True)
    (folder / "suricata.yaml").write_text(CONFIG, encoding="ascii")
    found = []
    for count in COUNTS:
        rules = folder / f"{count}.rules"
        rules.write_text("".join(rule(number) for number in range(count)), encoding="ascii")
        command = [
            "suricata",
            "-c",
            str(folder / "suricata.yaml"),
            "-r",
            str(capture),
            "-l",
            str(folder),
            "-S",
            str(rules),
        ]
        try:
            say(f"suricata with {count} rules")
            seconds = watch([*command, "--runmode", "single", "-k", "none"], most_s=300).seconds
        except subprocess.SubprocessError as error:
            say(f"suricata with {count} rules: {str(error)[:200]}")
            continue
        rate = bench.packets / seconds
        data["suricata"][str(count)] = round(rate)
        what = f"Modbus 解析，{count} 条规则 / Modbus parser, {count} rules"
        found.append(["suricata", version, what, f"{bench.packets:,}", millions(rate), f"{own.value / rate:,.1f}"])
    return found


def rule(number: int) -> str:
    """A rule of its Modbus keywords that the traffic does not meet: registers beyond 10,000."""
    first = 10_000 + number * 20
    kind = ("read holding", "write holding", "read input", "write coils")[number % 4]
    match = f"modbus: access {kind}, address {first}<>{first + 15};"
    return f'alert modbus any any -> any any (msg:"benchmark {number}"; {match} sid:{9_000_000 + number}; rev:1;)\n'
