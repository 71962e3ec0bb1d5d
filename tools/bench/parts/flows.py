"""A million conversations at once against a million rows of baseline."""

from __future__ import annotations

from tools.bench.bench import Bench
from tools.bench.parts.headline import COLUMNS, facts, row
from tools.bench.table import Table, millions

MESSAGES = 10
"""Of each flow: five turns."""


def measure(bench: Bench) -> list[Table]:
    count = bench.plant("flows").connections
    packets = MESSAGES * count
    capture = bench.capture("flows", packets)
    baseline = bench.baseline("flows", packets, count, model=False, polls=False)
    runs, rate = bench.measure(f"{count:,} flows", capture, bench.usual_rules("modbus"), baseline)
    name = f"{count:,} 条连接 × {count:,} 行基线 / flows × rows"
    rows = [[*row(name, runs, rate), f"{runs[0].stats['ledger']['notes']['flows_evicted']:,}"]]
    note = (
        "全部连接同时存活，每条十个报文；窗口与模型关闭（窗口表另有上限）。",
        "All flows are alive at the same time, each has ten packets; windows and model are off.",
    )
    summary = [
        (
            f"{count:,} 条并发连接、{count:,} 行基线，百万包/秒",
            f"{count:,} flows, {count:,} rows, M packets/s",
            millions(rate.value),
        )
    ]
    data = [facts(run) for run in runs]
    title = ("百万并发连接", "A million concurrent flows")
    tables = [Table("flows", title, [*COLUMNS, ("淘汰", "evicted")], rows, [note], summary, data)]
    bench.drop("flows")
    return tables
