"""The wheel that is tried, and an environment that it was installed into."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.shipping.installed import Installed, build_wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One made for the tests, or the one that OTUS_TEST_WHEEL names."""
    named = os.environ.get("OTUS_TEST_WHEEL")
    return Path(named).resolve() if named else build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"), wheel, "[console]")
