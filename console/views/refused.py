"""退回记录: records somebody would not take, with the reason. They block nobody, and they are not hidden."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint

from console.answers import Answer, page
from console.state import state

bp = Blueprint("refused", __name__)


@page(bp, "/refused", "refused")
def refused() -> Answer:
    letters = state().store.dead_letters()
    return Answer(
        "refused.html",
        figures={"refused": [asdict(letter) for letter in letters]},
        context={
            "letters": letters,
            "incoming": sum(letter.direction == "incoming" for letter in letters),
            "outgoing": sum(letter.direction == "outgoing" for letter in letters),
        },
    )
