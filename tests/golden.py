"""`make golden`: facts about each bundled capture, written down. The diff is read like code.

A file holds only facts about its own capture: how many messages of which operation, kind, outcome and flaws; and for
small captures every message with its protocol's own fields.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from sensor._core import Engine
from tests.captures import ROOT, bundled_captures

GOLDEN = ROOT / "tests" / "golden"
SMALL = 40
"""messages up to which each is written out"""
SURROUNDINGS = ("@timestamp", "file.name", "segment", "source.", "destination.", "client.", "server.")


def path_of(capture: Path) -> Path:
    return GOLDEN / capture.parent.name / f"{capture.stem}.txt"


def facts(capture: Path) -> str:
    engine = Engine(json.dumps({"events": "ndjson"}))
    engine.open_files([capture])
    events = []
    while True:
        batch = engine.poll()
        events += [json.loads(line) for line in batch.events.splitlines()]
        if batch.done:
            break
    counts = Counter(
        " ".join(
            (
                event["network.protocol"],
                event["operation.name"],
                event["message.kind"],
                event.get("event.outcome", "-"),
                ",".join(event.get("flaws", [])),
            )
        ).rstrip()
        for event in events
    )
    lines = [f"{count:>6} {name}" for name, count in sorted(counts.items())]
    if len(events) <= SMALL:
        lines += [json.dumps(_own(event), ensure_ascii=False) for event in events]
    return "".join(f"{line}\n" for line in lines)


def _own(event: dict[str, object]) -> dict[str, object]:
    """Without times and addresses: what the parser read."""
    return {
        key: value for key, value in event.items() if key != "event.duration" and not key.startswith(SURROUNDINGS)
    }


def coverage() -> str:
    """Operations seen per protocol over all bundled captures."""
    seen: dict[str, set[str]] = {}
    for capture in bundled_captures():
        for line in facts(capture).splitlines():
            if line.strip() and not line.startswith("{"):
                protocol, operation = line.split()[1:3]
                seen.setdefault(protocol, set()).add(operation)
    return "".join(f"{protocol} {len(names)}: {' '.join(sorted(names))}\n" for protocol, names in sorted(seen.items()))


def main() -> None:
    for capture in bundled_captures():
        path_of(capture).parent.mkdir(parents=True, exist_ok=True)
        path_of(capture).write_text(facts(capture), encoding="utf-8")
    (GOLDEN / "coverage.txt").write_text(coverage(), encoding="utf-8")


if __name__ == "__main__":
    main()
