"""What all tests share, and what is skipped visibly where it cannot run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.captures import SHARED, shared_captures
from tests.second_opinion.totals import TOTALS


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The totals of the comparison with tshark, where it was made."""
    if TOTALS.captures:
        terminalreporter.section("second opinion")
        for line in TOTALS.lines():
            terminalreporter.line(line)
