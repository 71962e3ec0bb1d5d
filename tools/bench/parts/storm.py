"""A storm costs no more than silence: every packet a hit, of a rule or of a baseline that knows nothing."""

from __future__ import annotations

from tools.bench.bench import Bench, Case, write_rule
from tools.bench.knowledge import write_empty
from tools.bench.parts.headline import COLUMNS, facts, row
from tools.bench.run import Replay, against
from tools.bench.table import Table, mib

SILENT = "安静 / silent"
COUNTED = "correlation: {type: count, at_least: 256, timespan: 10s, group_by: [server]}\n"
"""By server alone: what two stations say to it lies in several shards, so it is counted behind them."""


def cases_of(bench: Bench, packets: int) -> list[Case]:
    """Silence first, then each kind of storm."""
    capture = bench.capture("flood", packets)
    knows = bench.baseline("flood", packets, model=False)
    knows_nothing = bench.folder / "empty.baseline"
    write_empty(knows_nothing)
    silent = write_rule(bench.folder / "rules-silent", "silent", "modbus.function_code: 90")
    loud = write_rule(bench.folder / "rules-storm", "storm", "modbus.function_code: 6")
    counting = write_rule(bench.folder / "rules-counting", "counting", "modbus.function_code: 6", more=COUNTED)
    given = (
        (SILENT, silent, knows),
        ("规则全中 / a rule hits every packet", loud, knows),
        ("规则跨会话计数 / a rule counts every packet across conversations", counting, knows),
        ("基线一无所知 / a baseline that knows nothing", silent, knows_nothing),
    )
    return [Case(name, capture, rules, baseline) for name, rules, baseline in given]


def measure(bench: Bench) -> list[Table]:
    rows, data, shares = [], {}, list[float]()
    first: list[Replay] = []
    cases = cases_of(bench, bench.less)
    for case, (runs, rate) in zip(cases, bench.compare(cases), strict=True):
        first = first or runs
        shares.append(against(runs, first))
        middle, end = (mib(runs[-1].after(share).rss_bytes) for share in (0.5, 1.0))
        rows.append([*row(case.name, runs, rate), f"{runs[0].hits:,}", f"{middle} → {end}", f"{shares[-1]:.0%}"])
        data[case.name] = [facts(run) for run in runs]
    bench.drop("flood")
    columns = [
        *COLUMNS,
        ("命中", "hits"),
        ("内存：一半 → 结束 MiB", "RSS at half → end, MiB"),
        ("与安静时之比", "of the silent rate"),
    ]
    least = f"{min(shares[1:]):.0%}"
    summary = [("每个报文都命中时的吞吐与安静时之比", "Rate when every packet is a hit, of the silent rate", least)]
    note = (
        "流量全部为单寄存器写入；相同的命中在引擎内归并，计数不丢。",
        "Nothing but writes of one register; equal hits fold in the core and no count is lost.",
    )
    return [Table("storm", ("告警风暴", "Storm"), columns, rows, [note], summary, data)]
