"""Rust examples that measure the core without Python inside."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

CORE = Path(__file__).resolve().parents[2] / "sensor" / "core"


class NoCargo(Exception):
    """There is nothing to build with; the message says what is missing."""


def example(crate: str, name: str) -> Path:
    """Build it as what is delivered is built; returns the program.

    Raises:
        NoCargo: no Rust here.
        subprocess.CalledProcessError: it does not compile.
    """
    if shutil.which("cargo") is None:
        raise NoCargo("cargo is not installed")
    command = ["cargo", "build", "--release", "--locked", "--quiet", "-p", crate, "--example", name]
    subprocess.run(command, cwd=CORE, check=True, capture_output=True, text=True, timeout=1800)
    return CORE / "target" / "release" / "examples" / name
