"""A plant needs root and namespaces; where they are missing its tests are skipped, visibly, with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.demo_plant import available

ROOT = Path(__file__).resolve().parents[2]
REASON = available()


@pytest.fixture(scope="session")
def pcaps() -> Path:
    return ROOT / "pcaps"


@pytest.fixture
def range_possible() -> None:
    if REASON:
        pytest.skip(f"no range here: {REASON}")
