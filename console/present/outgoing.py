"""What leaves this node, for the person who answers for it: the upward policy's own preview, put into words."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any

from console.catalogue import known, say
from console.present.message import shown
from console.words import clean
from sensor.schema import Record


@dataclass(frozen=True)
class Outgoing:
    """One field on its way up."""

    name: str
    action: str
    """`keep`, `drop` or `pseudonym`"""
    here: str
    there: str
    reason: str

    def figures(self) -> dict[str, str]:
        return {"name": self.name, "action": self.action, "there": self.there}


@dataclass(frozen=True)
class Preview:
    lines: tuple[Outgoing, ...]

    def count(self, action: str) -> int:
        return sum(line.action == action for line in self.lines)


def preview_of(record: Record, language: str) -> Preview | None:
    """What the policy would let go of `record`, or None where this installation has no policy part."""
    if importlib.util.find_spec("federation.policy") is None:
        return None
    policy: Any = importlib.import_module("federation.policy")
    return Preview(tuple(_line(item, language) for item in policy.preview(record)))


def _line(item: Any, language: str) -> Outgoing:
    action = str(item.action)
    key = f"preview.reason_{item.reason}"
    return Outgoing(
        name=clean(item.field),
        action=action,
        here=shown(item.before),
        there="" if action == "drop" else shown(item.after),
        reason=say(key, language) if known(key) else clean(str(item.reason)),
    )
