"""Live over a pair of virtual interfaces; `tools/bench/live.py` measures, this prints."""

from __future__ import annotations

import importlib

from tools.bench.bench import Bench, Skipped
from tools.bench.table import Table

ROUND = 2_000_000
"""Packets at most of the capture that is sent over and over."""


def measure(bench: Bench) -> list[Table]:
    try:
        live = importlib.import_module("tools.bench.live")
    except ImportError:
        raise Skipped("tools/bench/live.py is not there") from None
    capture = bench.capture("modbus", min(bench.packets, ROUND))
    rules, baseline = bench.usual_rules("modbus"), bench.baseline("modbus", bench.packets)
    try:
        found = live.measure(capture, rules, baseline, quick=bench.quick)
    except RuntimeError as reason:
        raise Skipped(str(reason)) from None
    rows = [[name, str(value)] for name, value in found.items()]
    highest = str(found.get("highest_without_a_drop_per_s"))
    summary = [("在线抓包不丢包的最高速率，包/秒", "Live: highest rate without a drop, packets/s", highest)]
    columns = [("项目", "what"), ("数值", "value")]
    return [Table("live", ("在线抓包", "Live"), columns, rows, [], summary, found)]
