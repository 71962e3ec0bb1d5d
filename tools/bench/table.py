"""Tables of figures: on the terminal, and in the page that is written from them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.bench.run import MIB, Median


@dataclass(frozen=True)
class Table:
    key: str
    title: tuple[str, str]
    """Chinese, English"""
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[str]]
    notes: Sequence[tuple[str, str]] = ()
    summary: Sequence[tuple[str, str, str]] = ()
    """what stands at the top of the page: Chinese, English, value"""
    data: Any = field(default=None, repr=False)
    """the same as numbers, for the JSON"""

    def heading(self) -> str:
        return f"{self.title[0]} / {self.title[1]}"

    def text(self) -> str:
        """For a terminal."""
        cells = [[column[1] for column in self.columns], *self.rows]
        widths = [max(_width(row[place]) for row in cells) for place in range(len(self.columns))]
        lines = [
            "  ".join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
        ]
        return "\n".join([self.heading(), *lines, *(f"  {english}" for _, english in self.notes)])

    def markdown(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"## {self.heading()}"
        yield ""
        yield from rows_of(
            [f"{chinese}<br>{english}" if chinese else english for chinese, english in self.columns], self.rows
        )
        for chinese, english in self.notes:
            yield ""
            yield chinese
            yield ""
            yield english


def rows_of(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def millions(value: float) -> str:
    return f"{value / 1e6:.2f}" if value >= 1e5 else f"{value / 1e6:.4f}"


def spread(rate: Median) -> str:
    """Millions: median (least to most)."""
    return f"{millions(rate.value)} ({millions(rate.least)} – {millions(rate.most)})"


def mib(size: float) -> str:
    return f"{size / MIB:,.0f}"
