"""The fuzz programs, and the inputs they begin with."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "sensor" / "core"
CARGO_FUZZ = ROOT / "build" / "cargo-fuzz" / "bin"
SEEDS = ROOT / "build" / "fuzz" / "seeds"


@dataclass(frozen=True)
class Target:
    """An entrance for bytes, and the program that it is a part of."""

    program: str
    name: str
    longest: int
    """bytes of an input"""


def targets() -> list[Target]:
    """Write the seeds; returns whom they are for.

    Raises:
        subprocess.CalledProcessError: it does not compile.
    """
    command = ["cargo", "run", "--quiet", "--locked", "-p", "hostile", "--example", "seeds", "--"]
    ran = subprocess.run(
        [*command, str(ROOT / "pcaps"), str(SEEDS)], cwd=CORE, check=True, stdout=subprocess.PIPE, text=True
    )
    return [listed(line) for line in ran.stdout.splitlines()]


def listed(line: str) -> Target:
    program, name, longest = line.split()
    return Target(program, name, int(longest))


def programs() -> Path:
    """Build them without a sanitizer, for there is no unsafe code to watch, and with few counters (`rustc`); returns
    their folder.

    Raises:
        subprocess.CalledProcessError: they do not compile.
    """
    paths = os.pathsep.join([str(CARGO_FUZZ), os.environ["PATH"]])
    command = ["cargo", "fuzz", "build", "--fuzz-dir", "fuzz", "-s", "none", "--no-trace-compares"]
    environment = {**os.environ, "PATH": paths, "RUSTC_WRAPPER": str(Path(__file__).with_name("rustc"))}
    subprocess.run(command, cwd=CORE, check=True, env=environment, capture_output=True, text=True)
    return next((CORE / "fuzz" / "target").glob("*/release/protocols")).parent


def wanted(every: list[Target], parts: list[str]) -> list[Target]:
    """Those with one of these parts in their names; none: all."""
    return [target for target in every if not parts or any(part in target.name for part in parts)]
