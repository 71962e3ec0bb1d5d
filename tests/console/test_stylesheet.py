"""The stylesheet's tokens: readable by day and by night (WCAG AA), and the classes templates use exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import console

CSS = (Path(console.__file__).parent / "static" / "otus.css").read_text("utf-8")
TEMPLATES = sorted((Path(console.__file__).parent / "templates").glob("*.html"))
LEVELS = ["critical", "high", "medium", "low", "notice"]


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", block))


DAY = tokens(CSS.partition("@media")[0])
NIGHT = DAY | tokens(CSS.partition("prefers-color-scheme: dark")[2].partition("* {")[0])


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [DAY, NIGHT], ids=["day", "night"])
@pytest.mark.parametrize("ink", ["ink", "ink-2", "ink-3", "link", "accent", "ok", *LEVELS])
@pytest.mark.parametrize("ground", ["paper", "ground"])
def test_text_can_be_read(scheme: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(scheme[ink], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [DAY, NIGHT], ids=["day", "night"])
@pytest.mark.parametrize("fill", [*LEVELS, "ok", "accent"])
def test_text_on_a_fill_can_be_read(scheme: dict[str, str], fill: str) -> None:
    assert contrast(scheme["on-fill"], scheme[fill]) >= 4.5


def test_night_is_not_day() -> None:
    assert sum(DAY[name] != NIGHT[name] for name in DAY) >= 15


def test_focus_is_visible() -> None:
    rule = CSS.partition(":focus-visible {")[2].partition("}")[0]
    assert "outline: 2px solid" in rule


def test_nothing_moves_and_nothing_comes_from_elsewhere() -> None:
    assert not re.search(r"\banimation\b|\btransition\b|@import|url\(", CSS)


def test_classes_exist() -> None:
    known = set(re.findall(r"\.([a-zA-Z][\w-]*)", CSS))
    used = set()
    for path in TEMPLATES:
        source = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", path.read_text("utf-8"), flags=re.S)
        for names in re.findall(r'class="([^"]*)"', source):
            used |= {name for name in names.split() if not name.endswith("-")}
    # Marks that other rules or scripts look for.
    assert used - known <= {
        "usual-line", "seen-line", "decide", "sensor", "frames", "-edge", "-fill", "-dot", "-disc", "-edge-line",
        "target",
    }  # fmt: skip
