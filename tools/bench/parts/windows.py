"""What the anomaly model costs: windows judged on one core, by how many come at once, and the time to load it."""

from __future__ import annotations

import json
import sys

from tools.bench.bench import Bench, say
from tools.bench.run import Median, watch
from tools.bench.table import Table

SIZES = (1, 100, 1_000)


def measure(bench: Bench) -> list[Table]:
    capture, baseline = bench.capture("modbus", bench.packets), bench.baseline("modbus", bench.packets)
    out = bench.folder / "judging.json"
    command = [sys.executable, "-m", "tools.bench.judging", str(capture), str(baseline), *map(str, SIZES)]
    said = []
    for number in range(1, bench.runs + 1):
        say(f"windows judged: run {number} of {bench.runs}")
        watch(command, on=1, out=out)
        said.append(json.loads(out.read_text(encoding="utf-8")))
    rows, rate = [], 0.0
    for batches in zip(*(run["batches"] for run in said), strict=True):
        size = batches[0]["windows"]
        cost = Median.of([1e6 * batch["cpu_s"] / size for batch in batches])
        rate = 1e6 / cost.value
        rows.append([f"{size:,}", f"{rate:,.0f}", f"{cost.value:.2f} ({cost.least:.2f} – {cost.most:.2f})"])
    load_ms = 1e3 * Median.of([run["load_cpu_s"] for run in said]).value
    known = f"{said[0]['conversations']:,}"
    unusual = max(batch["findings"] for run in said for batch in run["batches"])
    note = (
        "单核处理器时间：从引擎交出一批窗口到全部研判完毕（逐特征检验、孤立森林与密度模型），同一批反复研判。"
        f"模型含 {known} 个通信关系；异常窗口 {unusual} 个。加载模型 {load_ms:.0f} 毫秒，含 NumPy。",
        "Processor time of one core, from a batch as the engine hands it out to all of it judged, feature by feature "
        f"and by forest and density; one batch is judged again and again. The model knows {known} conversations; "
        f"{unusual} windows are unusual. Loading the model takes {load_ms:.0f} ms, NumPy included.",
    )
    columns = [("每批窗口", "windows in a batch"), ("窗口/秒", "windows/s"), ("微秒/窗口", "µs/window")]
    summary = [("单核研判窗口数（每秒）", "Windows judged on one core, a second", f"{rate:,.0f}")]
    return [Table("windows", ("窗口与异常模型", "Windows and the model"), columns, rows, [note], summary, said)]
