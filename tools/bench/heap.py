"""What the core keeps on the heap, by a counting allocator: `sensor/core/tap/examples/heap.rs`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tools.bench.bench import Bench, say
from tools.bench.cargo import NoCargo, example
from tools.bench.table import Table, mib

PARTS = {
    "rules": ("规则", "rules"),
    "baseline": ("基线", "baseline"),
    "engine": ("引擎（空）", "engine, empty"),
    "flows": ("连接与处理中的状态", "flows and what goes with them"),
    "live": ("合计", "all"),
    "peak": ("瞬时最高", "highest at any moment"),
}


def measure(bench: Bench, capture: Path, rules: Path, baseline: Path) -> list[Table]:
    """Bytes of each part, where the example can be built; else nothing but a line that says so."""
    from detectors.baseline.folder import TABLE
    from detectors.rules import load_rules

    compiled = bench.folder / "rules.json"
    compiled.write_text(load_rules(rules).to_core_json(("default",)), encoding="utf-8")
    try:
        program = example("tap", "heap")
    except NoCargo as reason:
        say(f"heap: {reason}")
        return []
    command = [str(program), str(capture), str(compiled), str(baseline / TABLE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    found = json.loads(done.stdout)
    flows = found["most_flows"]
    rows = [[" / ".join(name), mib(found[part]), f"{found[part] / flows:,.0f}"] for part, name in PARTS.items()]
    columns = [("", "part"), ("MiB", "MiB"), ("每连接字节", "bytes a flow")]
    summary = [("同时的核心堆内存 MiB", "Heap of the core then, MiB", mib(found["live"]))]
    summary = [("同时的核心堆内存 MiB", "Heap of the core then, MiB", mib(found["live"]))]
    note = (
        f"{flows:,} 条并发连接；计数分配器所见的核心堆内存，不含证据缓存。",
        f"{flows:,} concurrent flows; heap of the core as a counting allocator sees it, without the evidence ring.",
    )
    return [Table("heap", ("核心堆内存", "Heap of the core"), columns, rows, [note], summary, found)]
