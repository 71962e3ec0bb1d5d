"""The figure the product is measured by: everything on, nothing fires."""

from __future__ import annotations

from tools.bench.bench import RULES, TUPLES, Bench, Case
from tools.bench.run import Median, Replay
from tools.bench.table import Table, mib, millions, spread

KINDS = {"modbus": "Modbus/TCP", "s7comm": "S7comm", "opcua": "OPC UA", "mix": "Modbus + S7comm + OPC UA"}

COLUMNS = (
    ("流量", "traffic"),
    ("报文数", "packets"),
    ("百万包/秒", "M packets/s"),
    ("按 CPU 时间", "by processor time"),
    ("启动（秒）", "start-up, s"),
    ("内存峰值 MiB", "peak RSS, MiB"),
    ("窗口", "windows judged"),
    ("告警", "alerts"),
)


def measure(bench: Bench) -> list[Table]:
    rows, data = [], {}
    for kind, name in KINDS.items():
        capture = bench.capture(kind, bench.packets)
        baseline = bench.baseline(kind, bench.packets)
        runs, rate = bench.measure(Case(name, capture, bench.usual_rules(kind), baseline))
        bench.rates[kind] = rate
        rows.append(row(name, runs, rate))
        data[kind] = [facts(run) for run in runs]
        if kind != "modbus":
            bench.drop(kind)
    note = (
        f"单核；{RULES} 条规则（均不触发）、{TUPLES:,} 行基线、轮询周期、窗口与异常模型全部启用；"
        "速率从打开抓包文件到写出最后一条告警，含 Python；启动单列。取中位数（最小 – 最大）。",
        f"One core; {RULES} rules of which none fires, a baseline of {TUPLES:,} rows, periods, windows and model on. "
        "From the first capture opened to the last alert written, Python inside; start-up is its own figure. "
        "Median (least – most).",
    )
    summary = [
        (
            f"{name}，单核满配，百万包/秒",
            f"{name}, everything on, one core, M packets/s",
            millions(bench.rates[kind].value),
        )
        for kind, name in KINDS.items()
    ]
    return [Table("headline", ("满配吞吐", "Everything on"), COLUMNS, rows, [note], summary, data)]


def row(name: str, runs: list[Replay], rate: Median) -> list[str]:
    return [
        name,
        f"{runs[0].packets:,}",
        spread(rate),
        millions(by_processor_time(runs)),
        f"{Median.of([run.startup_s for run in runs]).value:.2f}",
        mib(max(run.peak_bytes for run in runs)),
        f"{runs[0].stats['model'].get('windows', {}).get('judged', 0):,}",
        f"{runs[0].alerts:,}",
    ]


def by_processor_time(runs: list[Replay]) -> float:
    """Packets a second of processor time: what is compared, for a neighbour's load is not in it."""
    return Median.of([run.packets_per_cpu_s for run in runs]).value


def facts(run: Replay) -> dict[str, object]:
    """One run as numbers."""
    return {
        "packets": run.packets,
        "packets_per_s": round(run.packets_per_s),
        "packets_per_cpu_s": round(run.packets_per_cpu_s),
        "startup_s": run.startup_s,
        "peak_bytes": run.peak_bytes,
        "events": run.events,
        "hits": run.hits,
        "alerts": run.alerts,
        "rules": run.stats["rules_loaded"],
        "model": run.stats["model"],
        "ledger": {name: run.stats["ledger"][name] for name in ("received", "parsed", "held", "balanced")},
    }
