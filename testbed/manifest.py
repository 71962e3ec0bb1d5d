"""The manifest of the captures: how each was made, and what must be found in it, by time and frame number."""

from __future__ import annotations

import fcntl
import hashlib
import ipaddress
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from testbed.pcapfile import Frame

HEAD = """\
# Captures of the range, with what must be found in each. Written by `python -m testbed.record --into pcaps`
# (live plant) and `python -m pcaps.make` (what no stack can be brought to say); tests/testbed/test_manifest.py
# compares. Frames count from 1. `clean: true`: every dissector reads it without a malformed packet.
"""


@dataclass(frozen=True)
class Done:
    """An action in a capture: its truth, and the first and last frame between its source and target."""

    action: str
    time_ns: int
    source: str
    target: str
    first_frame: int
    last_frame: int


def locate(frames: Sequence[Frame], truth: Path) -> list[Done]:
    """Find the frames of each action: between source and target, from its time to the next action's."""
    lines = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    found = []
    for index, line in enumerate(lines):
        until_ns = lines[index + 1]["time_ns"] if index + 1 < len(lines) else 1 << 63
        pair = {ipaddress.IPv4Address(line["source"]).packed, ipaddress.IPv4Address(line["target"]).packed}
        numbers = [
            number
            for number, frame in enumerate(frames, 1)
            if line["time_ns"] <= frame.ts_ns < until_ns
            and frame.data[12:14] == b"\x08\x00"
            and {frame.data[26:30], frame.data[30:34]} == pair
        ]
        found.append(
            Done(line["action"], line["time_ns"], line["source"], line["target"], min(numbers), max(numbers))
        )
    return found


def load(path: Path) -> list[dict[str, Any]]:
    """The entries of a manifest; none when there is no file yet."""
    if not path.exists():
        return []
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return list(entries["captures"])


def enter(
    path: Path,
    capture: Path,
    protocols: Sequence[str],
    text: str,
    done: Sequence[Done] = (),
    *,
    made: str,
    clean: bool = True,
) -> None:
    """Write or replace the entry of one capture."""
    entry: dict[str, Any] = {
        "path": capture.relative_to(path.parent).as_posix(),
        "sha256": hashlib.sha256(capture.read_bytes()).hexdigest(),
        "protocols": list(protocols),
        "made": made,
        "origin": "Otus range",
        "licence": "Apache-2.0",
        "clean": clean,
        "text": text or "ordinary polling, and the actions below",
        "actions": [asdict(one) for one in done],
    }
    replace(path, entry)


def replace(path: Path, entry: dict[str, Any]) -> None:
    """Put one entry in its place, others untouched; several recordings may do so at once."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        entries = [old for old in load(path) if old["path"] != entry["path"]] + [entry]
        entries.sort(key=lambda one: str(one["path"]))
        body = yaml.safe_dump({"captures": entries}, sort_keys=False, allow_unicode=True, width=118)
        draft = path.with_suffix(".tmp")
        draft.write_text(HEAD + body, encoding="utf-8")
        draft.replace(path)
    finally:
        os.close(folder)
