"""What all tests share, and what is skipped visibly where it cannot run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.captures import SHARED, shared_captures


@pytest.fixture(scope="session")
def shared() -> list[Path]:
    found = shared_captures()
    if not found:
        pytest.skip(f"no shared captures at {SHARED} (OTUS_SHARED_PCAPS names another folder)")
    return found


@pytest.fixture
def tshark() -> str:
    found = shutil.which("tshark")
    if found is None:
        pytest.skip("tshark is not installed")
    return found
