"""The anomaly model alone, in a process of its own: how fast it is there, and what a batch of windows costs it.

`python -m tools.bench.judging CAPTURE BASELINE SIZE…` prints one line of JSON. Batches are the engine's own: of the
first so many conversations of the capture, the first window that closed.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detectors.anomaly import Judge
    from sensor._core import Windows

LEAST_S = 0.5
"""A batch is judged again and again for so long."""


def run(capture: str, baseline: str, sizes: list[int]) -> dict[str, Any]:
    from detectors.baseline import read_folder
    from sensor._core import Forest

    folder = read_folder(Path(baseline))
    began, used = time.perf_counter(), time.process_time()
    from detectors.anomaly import load_judge  # with what it imports: that is most of it

    judge = load_judge(folder, Forest)
    loaded = {"load_s": time.perf_counter() - began, "load_cpu_s": time.process_time() - used}
    window_ns = (folder.window_s or 0) * 1_000_000_000
    every = _first(capture, window_ns)
    pairs = sorted(set(zip(every.clients(), every.servers(), strict=True)))
    batches = []
    for size in sizes:
        wanted = " or ".join(f"host {client} and host {server}" for client, server in pairs[:size])
        batches.append(_batch(judge, every if size >= len(pairs) else _first(capture, window_ns, wanted)))
    return {**loaded, "conversations": len(pairs), "batches": batches}


def _first(capture: str, window_ns: int, expression: str | None = None) -> Windows:
    from sensor._core import Engine

    engine = Engine(json.dumps({"window_ns": window_ns, "filter": expression}))
    engine.open_files([capture])
    while True:
        batch = engine.poll(1_000)  # less than a window, or two would come together
        if len(batch.windows):
            return batch.windows
        if batch.done:
            raise SystemExit("no window was closed")


def _batch(judge: Judge, windows: Windows) -> dict[str, Any]:
    before = judge.state()["windows"]["judged"]
    findings = len(judge.judge(windows))
    judged = judge.state()["windows"]["judged"] - before
    began, used, times = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < LEAST_S:
        judge.judge(windows)
        times += 1
    cpu_s = time.process_time() - used
    return {"windows": len(windows), "judged": judged, "findings": findings, "cpu_s": cpu_s / times}


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2], [int(size) for size in sys.argv[3:]])))
