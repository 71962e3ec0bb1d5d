"""What the parsers read from each bundled capture is what was read when somebody last looked at the difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.captures import ROOT, bundled_captures
from tests.golden import GOLDEN, coverage, facts, path_of


@pytest.mark.parametrize("capture", bundled_captures(), ids=lambda path: str(path.relative_to(ROOT / "pcaps")))
def test_golden(capture: Path) -> None:
    golden = path_of(capture)
    assert golden.exists(), "new capture: `make golden`, then read what it wrote"
    assert facts(capture) == golden.read_text(encoding="utf-8"), "`make golden`, then read the difference"


def test_coverage() -> None:
    assert coverage() == (GOLDEN / "coverage.txt").read_text(encoding="utf-8"), "`make golden`"


def test_no_golden_without_its_capture() -> None:
    known = {path_of(capture) for capture in bundled_captures()} | {GOLDEN / "coverage.txt"}
    assert set(GOLDEN.rglob("*.txt")) <= known
