"""A registry on each engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import URL

from console.registry import Registry, open_registry


@pytest.fixture
def registry(registry_url: URL) -> Iterator[Registry]:
    opened = open_registry(registry_url)
    yield opened
    opened.close()
