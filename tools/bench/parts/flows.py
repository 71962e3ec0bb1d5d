"""A million conversations at once against a million rows of baseline."""

from __future__ import annotations

from tools.bench import heap
from tools.bench.bench import Bench, Case
from tools.bench.parts.headline import COLUMNS, facts, row
from tools.bench.table import Table, millions

MESSAGES = 10
"""Of each flow: five turns."""
LEAST_ROWS = 200_000
"""A quick run's fewer flows each have a link of their own, of three rows and their stations."""


def measure(bench: Bench) -> list[Table]:
    count = bench.plant("flows").connections
    packets, tuples = MESSAGES * count, max(count, LEAST_ROWS)
    capture = bench.capture("flows", packets)
    baseline = bench.baseline("flows", packets, tuples, model=False, polls=False)
    runs, rate = bench.measure(Case(f"{count:,} flows", capture, bench.usual_rules("modbus"), baseline))
    name = f"{count:,} 条连接 × {tuples:,} 行基线 / flows × rows"
    rows = [[*row(name, runs, rate), f"{runs[0].stats['ledger']['notes']['flows_evicted']:,}"]]
    note = (
        "全部连接同时存活，每条十个报文；窗口与模型关闭（窗口表另有上限）。",
        "All flows are alive at the same time, each has ten packets; windows and model are off.",
    )
    summary = [
        (
            f"{count:,} 条并发连接、{tuples:,} 行基线，百万包/秒",
            f"{count:,} flows, {tuples:,} rows, M packets/s",
            millions(rate.value),
        )
    ]
    data = [facts(run) for run in runs]
    title = ("百万并发连接", "A million concurrent flows")
    tables = [Table("flows", title, [*COLUMNS, ("淘汰", "evicted")], rows, [note], summary, data)]
    tables += heap.measure(bench, capture, bench.usual_rules("modbus"), baseline)
    bench.drop("flows")
    return tables
