"""Which language a reader sees, and the words templates say things with."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Flask, g, request

from console import words
from console.catalogue import DEFAULT_LANGUAGE, HTML_LANGUAGE, LANGUAGES, say, say_html

COOKIE = "otus_language"
COOKIE_SECONDS = 365 * 86_400


def reader_language() -> str:
    """The reader's choice of this session, else Chinese."""
    return str(getattr(g, "language", DEFAULT_LANGUAGE))


def _choose() -> None:
    chosen = request.cookies.get(COOKIE, DEFAULT_LANGUAGE)
    g.language = chosen if chosen in LANGUAGES else DEFAULT_LANGUAGE


def _context() -> dict[str, Any]:
    language = reader_language()
    return {
        "language": language,
        "html_language": HTML_LANGUAGE[language],
        "t": partial(_say, say, language),
        "th": partial(_say, say_html, language),
        "words": words.Words(language),
    }


def _say(how: Any, language: str, key: str, **params: Any) -> Any:
    return how(key, language, **params)


def install(app: Flask) -> None:
    app.before_request(_choose)
    app.context_processor(_context)
