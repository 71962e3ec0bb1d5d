"""The traffic ledger as a bar, a sum and a sentence: how well we could see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from console.catalogue import say
from console.words import Words
from sensor.schema import Ledger


def share(part: int, whole: int) -> str:
    """`97.1%`. What is not nothing is never rounded to 0, what is not all never to 100."""
    if whole <= 0 or part <= 0:
        return "0%"
    if part >= whole:
        return "100%"
    percent = 100 * part / whole
    return "<0.1%" if percent < 0.1 else ">99.9%" if percent > 99.9 else f"{percent:.1f}%"


@dataclass(frozen=True)
class Slice:
    """One piece of the bar; `start` and `width` are percentages of it."""

    kind: str
    packets: int
    share: str
    start: float
    width: float


@dataclass(frozen=True)
class Line:
    """One reason for which packets were skipped or lost."""

    kind: str
    code: str
    label: str
    packets: int
    share: str


@dataclass(frozen=True)
class Account:
    received: int
    slices: tuple[Slice, ...]
    lines: tuple[Line, ...]
    balanced: bool
    sentence: str
    tone: str
    """`ok`, `medium`, `high`, `critical` or `notice`: how far “no alert” can be believed"""
    sum_text: str
    bar_text: str

    def figures(self) -> dict[str, Any]:
        return {
            "received": self.received,
            **{piece.kind: piece.packets for piece in self.slices},
            "balanced": self.balanced,
        }


def account(ledger: Ledger, language: str) -> Account:
    words, skipped, lost = Words(language), sum(ledger.skipped.values()), sum(ledger.lost.values())
    parts = {"parsed": ledger.parsed, "skipped": skipped, "lost": lost, "held": ledger.held}
    total = sum(parts.values())
    slices, start = [], 0.0
    for kind, packets in parts.items():
        width = 100 * packets / total if total else 0.0
        # One lost packet in a million is still to be seen: a piece that is there is at least half a percent wide.
        shown = max(width, 0.5) if packets else 0.0
        slices.append(Slice(kind, packets, share(packets, total), min(start, 100 - shown), shown))
        start += width
    lines = [
        Line(kind, code, label(code), packets, share(packets, total))
        for kind, counts, label in (("lost", ledger.lost, words.loss), ("skipped", ledger.skipped, words.skip))
        for code, packets in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if packets
    ]
    shares = {piece.kind: piece.share for piece in slices}
    tone, sentence = _judge(ledger, total, lost, language)
    return Account(
        received=ledger.received,
        slices=tuple(slices),
        lines=tuple(lines),
        balanced=ledger.balanced,
        sentence=sentence,
        tone=tone,
        sum_text=say("ledger.balanced_sum", language, received=ledger.received, **parts),
        bar_text=say("ledger.bar", language, **shares),
    )


def _judge(ledger: Ledger, total: int, lost: int, language: str) -> tuple[str, str]:
    if not ledger.balanced:
        return "critical", say("ledger.unbalanced", language, n=ledger.received, sum=total)
    if ledger.received == 0:
        return "medium", say("ledger.none_received", language)
    if lost:
        tone = "high" if lost * 100 >= ledger.received else "medium"
        return tone, say("ledger.lossy", language, n=ledger.received, lost=lost, share=share(lost, ledger.received))
    return "ok", say("ledger.complete", language, n=ledger.received)
