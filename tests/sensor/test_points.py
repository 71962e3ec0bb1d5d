"""Tables of points: what is read from YAML, and that the core takes what is bundled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sensor._core import Engine
from sensor.points import load

BUNDLED = sorted((Path(__file__).parents[2] / "docs" / "points").glob("*.yml"))


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_bundled_tables_are_taken_by_the_core(path: Path) -> None:
    rows = load(path)
    assert rows
    Engine(json.dumps({"points": rows}), json.dumps({"version": 1, "rules": []}), None)


def test_an_item_the_core_does_not_know_is_named(tmp_path: Path) -> None:
    table = tmp_path / "points.yml"
    table.write_text(
        "- {protocol: s7comm, server: 10.0.0.13, points: [{item: DB10.DBX0.9, name: 门}]}\n", encoding="utf-8"
    )
    with pytest.raises(ValueError, match="point 门: unknown address DB10"):
        Engine(json.dumps({"points": load(table)}), json.dumps({"version": 1, "rules": []}), None)


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        ("{item: DB10.DBD4}", "no name"),
        ("{item: DB10.DBD4, address: 4, name: a}", "wants an address, a node, a browse name, or an item"),
        ("{space: coil, name: a}", "wants an address, a node, a browse name, or an item"),
        ("{address: 4, name: a}", "no space"),
        ("{space: coil, address: 4, name: a, type: REAL}", "type: one of"),
        ("{item: DB10.DBD4, name: a, values: [1, high]}", "values: a list of numbers"),
        ("{item: DB10.DBD4, name: a, rate: fast}", "rate: 'fast' is not what belongs there"),
        ("{itme: DB10.DBD4, name: a}", "unknown key itme; did you mean item"),
    ],
)
def test_problems_are_named(tmp_path: Path, point: str, problem: str) -> None:
    table = tmp_path / "points.yml"
    table.write_text(f"- {{protocol: s7comm, server: 10.0.0.13, points: [{point}]}}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=problem):
        load(table)
