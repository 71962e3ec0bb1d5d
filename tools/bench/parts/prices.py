"""What each room costs, in nanoseconds per packet: rooms are switched on one after another."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tools.bench.bench import Bench, Skipped, say
from tools.bench.run import Median, watch
from tools.bench.table import Table


def measure(bench: Bench) -> list[Table]:
    packets = bench.less
    capture = bench.capture("functions", packets)
    window_ns = 10_000_000_000
    nothing = bench.rules(0)
    rules: Path | None = bench.usual_rules("modbus")
    links = bench.baseline("functions", packets, model=False, polls=False)
    polls = bench.baseline("functions", packets, model=False)
    steps: list[tuple[tuple[str, str], dict[str, Any]]] = [
        (("读取与帧解码（全部过滤）", "reading and decoding (all filtered out)"), {"config": {"filter": "port 1"}}),
        (("连接、流、协议解析取值、配对", "flows, streams, protocol with values, pairing"), {}),
        (("规则", "rules"), {"rules": rules}),
        (("基线", "baseline"), {"rules": rules, "baseline": links}),
        (("轮询周期", "poll periods"), {"rules": rules, "baseline": polls}),
        (("窗口", "windows"), {"rules": rules, "baseline": polls, "config": {"window_ns": window_ns}}),
    ]
    rows, data, before, last = [], [], 0.0, {}
    for name, step in steps:
        cost = _cost(bench, capture, {"rules": nothing, **step}, name[1])
        rows.append([f"+ {name[0]} / {name[1]}", f"{cost.value - before:.1f}", f"{cost.value:.1f}"])
        data.append({"room": name[1], "ns": round(cost.value - before, 2), "sum_ns": round(cost.value, 2)})
        before, last = cost.value, step
    for name, switch in OPTIONAL:
        try:
            cost = _cost(bench, capture, {**last, "config": {**last["config"], **switch}}, name[1])
        except Skipped:
            rows.append([f"{name[0]} / {name[1]}", "–", "–"])
            continue
        rows.append([f"{name[0]} / {name[1]}", f"{cost.value - before:+.1f}", f"{cost.value:.1f}"])
        data.append({"room": name[1], "ns": round(cost.value - before, 2), "sum_ns": round(cost.value, 2)})
    columns = [("模块", "room"), ("纳秒/包", "ns/packet"), ("累计", "sum")]
    note = (
        "Modbus 各功能码流量，单核处理器时间，依次打开各模块；最后几行是在全部打开的基础上单独切换一项。",
        "Modbus with all function codes, processor time of one core, rooms switched on one after another; the last "
        "rows switch one thing with everything else on.",
    )
    return [Table("prices", ("各模块的代价", "The price of each room"), columns, rows, [note], data=data)]


OPTIONAL: list[tuple[tuple[str, str], dict[str, Any]]] = [
    (("不做校验和检查", "without checksums"), {"checksums": False}),
    (("不去重", "without duplicate removal"), {"duplicate_ms": 0}),
    (("无证据缓存", "without the evidence ring"), {"evidence_mib": 0}),
    (("输出全部报文记录", "every message as NDJSON"), {"events": "ndjson"}),
]
"""Settings of the engine by their names; one it does not know is skipped, and says so with a dash."""


def _cost(bench: Bench, capture: Path, step: dict[str, Any], name: str) -> Median:
    say(f"price of {name}: {bench.runs} runs")
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in step.items()}
    out = bench.folder / "price.json"
    found = []
    for _ in range(bench.runs):
        watch([sys.executable, "-m", "tools.bench.engine", str(capture), json.dumps(plain)], on=1, out=out)
        said = json.loads(out.read_text(encoding="utf-8"))
        if "refused" in said:
            raise Skipped(said["refused"])
        found.append(1e9 * said["cpu_s"] / said["packets"])
    return Median.of(found)
