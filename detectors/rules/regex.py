"""The regular expressions of rules: a part of them that the core and Python read alike.

Literal characters, `.` (any but a line end), classes `[a-z]` and `[^…]`, `\\d` `\\w` `\\s` (ASCII) and their opposites
outside classes, groups, `|`, `?` `*` `+` `{n}` `{n,m}`, and the anchors `^` and `$` (beginning and end of the text).
Refused: what only one of the two can do (references back, looking ahead, lazy repetition, flags, names), and what the
two read differently.
"""

from __future__ import annotations

import re
from functools import lru_cache

MAX_LENGTH = 200
MAX_REPEAT = 100
_OUTSIDE = {"d": "[0-9]", "D": "[^0-9]", "w": "[0-9A-Za-z_]", "W": "[^0-9A-Za-z_]",
            "s": r"[\t\n\v\f\r ]", "S": r"[^\t\n\v\f\r ]"}  # fmt: skip
_INSIDE = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\v\f\r "}
_LITERAL = {"t": r"\t", "n": r"\n", "r": r"\r"}
_REPEAT = re.compile(r"\{([0-9]{1,3})(,[0-9]{1,3})?\}")
_SPECIAL = frozenset(r"\.+*?()|[]{}^$-/&~# ")


class RegexError(ValueError):
    """The message says what is not read, and the way out."""


def canonical(text: str) -> str:
    """The same expression in the words that both engines share.

    Raises:
        RegexError: it is not one that both read alike.
    """
    if not text or len(text) > MAX_LENGTH:
        raise RegexError(f"an expression has 1 to {MAX_LENGTH} characters")
    out: list[str] = []
    at, depth, repeatable = 0, 0, False
    while at < len(text):
        char = text[at]
        if char == "\\":
            piece = _escape(text, at, _OUTSIDE)
            at, repeatable = at + 2, True
        elif char == "[":
            piece, at = _class(text, at)
            repeatable = True
        elif char in "?*+{":
            found = _REPEAT.match(text, at) if char == "{" else None
            if char == "{" and found is None:
                raise RegexError(r"{ begins a repetition like {2,5}; write \{ for the character")
            if not repeatable:
                raise RegexError(f"{char} repeats nothing; a lazy or possessive repetition is not read")
            if found is not None:
                low, high = int(found[1]), int((found[2] or f",{found[1]}")[1:])
                if low > high or high > MAX_REPEAT:
                    raise RegexError(f"{found[0]} is not a repetition of at most {MAX_REPEAT}")
            piece = char if found is None else found[0]
            at, repeatable = at + len(piece), False
        elif char == "(":
            if text.startswith("(?", at) and not text.startswith("(?:", at):
                raise RegexError("(?…) is not read; only plain groups are")
            at += 3 if text.startswith("(?:", at) else 1
            piece, depth, repeatable = "(?:", depth + 1, False
        elif char == ")":
            if depth == 0:
                raise RegexError("a ) closes nothing")
            piece, at, depth, repeatable = char, at + 1, depth - 1, True
        elif char in "]}":
            raise RegexError(rf"write \{char} for the character {char}")
        else:
            piece, at, repeatable = char, at + 1, char not in "^$|"
        out.append(piece)
    if depth:
        raise RegexError("a ( is not closed")
    return "".join(out)


@lru_cache(maxsize=4096)
def plain(text: str) -> re.Pattern[str]:
    """For the twin: `text` is canonical. Python's `$` would also stand before a last line end."""
    parts = re.split(r"(\\.|\[(?:\\.|[^\]\\])*\])", text)
    parts[::2] = [part.replace("$", r"\Z") for part in parts[::2]]
    return re.compile("".join(parts), re.ASCII)


def _escape(text: str, at: int, classes: dict[str, str]) -> str:
    char = text[at + 1 : at + 2]
    if char in _SPECIAL and char:
        return "\\" + char
    found = classes.get(char) or _LITERAL.get(char)
    if found is None:
        raise RegexError(f"\\{char} is not read; known are \\d \\w \\s \\t \\n \\r and escaped punctuation")
    return found


def _class(text: str, at: int) -> tuple[str, int]:
    """A class from `[` on, and where the text goes on."""
    out, at = ["["], at + 1
    if text.startswith("^", at):
        out.append("^")
        at += 1
    first = len(out)
    while at < len(text) and text[at] != "]":
        char = text[at]
        if char == "\\":
            out.append(_escape(text, at, _INSIDE))
            at += 2
            continue
        if char == "[" or text[at : at + 2] in ("&&", "--", "~~"):
            raise RegexError(rf"in a class write \{char} for the character {char}")
        if char == "-" and (len(out) == first or text[at + 1 : at + 2] == "]"):
            out.append("\\-")
        else:
            out.append(char if char not in "^&~" else "\\" + char)
        at += 1
    if at >= len(text):
        raise RegexError("a [ is not closed")
    if len(out) == first:
        raise RegexError("[] holds nothing")
    piece = "".join(out) + "]"
    try:
        re.compile(piece)
    except re.error as error:
        raise RegexError(f"{piece}: {error.msg}") from None
    return piece, at + 1
