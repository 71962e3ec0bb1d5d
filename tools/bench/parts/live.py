"""Live over a pair of virtual interfaces; `tools/bench/live.py` measures, this prints."""

from __future__ import annotations

import importlib

from tools.bench.bench import Bench, Skipped
from tools.bench.table import Table


def measure(bench: Bench) -> list[Table]:
    try:
        live = importlib.import_module("tools.bench.live")
    except ImportError:
        raise Skipped("tools/bench/live.py is not there") from None
    capture = bench.capture("modbus", bench.less)
    found = live.measure(capture, bench.usual_rules("modbus"), bench.baseline("modbus", bench.less), quick=bench.quick)
    rows = [[name, str(value)] for name, value in found.items()]
    return [Table("live", ("在线抓包", "Live"), [("项目", "what"), ("数值", "value")], rows, data=found)]
