"""Every implementation of the store runs the same tests: a new one is a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.store import Store, open_store

Open = Callable[[Path], Store]
STORES: dict[str, Open] = {"sqlite": lambda folder: open_store(folder / "store.sqlite", parents=["up"])}


@pytest.fixture(params=STORES)
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Opens the same store again, as a restart does."""
    return lambda: STORES[request.param](tmp_path)


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Iterator[Store]:
    opened = reopen()
    yield opened
    opened.close()
