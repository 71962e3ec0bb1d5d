"""Text that came from elsewhere, made fit to be shown."""

from __future__ import annotations

MAX_SHOWN = 300
"""Characters of one text that a list shows; the whole stands on the detail page."""


def clean(text: str) -> str:
    """Control and direction characters as their numbers.

    HTML is the template's business. A right-to-left override or a newline in a device's name could otherwise make a
    line read as something else.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)


def shorten(text: str, most: int = MAX_SHOWN) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
