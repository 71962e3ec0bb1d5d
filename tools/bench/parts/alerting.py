"""What alarms cost: five of a hundred messages are hits of one rule."""

from __future__ import annotations

from tools.bench.bench import RULES, Bench, Case
from tools.bench.parts.headline import COLUMNS, facts, row
from tools.bench.rules import firing, write
from tools.bench.run import Replay, against
from tools.bench.table import Table

SHARE = 0.05
SILENT = "没有告警 / silent"


def cases_of(bench: Bench, packets: int, *, model: bool = True) -> list[Case]:
    """Silence first."""
    loud = bench.folder / "rules-alerting"
    write(loud / "0", RULES)
    firing(loud / "firing", SHARE)
    capture, baseline = bench.capture("modbus", packets), bench.baseline("modbus", packets, model=model)
    given = ((SILENT, bench.rules(RULES)), ("5 % 告警 / 5 % alerting", loud))
    return [Case(name, capture, rules, baseline) for name, rules in given]


def measure(bench: Bench) -> list[Table]:
    rows, data = [], {}
    all_runs: list[list[Replay]] = []
    cases = cases_of(bench, bench.packets)
    for case, (runs, rate) in zip(cases, bench.compare(cases), strict=True):
        rows.append([*row(case.name, runs, rate), f"{100 * runs[0].hits / runs[0].events:.1f} %"])
        data[case.name] = [facts(run) for run in runs]
        all_runs.append(runs)
    share = f"{100 * against(all_runs[1], all_runs[0]):.0f} %"
    note = (f"有 5 % 告警时为无告警时的 {share}。", f"With 5 % of the messages alerting: {share} of the silent rate.")
    summary = [("5 % 报文告警时的吞吐与无告警时之比", "Rate with 5 % of messages alerting, of the silent rate", share)]
    title = ("百分之五的报文告警", "Five per cent alerting")
    return [Table("alerting", title, [*COLUMNS, ("命中报文", "hits of messages")], rows, [note], summary, data)]
