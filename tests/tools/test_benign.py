"""Ordinary days: the bound is the right one, what was stopped goes on, and the section finds its place again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools.quality import benign


@pytest.mark.parametrize(("count", "bound"), [(0, 2.996), (1, 4.744), (5, 10.513), (30, 40.691)])
def test_the_bound_is_that_of_the_tables(count: int, bound: float) -> None:
    """Half of the 95 % point of chi-square with 2 (n + 1) degrees of freedom."""
    assert benign.upper(count) == pytest.approx(bound, abs=2e-3)


def line(seed: int, *stories: str | None) -> dict[str, Any]:
    alerts = [{"level": "low", "title": "Poll stopped", "story": story} for story in stories]
    return {"scenario": "s7-cell", "seed": seed, "asset_days": 8.0, "alerts": alerts, "cpu_s": 9.0}


def test_an_incident_is_a_story_with_its_alerts() -> None:
    told = benign.figures([line(1, "a", "b", "a"), line(2, None, None, "a"), line(3)])
    assert (told["alerts"], told["incidents"], told["asset_days"]) == (6, 5, 24.0)


def test_a_stopped_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[tuple[str, int]] = []

    def judged(scenario: str, seed: int, days: float) -> dict[str, Any]:
        played.append((scenario, seed))
        return {**line(seed), "scenario": scenario}

    monkeypatch.setattr(benign, "judged", judged)
    results = tmp_path / "days.jsonl"
    for asset_days in ("20", "41"):
        monkeypatch.setattr("sys.argv", ["benign", "--asset-days", asset_days, "--results", str(results)])
        benign.main()
        results.write_text(results.read_text() + '{"scenario": "s7-c')  # the power went
    assert len(played) == 6 and len(set(played)) == 6
    assert len(benign.read(results)) == 6


def test_the_section_replaces_itself(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Head\n\nWords.\n\n## First\n\nMore.\n")
    for alerts in (2, 3):
        benign.write_section(page, benign.section([line(1, *["a"] * alerts), line(2)]))
        text = page.read_text()
        assert text.index("Words.") < text.index(benign.BEGIN) < text.index("## First")
        assert text.count(benign.BEGIN) == 1 and f"- {alerts} × [low] Poll stopped" in text
        assert f"| s7-cell | 2 | 16.0 | {alerts} | 1 |" in text
    benign.write_section(page, benign.written(page))
    assert page.read_text() == text


def test_a_page_without_the_section_has_none(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert benign.written(page) == []
    page.write_text("# Head\n")
    assert benign.written(page) == []
