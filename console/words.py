"""What codes are called. Codes travel between tiers and never change; the words come from the catalogue.

A code that is not in the catalogue (a newer child, a foreign rule) is shown as it is: an older tier loses no record
because it lacks a word.
"""

from __future__ import annotations

from dataclasses import dataclass

from console.catalogue import known, say
from console.plain import clean, shorten
from sensor.schema import LEVELS, Text
from sensor.schema.classes import class_name
from sensor.schema.fields import OPERATIONS, PROTOCOLS

CARRIERS = {"s7comm": ("cotp",), "s7comm-plus": ("cotp", "s7comm"), "http": ("tls",), "mms": ("cotp",)}
"""Protocols below one that conversations are known by."""


@dataclass(frozen=True)
class Words:
    """The words of one language."""

    language: str

    def code(self, group: str, code: object) -> str:
        """The word for `code` in `group`, or the code itself where there is none."""
        key = f"code.{group}.{code}"
        return say(key, self.language) if known(key) else shorten(clean(str(code)))

    def level(self, code: object) -> str:
        return self.code("level", code)

    def level_class(self, code: object) -> str:
        """The stylesheet's class for a level: colour means level, and nothing else has one."""
        return str(code) if str(code) in LEVELS else "notice"

    def outcome(self, code: object) -> str:
        return self.code("outcome", code)

    def outcome_short(self, code: object) -> str:
        return self.code("outcome_short", code)

    def state(self, code: object) -> str:
        return self.code("state", code)

    def workflow(self, code: object) -> str:
        return self.code("workflow", code)

    def detector(self, code: object) -> str:
        return self.code("detector", code)

    def protocol(self, code: object) -> str:
        known = PROTOCOLS.get(str(code))
        return clean(getattr(known.label, self.language)) if known is not None else self.code("protocol", code)

    def text(self, text: Text | None) -> str:
        """A sentence that travelled inside a record, in the reader's language."""
        if text is None:
            return ""
        return clean(text.zh if self.language == "zh" else text.en) or clean(text.en or text.zh)

    def lines(self, text: Text | None) -> list[str]:
        """The same, one piece for each of its lines."""
        if text is None:
            return []
        chosen = (text.zh or text.en) if self.language == "zh" else (text.en or text.zh)
        return [clean(piece) for piece in chosen.splitlines()]

    def operation(self, protocol: str, name: object) -> str:
        # What a message is called may be its carrier's word: connecting below S7 is COTP's.
        for spoken in (protocol, *CARRIERS.get(protocol, ())):
            key = f"operation.{spoken}.{name}"
            if known(key):
                return say(key, self.language)
        described = OPERATIONS.get(f"{protocol}.{name}")
        return self.text(described) if described is not None else clean(str(name))

    def incident_class(self, code: str) -> str:
        """`安全隐患事件`: the proposed class; a code this version does not know stays as it is."""
        return self.text(class_name(code))

    def technique(self, code: str) -> str:
        """`T0836 修改参数`; a technique this version does not know keeps its number."""
        key = f"technique.{code.upper()}"
        return f"{clean(code.upper())} {say(key, self.language)}" if known(key) else clean(code)

    def skip(self, code: str) -> str:
        key = f"ledger.skip.{code}"
        return say(key, self.language) if known(key) else clean(code)

    def loss(self, code: str) -> str:
        key = f"ledger.loss.{code}"
        return say(key, self.language) if known(key) else clean(code)
