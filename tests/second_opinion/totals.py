"""What was compared in this run, for the summary at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Totals:
    captures: int = 0
    agreed: Counter[str] = field(default_factory=Counter)
    """messages by protocol"""
    differences: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """by protocol, who alone has them, reason"""

    def plain(self) -> list[Any]:
        """In lists and tuples, for another process to `add`."""
        return [self.captures, list(self.agreed.items()), list(self.differences.items())]

    def add(self, plain: list[Any]) -> None:
        captures, agreed, differences = plain
        self.captures += captures
        self.agreed.update(dict(agreed))
        self.differences.update(dict(differences))

    def lines(self) -> list[str]:
        told = [f"{self.captures} captures compared with tshark"]
        for protocol, count in sorted(self.agreed.items()):
            told.append(f"{count:>8} {protocol} messages agree")
        for (protocol, only, reason), count in sorted(self.differences.items()):
            told.append(f"{count:>8} {protocol} messages only {'by tshark' if only == 'tshark' else 'by us'}: {reason}")
        return told


TOTALS = Totals()
