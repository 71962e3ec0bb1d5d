"""Others on the same file, in the same run: what they do is written beside what they take."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench.bench import Bench, Case, say
from tools.bench.machine import said, version
from tools.bench.run import Median, watch
from tools.bench.suricata import suricata
from tools.bench.table import Table, millions

PREFIX_S, QUICK_PREFIX_S = 15.0, 2.0
"""How long a slow peer may take: its prefix is made to fit."""
SCAPY = """
import sys
from scapy.contrib import modbus
from scapy.utils import PcapReader
with PcapReader(sys.argv[1]) as packets:
    functions = 0
    for number, packet in zip(range(int(sys.argv[2])), packets):
        functions += getattr(packet.lastlayer(), "funcCode", 0)
"""
PYSHARK = """
import sys
import pyshark
packets = pyshark.FileCapture(sys.argv[1], keep_packets=False)
for number, packet in zip(range(int(sys.argv[2])), packets):
    if "MODBUS" in packet:
        packet.modbus.func_code
packets.close()
"""
DONE = {
    "tshark": ("完整解析并输出事务号与功能码", "full dissection; prints transaction and function code"),
    "scapy": ("Python 解析", "parsed in Python"),
    "pyshark": ("Python 包装的 tshark", "tshark wrapped in Python"),
    "ndpiReader": ("识别协议，只看每条连接的前几个包", "classifies the first packets of each flow"),
}


@dataclass(frozen=True)
class Peer:
    name: str
    version: str
    command: Callable[[Path, int], Sequence[str]]
    probe: int
    """packets for a first guess; 0: it takes the whole file"""


def peers() -> list[Peer]:
    """Those that are installed here."""
    found = []
    if shutil.which("tshark"):
        fields = ["-T", "fields", "-e", "mbtcp.trans_id", "-e", "modbus.func_code"]
        number = re.search(r"\d+\.\d+[.\d]*", said("tshark", "--version"))
        found.append(
            Peer(
                "tshark",
                number[0] if number else "",
                lambda f, n: ["tshark", "-n", "-r", str(f), "-c", str(n), *fields],
                20_000,
            )
        )
    if version("scapy"):
        found.append(Peer("scapy", version("scapy"), lambda f, n: [sys.executable, "-c", SCAPY, str(f), str(n)], 3_000))
    if shutil.which("tshark") and (python := _python_with("pyshark")):
        run = [python[0], "-c", PYSHARK]
        found.append(Peer("pyshark", python[1], lambda f, n: [*run, str(f), str(n)], 300))
    if shutil.which("ndpiReader"):
        found.append(Peer("ndpiReader", _ndpi(), lambda f, n: ["ndpiReader", "-q", "-i", str(f)], 0))
    return found


def measure(bench: Bench) -> list[Table]:
    capture = bench.capture("modbus", bench.packets)
    own = bench.rates.get("modbus")
    if own is None:
        rules, baseline = bench.usual_rules("modbus"), bench.baseline("modbus", bench.packets)
        _, own = bench.measure(Case("Otus", capture, rules, baseline))
    rows = [
        ["**Otus**", "", "规则、基线、模型全开 / rules, baseline and model on", "全部 / all", millions(own.value), "1"]
    ]
    data: dict[str, Any] = {"otus": round(own.value)}
    for peer in peers():
        try:
            packets, rate = _rate(bench, peer, capture)
        except (subprocess.SubprocessError, OSError) as error:
            say(f"{peer.name}: {str(error)[:200]}")
            continue
        what = " / ".join(DONE[peer.name])
        rows.append([peer.name, peer.version, what, f"{packets:,}", millions(rate), f"{own.value / rate:,.1f}"])
        data[peer.name] = {"version": peer.version, "packets": packets, "packets_per_s": round(rate)}
    rows += suricata(bench, capture, own, data)
    missing = sorted({*DONE, "suricata"} - data.keys())
    summary = [
        (f"为 {row[0]} {row[1]} 的倍数（{row[2].partition(' / ')[0]}）", f"times {row[0]} {row[1]}", row[-1])
        for row in rows[1:]
    ]
    columns = [
        ("", "tool"),
        ("版本", "version"),
        ("做了什么", "what it does"),
        ("报文数", "packets"),
        ("百万包/秒", "M packets/s"),
        ("Otus 为其倍数", "Otus is × as fast"),
    ]
    note = (
        f"同一文件、同一次运行、同一个核。未安装：{'、'.join(missing) or '无'}。",
        f"The same file, the same run, the same core. Not installed: {', '.join(missing) or 'none'}.",
    )
    return [Table("peers", ("与同类工具比较", "Peers"), columns, rows, [note], summary, data)]


def _rate(bench: Bench, peer: Peer, capture: Path) -> tuple[int, float]:
    """Packets it was given, and how many a second it took, process start included."""
    runs = min(bench.runs, 3)
    packets = bench.packets
    if peer.probe:
        first = watch(peer.command(capture, peer.probe), most_s=120).seconds
        most_s = QUICK_PREFIX_S if bench.quick else PREFIX_S
        packets = min(packets, max(peer.probe, int(peer.probe / first * most_s)))
    say(f"{peer.name}: {packets:,} packets, {runs} runs")
    taken = Median.of([watch(peer.command(capture, packets), most_s=180).seconds for _ in range(runs)])
    return packets, packets / taken.value


def _python_with(package: str) -> tuple[str, str] | None:
    """An interpreter that has it, ours or the system's, and which version."""
    asks = f"from importlib.metadata import version; print(version({package!r}))"
    for python in (sys.executable, shutil.which("python3")):
        done = (
            subprocess.run([python or "", "-c", asks], capture_output=True, text=True, check=False) if python else None
        )
        if done and done.returncode == 0:
            return str(python), done.stdout.strip()
    return None


def _ndpi() -> str:
    done = subprocess.run(["ndpiReader", "-h"], capture_output=True, text=True, check=False, timeout=30)
    found = re.search(r"nDPI v?(\d+\.\d+[.\d]*)", done.stdout + done.stderr)
    return found[1] if found else ""
