"""Pages ask the store for what they show, however much it holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tests.console import sample
from tests.console.conftest import MakeConsole, log_in

ASSET = f"/assets/sensor-1/{sample.record_id(f'asset {sample.HMI}')}"
INCIDENT = f"/incidents/sensor-1/{sample.record_id('n0')}"


class Counting:
    """A store that notes what it was asked, and for how many rows."""

    def __init__(self, store: Any) -> None:
        self._store, self.asked, self.rows = store, Counter[str](), 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)
        if not callable(real):
            return real

        def call(*args: Any, **named: Any) -> Any:
            self.asked[name] += 1
            found = real(*args, **named)
            self.rows += len(found.rows) if hasattr(found, "rows") else 0
            return found

        return call


def asked_for(make_console: MakeConsole, path: str, incidents: int) -> tuple[Counter[str], int]:
    names = list(sample.ALERTS)
    records = [
        sample.record(f"n{number}", sample.alert(names[number % len(names)]).to_json()) for number in range(incidents)
    ]
    app = make_console(records=[*records[:500], *sample.assets()])
    here = app.extensions["otus"]
    for start in range(500, incidents, 500):
        here.store.merge(records[start : start + 500], "sensor-1")
    client = log_in(app)
    counting = Counting(here.store)
    app.extensions["otus"] = replace(here, store=counting)
    assert client.get(path).status_code == 200
    return counting.asked, counting.rows


@pytest.mark.parametrize(
    "path", ["/", "/incidents", INCIDENT, "/assets", ASSET, "/links", "/sensors", "/children", "/preview"]
)
def test_more_incidents_are_no_more_work(make_console: MakeConsole, path: str) -> None:
    few, _ = asked_for(make_console, path, 100)
    many, rows = asked_for(make_console, path, 2000)
    assert many == few, "the same questions, whatever is kept"
    assert rows <= 150
    assert many["incident"] <= 13 and sum(many.values()) < 60
