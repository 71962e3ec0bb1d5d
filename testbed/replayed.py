"""The demo without a plant: recorded traffic through the same engine, detectors and spool."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from testbed.commands import RangeError

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 120


def _otus(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "otus.cli", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    if done.returncode != 0:
        raise RangeError(done.stderr.strip() or f"otus {arguments[0]} failed")
    return (done.stdout.strip() or done.stderr.strip()).splitlines()[-1]


def learn_recorded(capture: Path, folder: Path, window_s: int) -> str:
    """Learn from a capture; returns what was learned in one line."""
    return _otus("baseline", "learn", str(capture), "-o", str(folder), "--window", str(window_s))


def replay_recorded(captures: Sequence[Path], config: Path) -> str:
    """Send captures through a sensor with these settings, until its spool is empty; returns the account."""
    return _otus("sensor", "replay", *map(str, captures), "--config", str(config))
