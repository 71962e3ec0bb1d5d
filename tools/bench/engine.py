"""The engine alone over one capture, in a process of its own: what rooms cost, without what Python makes of findings.

`python -m tools.bench.engine FILE {"config": {…}, "rules": FOLDER, "baseline": FOLDER}` prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def run(capture: str, step: dict[str, Any]) -> dict[str, Any]:
    from detectors.baseline import read_folder
    from detectors.rules import load_rules
    from sensor._core import Engine

    rules = load_rules(Path(step["rules"]) if step.get("rules") else None).to_core_json(("default",))
    table = read_folder(Path(step["baseline"])).table if step.get("baseline") else None
    try:
        engine = Engine(json.dumps(step.get("config", {})), rules, table)
    except ValueError as error:
        return {"refused": str(error)}
    engine.open_files([capture])
    wall, cpu = time.perf_counter(), time.process_time()
    while True:
        batch = engine.poll()
        if batch.done:
            break
    return {
        "packets": batch.ledger["received"],
        "hits": batch.ledger["hits"],
        "seconds": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
    }


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], json.loads(sys.argv[2]))))
