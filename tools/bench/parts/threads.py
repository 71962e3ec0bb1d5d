"""Two threads on two cores against one on one."""

from __future__ import annotations

from tools.bench.bench import Bench, Case, Skipped, takes
from tools.bench.parts.headline import COLUMNS, facts, row
from tools.bench.run import Replay, against, cores
from tools.bench.table import Table


def measure(bench: Bench) -> list[Table]:
    if not takes("replay", "--threads"):
        raise Skipped("otus replay has no --threads: one thread only")
    capture, baseline = bench.capture("modbus", bench.packets), bench.baseline("modbus", bench.packets)
    rows, data = [], {}
    first: list[Replay] = []
    rules, most = bench.usual_rules("modbus"), max(2, len(cores(1 << 10)))
    counts = [count for count in (1, 2, 4, 8) if count <= most]
    cases = [Case(f"{count} threads", capture, rules, baseline, count, ("--threads", str(count))) for count in counts]
    for count, (runs, rate) in zip(counts, bench.compare(cases), strict=True):
        first = first or runs
        rows.append([str(count), *row("", runs, rate)[1:], f"{against(runs, first, wall=True):.2f}"])
        data[str(count)] = [facts(run) for run in runs]
    two = next(row[-1] for row in rows if row[0] == "2")
    summary = [("双核双线程与单核之比", "Two threads on two cores, × one", two)]
    columns = [("线程数", "threads"), *COLUMNS[1:], ("与单线程之比", "× one thread")]
    return [Table("threads", ("多线程", "Threads"), columns, rows, [], summary, data)]
