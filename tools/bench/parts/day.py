"""Twenty-four hours of a small plant: memory must not grow with time."""

from __future__ import annotations

from tools.bench.bench import Bench
from tools.bench.parts.headline import facts
from tools.bench.run import replay
from tools.bench.table import Table, mib, millions

DAY_S = 86_400
SHARES = (0.25, 0.5, 0.75, 1.0)


def measure(bench: Bench) -> list[Table]:
    packets = round(DAY_S * bench.plant("day").packets_per_s)
    capture, baseline = bench.capture("day", packets), bench.baseline("day", packets)
    run = replay(capture, bench.usual_rules("modbus"), baseline)
    sizes = [run.after(share).rss_bytes for share in SHARES]
    rows = [
        [f"{run.packets:,}", f"{run.seconds:.1f}", millions(run.packets_per_s), *map(mib, sizes), mib(run.peak_bytes)]
    ]
    bench.drop("day")
    columns = [
        ("报文数", "packets"),
        ("用时（秒）", "seconds"),
        ("百万包/秒", "M packets/s"),
        *((f"内存 {share:.0%} MiB", f"RSS at {share:.0%}, MiB") for share in SHARES),
        ("峰值", "peak"),
    ]
    note = (
        "一次运行；按读取进度的四分点取常驻内存。规则、基线、周期、窗口与模型全部启用。",
        "One run; resident memory at each quarter of the reading time. Rules, baseline, periods, windows and model on.",
    )
    sums = " → ".join(map(mib, sizes))
    summary = [("二十四小时抓包各四分点内存 MiB", "RSS at the quarters of twenty-four hours, MiB", sums)]
    data = {**facts(run), "rss": sizes}
    return [Table("day", ("二十四小时抓包", "A capture of twenty-four hours"), columns, rows, [note], summary, data)]
