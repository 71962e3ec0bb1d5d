"""What a reader asks of a list of children or sensors: read from the address, and written into the next one's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import request

from console.clock import NS
from console.state import ConsoleState
from console.store import NodeFilter, Silence

PAGE = 50
MAX_TEXT = 128


@dataclass(frozen=True)
class Asked:
    where: NodeFilter
    cursor: str | None
    limit: int = PAGE

    @property
    def arguments(self) -> Mapping[str, str]:
        """For the address of another page of the same list. Silent first goes without saying."""
        order = {None: "name", Silence.ONLY: "silent", Silence.FIRST: None}[self.where.silence]
        named = {"q": self.where.text, "child": self.where.child, "order": order}
        return {name: value for name, value in named.items() if value}

    @property
    def order(self) -> str:
        return self.arguments.get("order", "")


def asked(here: ConsoleState) -> Asked:
    silence = {"name": None, "silent": Silence.ONLY}.get(request.args.get("order", ""), Silence.FIRST)
    where = NodeFilter(
        text=request.args.get("q", "")[:MAX_TEXT].strip() or None,
        child=request.args.get("child", "")[:MAX_TEXT] or None,
        silence=silence,
        silent_before_ns=here.clock.now_ns() - here.settings.silent_after_s * NS,
    )
    return Asked(where, request.args.get("cursor"))
