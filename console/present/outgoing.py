"""What leaves this node, for the person who answers for it: the upward policy's own preview, put into words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from console.catalogue import say
from console.plain import clean
from console.present.message import shown
from federation.policy import Cut, UpwardPolicy
from sensor.schema import Record
from sensor.schema.fields import Upward

ORDER = (Upward.DROP, Upward.PSEUDONYM, Upward.CLEAR)
"""What stays first: that is what the reader wants to be sure of."""
MAX_LINES = 400


@dataclass(frozen=True)
class Outgoing:
    """One value on its way up."""

    place: str
    """where in the record"""
    label: str
    action: Upward
    level: str
    """its data level: `general`, `important`, `core`, or `unlisted`"""
    here: str
    there: str

    def figures(self) -> dict[str, str]:
        return {"place": self.place, "action": str(self.action), "level": self.level, "there": self.there}


@dataclass(frozen=True)
class Preview:
    lines: tuple[Outgoing, ...]

    def of(self, action: str) -> tuple[Outgoing, ...]:
        return tuple(line for line in self.lines if line.action == action)


def preview_of(record: Record, pseudonym_key: bytes, language: str) -> Preview:
    """What would go of `record` from an enterprise."""
    policy = UpwardPolicy(pseudonym_key)
    lines = [_line(place, cut, language) for place, cut in policy.preview(record).items()]
    lines.sort(key=lambda line: (ORDER.index(line.action), line.place))
    return Preview(tuple(lines[:MAX_LINES]))


def _line(place: str, cut: Cut, language: str) -> Outgoing:
    field = cut.field
    label = say("preview.unlisted", language) if field is None else clean(getattr(field.label, language))
    return Outgoing(
        place=clean(place),
        label=label,
        action=cut.action,
        level="unlisted" if field is None else str(field.level),
        here=_text(cut.value, language),
        there="" if cut.action is Upward.DROP else _text(cut.outgoing, language),
    )


def _text(value: Any, language: str) -> str:
    """A value; of a sentence in both languages the reader's."""
    return shown(value.get(language) if isinstance(value, dict) and set(value) == {"zh", "en"} else value)
