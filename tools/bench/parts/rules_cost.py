"""Does the cost grow with the rules?"""

from __future__ import annotations

from tools.bench.bench import Bench, Case
from tools.bench.parts.headline import COLUMNS, by_processor_time, facts, row
from tools.bench.run import Replay, against
from tools.bench.table import Table

COUNTS = (0, 20, 200, 2_000)


def measure(bench: Bench) -> list[Table]:
    capture, baseline = bench.capture("functions", bench.less), bench.baseline("functions", bench.less)
    rows, data, all_runs = [], {}, dict[int, list[Replay]]()
    cases = [Case(f"{count} rules", capture, bench.rules(count), baseline) for count in COUNTS]
    for count, (runs, rate) in zip(COUNTS, bench.compare(cases), strict=True):
        all_runs[count] = runs
        rows.append([f"{count:,}", *row("", runs, rate)[1:], f"{1e9 / by_processor_time(runs):.1f}"])
        data[str(count)] = [facts(run) for run in runs]
    bench.drop("functions")
    more = f"{100 * (1 / against(all_runs[2_000], all_runs[20]) - 1):.1f} %"
    note = (
        f"流量含功能码 1–6、15、16，规则都针对这些功能码，均不触发。2,000 条比 20 条多花 {more}。",
        "The traffic has function codes 1 to 6, 15 and 16; all rules are on these, none fires. "
        f"2,000 rules cost {more} over 20.",
    )
    summary = [("2,000 条规则比 20 条多花", "2,000 rules cost over 20", more)]
    columns = [("规则数", "rules"), *COLUMNS[1:], ("纳秒/包", "ns/packet")]
    return [Table("rules", ("规则数量与开销", "Cost and number of rules"), columns, rows, [note], summary, data)]
