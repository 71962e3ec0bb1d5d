"""Every message out of the core: `otus events` in each of its formats."""

from __future__ import annotations

import subprocess
import sys

from tools.bench.bench import Bench, takes
from tools.bench.run import Median, watch
from tools.bench.table import Table, mib, millions

FORMATS = ("ndjson", "csv", "arrow", "parquet")
PACKETS = 2_000_000


def measure(bench: Bench) -> list[Table]:
    packets = min(bench.packets, PACKETS)
    capture = bench.capture("modbus", packets)
    rows, data = [], {}
    for shape in FORMATS:
        if not takes("events", shape):
            rows.append([shape, "–", "–", "–", "没有该格式 / no such format"])
            continue
        out = bench.folder / f"events.{shape}"
        # Parquet's index is written last: it wants a file of its own, and so do the others here.
        command = [sys.executable, "-m", "otus.cli", "events", str(capture), "--format", shape, "-o", str(out)]
        try:
            seen = [watch(command) for _ in range(bench.runs)]
        except subprocess.CalledProcessError as error:
            rows.append([shape, "–", "–", "–", str(error.stderr).strip().splitlines()[-1][:80]])
            continue
        size = out.stat().st_size
        out.unlink()
        rate = Median.of([packets / run.seconds for run in seen])
        rows.append([shape, f"{packets:,}", millions(rate.value), mib(size), mib(max(run.peak_bytes for run in seen))])
        data[shape] = {"events": packets, "events_per_s": round(rate.value), "bytes": size}
    summary = [
        (f"导出 {shape}，百万条/秒", f"Events to {shape}, M/s", millions(found["events_per_s"]))
        for shape, found in data.items()
    ]
    columns = [
        ("格式", "format"),
        ("报文记录", "events"),
        ("百万条/秒", "M events/s"),
        ("输出 MiB", "output, MiB"),
        ("内存峰值 MiB", "peak RSS, MiB"),
    ]
    note = (
        "Modbus 抓包写入文件，单核，含启动时间；每个报文一条记录。",
        "Modbus capture into a file, one core, start-up inside; one event a packet.",
    )
    return [Table("events", ("导出报文记录", "Export of events"), columns, rows, [note], summary, data)]
