"""The `detection` of a rule while it is put together: what must hold, what must not, and what could not be said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Checks = Mapping[str, Any]
"""`field|operator` → value or values, as in a rule's selection: all must hold."""

BROADER, NARROWER, LATER = "broader", "narrower", "later"


@dataclass(frozen=True)
class Remark:
    """A part that could not be said as its source says it, and what that makes of the rule: `broader` (it fires on
    more), `narrower` (on less), `later` (on the same, not at once)."""

    part: str
    effect: str
    why: str

    def __str__(self) -> str:
        return f"{self.part}: {self.why} ({self.effect})"


class Detection:
    """Selections and a condition. What is the same is said once."""

    def __init__(self) -> None:
        self._wanted: list[dict[str, Any] | list[dict[str, Any]]] = [{}]
        self._unwanted: list[dict[str, Any] | list[dict[str, Any]]] = []
        self.telling = False
        """Something in it tells this traffic from other traffic of the protocol: not only where it comes from."""

    def need(self, checks: Checks | Sequence[Checks], *, telling: bool = True) -> None:
        """These must hold, or of a list of them one."""
        self.telling |= telling
        if not isinstance(checks, Mapping):
            wanted = [dict(each) for each in checks]
            if wanted not in self._wanted:
                self._wanted.append(wanted[0] if len(wanted) == 1 else wanted)
            return
        for key, value in checks.items():
            for selection in self._wanted:
                if isinstance(selection, dict) and selection.get(key, value) == value:
                    selection[key] = value
                    break
            else:
                self._wanted.append({key: value})

    def exclude(self, checks: Checks | Sequence[Checks], *, telling: bool = True) -> None:
        """These must not hold together, or of a list none."""
        self.telling |= telling
        self._unwanted.append(dict(checks) if isinstance(checks, Mapping) else [dict(each) for each in checks])

    def written(self, prefix: str = "") -> tuple[dict[str, Any], str]:
        """Selections by name, and the condition that joins them."""
        wanted = [selection for selection in self._wanted if selection]
        selections: dict[str, Any] = {}
        for number, selection in enumerate(wanted, 1):
            selections[f"{prefix}selection" if number == 1 else f"{prefix}selection_{number}"] = selection
        parts = list(selections)
        for number, selection in enumerate(self._unwanted, 1):
            name = f"{prefix}filter_main_{number}"
            selections[name] = selection
            parts.append(f"not {name}")
        return selections, " and ".join(parts)


_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")


def expression_of(text: str, *, start: bool = False, end: bool = False) -> str:
    """A regular expression of rules that finds the text in upper and lower case alike. The text is ASCII."""
    body = "".join(
        f"[{char.upper()}{char.lower()}]" if char.isalpha() else _SPECIAL.sub(r"\\\1", char) for char in text
    )
    return f"{'^' if start else ''}{body}{'$' if end else ''}"
