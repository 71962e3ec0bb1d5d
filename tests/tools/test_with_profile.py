"""`tools/with-profile`: a build has the profile of its own compiler, or none and says so."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.captures import ROOT

COMPILER = ROOT / "sensor" / "core" / "profile" / "compiler"


def flags(version: str, folder: Path, **environment: str) -> tuple[str, str]:
    """RUSTFLAGS as the command gets them, and what was said, under a compiler that calls itself so."""
    rustc = folder / "rustc"
    rustc.write_text(f"#!/bin/sh\necho '{version}'\n", encoding="utf-8")
    rustc.chmod(0o755)
    done = subprocess.run(
        [ROOT / "tools/with-profile", "sh", "-c", 'printf %s "${RUSTFLAGS-}"'],
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout, done.stderr


@pytest.fixture(autouse=True)
def no_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUSTFLAGS", raising=False)


def test_the_compiler_it_was_taken_with_uses_it(tmp_path: Path) -> None:
    given, said = flags(COMPILER.read_text(encoding="utf-8").strip(), tmp_path, RUSTFLAGS="-Cdebuginfo=1")
    first, use = given.split(" ")
    profile = Path(use.removeprefix("-Cprofile-use="))
    assert first == "-Cdebuginfo=1" and said == ""
    # LLVM's indexed profiles begin so (llvm/ProfileData/InstrProf.h, IndexedInstrProf::Magic).
    assert profile.read_bytes()[:8] == b"\xfflprofi\x81"


def test_another_compiler_builds_without_and_says_so(tmp_path: Path) -> None:
    given, said = flags("rustc 1.88.0 (6b00bc388 2025-06-23)", tmp_path)
    assert given == "" and "rustc 1.88.0" in said and "make profile" in said
