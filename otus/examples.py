"""Replays one example of a rule: rules and baseline through the core, nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sensor.own_protocols import taken_up

if TYPE_CHECKING:
    from detectors.rules import RuleSet


@lru_cache(maxsize=8)
def learned_table(capture: Path) -> bytes:
    """The baseline table of one capture: what was normal there."""
    from sensor._core import Engine

    engine = Engine(json.dumps({"learn": True, "own_protocols": list(taken_up())}))
    engine.open_files([capture])
    while not engine.poll().done:
        pass
    return engine.learned()


def replay_example(ruleset: RuleSet, capture: Path, baseline: Path | None) -> Sequence[str]:
    """Rule ids of the alerts that a capture raises, after folding."""
    from sensor._core import Engine

    table = None if baseline is None else learned_table(baseline)
    engine = Engine(json.dumps({"own_protocols": list(taken_up())}), ruleset.to_core_json(), table)
    engine.open_files([capture])
    found = []
    while True:
        batch = engine.poll()
        found += [ruleset[hit.rule].id for hit in batch.hits if hit.kind == "first" and hit.rule is not None]
        if batch.done:
            return found
