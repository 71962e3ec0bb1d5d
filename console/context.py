"""What every template may use, beside its view's own context."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, request
from flask_login import current_user

from console.catalogue import known, say
from console.language import reader_language
from console.plain import clean, shorten
from console.present import waiting
from console.state import state
from console.store import IncidentRow


def title_of(row: IncidentRow) -> str:
    """An incident's title in the reader's language; the other language where this one is empty."""
    first, second = (row.title_zh, row.title_en) if reader_language() == "zh" else (row.title_en, row.title_zh)
    return clean(first or second) or clean(row.id)


def clip(text: str, most: int) -> str:
    return shorten(clean(text), most)


def refusal(reason: str) -> str:
    """Why a record was refused (`code: what was meant`): our words for a known code, else what the refuser wrote."""
    key = f"refused.reason_{reason.partition(':')[0]}"
    return say(key, reader_language()) if known(key) else clean(reason)


def waiting_levels() -> dict[str, int]:
    """Undecided incidents by level, counted once a request: the menu and most pages ask for them."""
    if "waiting_levels" not in g:
        g.waiting_levels = waiting.by_level(state().store)
    return dict(g.waiting_levels)


def _context() -> dict[str, Any]:
    here = state()
    title = here.settings.shown_title
    context = {
        "node": here.settings,
        "node_title": title.zh if reader_language() == "zh" else title.en,
        "clock": here.clock,
        "now_ns": here.clock.now_ns(),
        "title_of": title_of,
        "clean": lambda text: clean(str(text)),
        "clip": clip,
        "refusal": refusal,
        # Coming back after choosing a language: a page, never a form's target.
        "here_path": request.full_path.rstrip("?") if request.method == "GET" else "/",
    }
    if current_user.is_authenticated:
        context["waiting_count"] = waiting.pressing(waiting_levels())
        context["waiting_orders"] = here.store.order_totals(here.clock.now_ns()).waiting
    return context


def install(app: Flask) -> None:
    app.context_processor(_context)
