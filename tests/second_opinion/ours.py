"""What the engine says about a capture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensor._core import Engine
from tests.second_opinion.message import Event


@dataclass(frozen=True)
class Ours:
    events: list[Event]
    ledger: dict[str, Any]


def read(capture: Path) -> Ours:
    engine = Engine(json.dumps({"events": "ndjson"}))
    engine.open_files([capture])
    events: list[Event] = []
    while True:
        batch = engine.poll()
        events += [json.loads(line) for line in batch.events.splitlines()]
        if batch.done:
            return Ours(events, batch.ledger)
