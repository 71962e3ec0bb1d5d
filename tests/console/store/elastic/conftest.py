from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.store.elastic import drain
from tests.console.store.elastic.cluster import Cluster, Door


@pytest.fixture
def cluster(elasticsearch_url: str, tmp_path: Path) -> Iterator[Cluster]:
    """With a registry of its own on SQLite."""
    made = Cluster(elasticsearch_url, tmp_path)
    yield made
    made.remove()


@pytest.fixture
def door(elasticsearch_url: str) -> Iterator[Door]:
    made = Door(elasticsearch_url)
    yield made
    made.shut()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks for the cluster again at once."""
    monkeypatch.setattr(drain, "AWAY_S", 0.2)
    monkeypatch.setattr(drain, "AWAY_LONGEST_S", 0.2)
    monkeypatch.setattr(drain, "LOOK_EVERY_S", 0.05)
