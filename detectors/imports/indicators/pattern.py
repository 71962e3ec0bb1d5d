"""The part of STIX patterns that can be looked for message by message.

STIX 2.1 (OASIS Standard, 2021), chapter 9. Read: one or several observation expressions joined by OR, in each
comparison
expressions joined by AND and OR with `=`, `IN` and `ISSUBSET`, parentheses, and object paths with quoted and indexed
steps.
What needs several observations together (AND, FOLLOWEDBY) or counts them (REPEATS, WITHIN, START), and what compares in
other ways (`!=`, `<`, `LIKE`, `MATCHES`, `NOT`) is refused with a line. Written here, because the package that reads
all of them is not delivered, and a list needs no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_CHARACTERS = 256 * 1024
MAX_DEPTH = 32
MAX_ALTERNATIVES = 4_096
"""Of one pattern, after AND over OR is written out."""
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<stamp>[tbh]'(?:[^'\\]|\\.)*')
    | (?P<path>[a-z0-9][a-z0-9-]*:[A-Za-z_](?:[A-Za-z0-9_-]|\.'(?:[^'\\]|\\.)*'|\.[A-Za-z_0-9]|\[(?:[0-9]+|\*)\])*)
    | (?P<number>-?[0-9]+(?:\.[0-9]+)?)
    | (?P<word>[A-Za-z]+)
    | (?P<mark><=|>=|!=|<>|[][()=<>,])
    )""",
    re.VERBOSE,
)


class PatternError(ValueError):
    """Why a pattern cannot be looked for."""


@dataclass(frozen=True)
class Term:
    """One comparison: the object's path (quotes and indices taken out, `file:hashes.SHA-256`), and the values of which
    one must be there."""

    path: str
    values: tuple[str, ...]
    subset: bool = False


Alternative = tuple[Term, ...]
"""Terms that must hold together."""


def alternatives(text: str) -> list[Alternative]:
    """The pattern as alternatives, any of which is a sighting.

    Raises:
        PatternError: it is none, or says more than that.
    """
    if len(text) > MAX_CHARACTERS:
        raise PatternError(f"a pattern of more than {MAX_CHARACTERS} characters")
    return _Parser(_tokens(text)).pattern()


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.end() == at:
            raise PatternError(f"no pattern at character {at + 1}: {text[at : at + 30].strip()}")
        kind = found.lastgroup or ""
        tokens.append((kind, found[kind]))
        at = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0

    def pattern(self) -> list[Alternative]:
        found = self._observation()
        while self._at < len(self._tokens):
            word = self._next()[1].upper()
            if word != "OR":
                raise PatternError(f"{word}: several observations, or how often and when, are beyond a list")
            found = _bounded(found + self._observation())
        return found

    def _observation(self) -> list[Alternative]:
        if self._peek() == ("mark", "("):
            with _Deeper(self):
                self._next()
                found = self._observation()
                while self._peek() != ("mark", ")"):
                    word = self._next()[1].upper()
                    if word != "OR":
                        raise PatternError(f"{word}: several observations, or how often and when, are beyond a list")
                    found = _bounded(found + self._observation())
                self._next()
                return found
        self._take("mark", "[")
        found = self._either()
        self._take("mark", "]")
        return found

    def _either(self) -> list[Alternative]:
        found = self._both()
        while self._word("OR"):
            found = _bounded(found + self._both())
        return found

    def _both(self) -> list[Alternative]:
        found = self._one()
        while self._word("AND"):
            more = self._one()
            if len(found) * len(more) > MAX_ALTERNATIVES:
                raise PatternError(f"more than {MAX_ALTERNATIVES} alternatives")
            found = [(*left, *right) for left in found for right in more]
        return found

    def _one(self) -> list[Alternative]:
        if self._peek() == ("mark", "("):
            with _Deeper(self):
                self._next()
                found = self._either()
                self._take("mark", ")")
                return found
        kind, path = self._next()
        if kind != "path":
            raise PatternError(f"{path or 'the end'} where an object path should stand")
        operator = self._next()[1].upper()
        if operator == "=":
            return [(Term(_plain(path), (self._value(),)),)]
        if operator == "ISSUBSET":
            return [(Term(_plain(path), (self._value(),), subset=True),)]
        if operator == "IN":
            self._take("mark", "(")
            values = [self._value()]
            while self._peek() == ("mark", ","):
                self._next()
                values.append(self._value())
            self._take("mark", ")")
            return [(Term(_plain(path), tuple(values)),)]
        raise PatternError(f"{_plain(path)} {operator}: lists hold what equals a value")

    def _value(self) -> str:
        kind, text = self._next()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number" or (kind == "word" and text.lower() in ("true", "false")):
            return text
        raise PatternError(f"{text or 'the end'} where a text or number should stand")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _word(self, word: str) -> bool:
        kind, text = self._peek()
        if kind == "word" and text.upper() == word:
            self._at += 1
            return True
        return False

    def _take(self, kind: str, text: str) -> None:
        token = self._next()
        if token != (kind, text):
            raise PatternError(f"{token[1] or 'the end'} where {text} should stand")

    def deeper(self, by: int) -> None:
        self._depth += by
        if self._depth > MAX_DEPTH:
            raise PatternError(f"parentheses more than {MAX_DEPTH} deep")


class _Deeper:
    def __init__(self, parser: _Parser) -> None:
        self._parser = parser

    def __enter__(self) -> None:
        self._parser.deeper(1)

    def __exit__(self, *_: object) -> None:
        self._parser.deeper(-1)


def _bounded(found: list[Alternative]) -> list[Alternative]:
    if len(found) > MAX_ALTERNATIVES:
        raise PatternError(f"more than {MAX_ALTERNATIVES} alternatives")
    return found


def _plain(path: str) -> str:
    """`file:hashes.'SHA-256'` → `file:hashes.SHA-256`; which element of a list it is does not count."""
    return re.sub(r"\[(?:[0-9]+|\*)\]", "", path).replace("'", "")
