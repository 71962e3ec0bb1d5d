"""Every message out of the core: `otus events` in each of its formats."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.bench.bench import Bench, takes
from tools.bench.run import Median, Watched, watch
from tools.bench.table import Table, mib, millions

FORMATS = ("ndjson", "csv", "arrow", "parquet")
PACKETS = 2_000_000


def written(command: list[str], out: Path, cores: int) -> Watched:
    """One run. To take the place of a file that is there costs ext4 as much as a second for its gigabyte."""
    out.unlink(missing_ok=True)
    return watch(command, on=cores)


def measure(bench: Bench) -> list[Table]:
    packets = min(bench.packets, PACKETS)
    capture = bench.capture("modbus", packets)
    rows, data = [], {}
    for shape in FORMATS:
        if not takes("events", shape):
            rows.append([shape, "–", "–", "–", "–", "没有该格式 / no such format"])
            continue
        out = bench.folder / f"events.{shape}"
        # Parquet's index is written last: it wants a file of its own, and so do the others here.
        command = [sys.executable, "-m", "otus.cli", "events", str(capture), "--format", shape, "-o", str(out)]
        try:
            seen = [written(command, out, 1) for _ in range(bench.runs)]
            both = [written(command, out, 2) for _ in range(bench.runs)]
        except subprocess.CalledProcessError as error:
            rows.append([shape, "–", "–", "–", "–", str(error.stderr).strip().splitlines()[-1][:80]])
            continue
        size = out.stat().st_size
        out.unlink()
        one, two = (Median.of([packets / run.seconds for run in runs]).value for runs in (seen, both))
        peak = mib(max(run.peak_bytes for run in (*seen, *both)))
        rows.append([shape, f"{packets:,}", millions(one), millions(two), mib(size), peak])
        rates = {"events_per_s": round(one), "events_per_s_two_cores": round(two)}
        data[shape] = {"events": packets, **rates, "bytes": size}
    summary = [
        (
            f"导出 {shape}，单核 / 双核，百万条/秒",
            f"Events to {shape}, one core / two, M/s",
            f"{millions(found['events_per_s'])} / {millions(found['events_per_s_two_cores'])}",
        )
        for shape, found in data.items()
    ]
    columns = [
        ("格式", "format"),
        ("报文记录", "events"),
        ("单核，百万条/秒", "one core, M events/s"),
        ("双核，百万条/秒", "two cores, M events/s"),
        ("输出 MiB", "output, MiB"),
        ("内存峰值 MiB", "peak RSS, MiB"),
    ]
    note = (
        "Modbus 抓包写入新文件，含启动时间；每个报文一条记录。双核时读取与写文件各占一个线程。",
        "Modbus capture into a new file, start-up inside; one event a packet. With two cores it is written beside the "
        "reading.",
    )
    return [Table("events", ("导出报文记录", "Export of events"), columns, rows, [note], summary, data)]
