"""`make golden`: facts about each bundled capture, written down. The diff is read like code.

A file holds only facts about its own capture: how many messages of which operation, kind, outcome and flaws; and for
small captures every message with its protocol's own fields.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from sensor._core import Engine
from tests.captures import ROOT, bundled_captures

GOLDEN = ROOT / "tests" / "golden"
SMALL = 40
"""messages up to which each is written out"""
FINER = {"pi_service": "s7comm.pi_action"}
"""of operations that are many in one: the field that says which; its names stand in the same catalogue"""
SURROUNDINGS = ("@timestamp", "file.name", "segment", "source.", "destination.", "client.", "server.")


def path_of(capture: Path) -> Path:
    return GOLDEN / capture.parent.name / f"{capture.stem}.txt"


@functools.cache
def _events(capture: Path) -> list[dict[str, Any]]:
    engine = Engine(json.dumps({"events": "ndjson"}))
    engine.open_files([capture])
    events: list[dict[str, Any]] = []
    while True:
        batch = engine.poll()
        events += [json.loads(line) for line in batch.events.splitlines()]
        if batch.done:
            return events


def facts(capture: Path) -> str:
    events = _events(capture)
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
    return {key: value for key, value in event.items() if key != "event.duration" and not key.startswith(SURROUNDINGS)}


def every_operation() -> dict[str, list[str]]:
    """What each protocol knows: the catalogue of their names, which tests/console/test_words.py holds to the core."""
    files = sorted((ROOT / "console" / "translations" / "operation").glob("*.yml"))
    return {path.stem: sorted(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in files}


def coverage() -> str:
    """Operations seen per protocol over all bundled captures, of those there are; then those that none shows."""
    seen: dict[str, set[str]] = {}
    for capture in bundled_captures():
        for event in _events(capture):
            name = event["operation.name"]
            seen.setdefault(event["network.protocol"], set()).update((name, event.get(FINER.get(name, ""), name)))
    told = []
    for protocol, names in sorted(every_operation().items()):
        here = seen.get(protocol, set())
        told.append(f"{protocol} {len(here)} of {len(names)}: {' '.join(sorted(here))}")
        if missing := [name for name in names if name not in here]:
            told.append(f"  missing: {' '.join(missing)}")
    return "".join(f"{line}\n" for line in told)


def main() -> None:
    for capture in bundled_captures():
        path_of(capture).parent.mkdir(parents=True, exist_ok=True)
        path_of(capture).write_text(facts(capture), encoding="utf-8")
    (GOLDEN / "coverage.txt").write_text(coverage(), encoding="utf-8")


if __name__ == "__main__":
    main()
