"""Full text of the embedded store: which tokens stand for an incident, and a filter as a query over them.

An FTS5 table without content holds, for each incident, its words and its filters as tokens. Words are cut up here, so
that FTS5's plain `ascii` tokenizer (which takes every character beyond ASCII for a letter) has only spaces to cut at:

- a run of Han characters becomes its overlapping pairs and its last character: 工程师站 is `工程 程师 师站 站`. Two
  characters are one token, more are a phrase, a single one is every token that begins with it;
- another word is a token, and so are its beginnings up to each mark (`192.168.1` of 192.168.1.66) and what its marks
  divide, where that is letters (`register`);
- a filter is a token no text can contain: `=` and a letter for the column, then the value (`=lhigh`, `=cplant-a`).

A beginning of a word is looked up in the table `word` and becomes an OR of whole tokens: FTS5 reads those as a stream
and stops when a page is full, where its own prefix query would first gather every match of a frequent beginning.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from functools import lru_cache

from console.store.kept import Kept
from console.store.rows import IncidentFilter
from console.store.text import MARKS, Word, pieces, runs, words_of
from sensor.schema import LEVELS, Level

TABLES = (
    "CREATE VIRTUAL TABLE search USING fts5(tokens, content='', tokenize=\"ascii tokenchars '.:/_-='\")",
    "CREATE TABLE word (word TEXT PRIMARY KEY) WITHOUT ROWID",
)
MAX_EXPANDED = 256
"""Tokens that one beginning may stand for. One with more (the first letter of 30,000 names) is left to FTS5's own
prefix query, which is slower and as right."""
REMEMBERED, MAX_REMEMBERED = 8_000, 128
"""Texts whose tokens are remembered, and characters of such a text: titles, names and addresses come again and again,
and cutting them up was most of the cost of a write."""
_LAST = "\U0010ffff"
_ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_LONGEST_ADDRESS = len("02:00:00:00:00:11")


def document(kept: Kept, workflow: str) -> str:
    """The tokens of one incident; the same row always gives the same tokens, for they must be told to be removed."""
    return with_filters(words(kept), kept, workflow)


def words(kept: Kept) -> str:
    """Those of its texts."""
    return " ".join(map(joined, texts(kept)))


def with_filters(words: str, kept: Kept, workflow: str) -> str:
    return " ".join([words, *_filter_tokens(kept, workflow)])


def texts(kept: Kept) -> list[str]:
    """What of an incident is searched, text by text."""
    found = (
        kept.title_zh, kept.title_en, kept.client, kept.server, kept.rule_id, kept.technique, kept.origin, kept.child,
        kept.detector, kept.protocol, *kept.words.split(" "),
    )  # fmt: skip
    return [text for text in found if text]


def tokens(text: str) -> list[str]:
    return [token for word in runs(text) for token in _tokens(word)]


@lru_cache(REMEMBERED)
def _joined_short(text: str) -> str:
    return " ".join(tokens(text))


def joined(text: str) -> str:
    """`tokens`, with spaces between. Addresses are too many to be remembered, and of a form that is cut at once."""
    if len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text):
        if "." in text:
            a, b, c, _ = text.split(".")
            return f"{text} {a} {a}.{b} {a}.{b}.{c}"
        a, b, c, d, e, _ = text.split(":")
        return f"{text} {a} {a}:{b} {a}:{b}:{c} {a}:{b}:{c}:{d} {a}:{b}:{c}:{d}:{e}"
    return _joined_short(text) if len(text) <= MAX_REMEMBERED else " ".join(tokens(text))


def _tokens(word: Word) -> list[str]:
    if word.han:
        return [*map("".join, zip(word.text, word.text[1:], strict=False)), word.text[-1]]
    return [*pieces(word), *(word.text[: mark.start()] for mark in MARKS.finditer(word.text))]


def _filter_tokens(kept: Kept, workflow: str) -> Iterator[str]:
    yield _mark("l", kept.level)
    yield _mark("d", kept.detector)
    yield _mark("p", kept.protocol)
    yield _mark("c", kept.child)
    yield _mark("o", kept.origin)
    yield _mark("n", kept.tenant)
    yield _mark("s", kept.state)
    yield _mark("w", workflow)
    if kept.story is not None:
        yield _mark("y", kept.story)
    for name in kept.techniques:
        yield _mark("t", name)


@lru_cache(REMEMBERED)
def _mark(column: str, value: str) -> str:
    """Filters are exact, also in upper and lower case, and their values any text."""
    if value.isalnum() and value.isascii() and value.islower():
        return f"={column}{value}"
    return f"={column}" + "".join(
        c if c in "abcdefghijklmnopqrstuvwxyz0123456789.:-" else f"_{ord(c):x}_" for c in value
    )


def expression(db: sqlite3.Connection, where: IncidentFilter) -> str | None:
    """What FTS5 is to match for all of `where` but its times; None where nothing of it narrows, "" for what is nowhere.

    Raises nothing for hostile text: every token is quoted, and quotes are no part of a word.
    """
    parts = []
    for column, value in (
        ("l", where.level), ("d", where.detector), ("p", where.protocol), ("t", where.technique), ("c", where.child),
        ("o", where.origin), ("n", where.tenant), ("s", where.state), ("w", where.workflow),
    ):  # fmt: skip
        if value is not None:
            parts.append(_quoted(_mark(column, str(value))))
    if where.level_at_least is not None:
        parts.append(_any_of(_mark("l", level) for level in at_least(where.level_at_least)))
    if where.stories is not None:
        parts.append(_any_of(_mark("y", name) for name in where.stories))
    if (where.text or "").strip():
        words = words_of(where.text)
        parts += [_found(db, word) for word in words] or [""]
    if not parts:
        return None
    return " AND ".join(parts) if all(parts) else ""


def in_workflow(states: Iterable[str]) -> str:
    """What FTS5 is to match for incidents that are with a person in one of these states."""
    return _any_of(_mark("w", str(state)) for state in states)


def at_least(level: Level | str) -> list[str]:
    """The levels from this one up; none for a level that does not exist."""
    try:
        return [str(item) for item in LEVELS if item.rank >= Level(level).rank]
    except ValueError:
        return []


def _found(db: sqlite3.Connection, word: Word) -> str:
    if word.han and len(word.text) > 1:
        return _quoted(" ".join(map("".join, zip(word.text, word.text[1:], strict=False))))
    if word.whole:
        return _quoted(word.text)
    beginning = word.text
    found = expand(db, beginning, MAX_EXPANDED + 1)
    return f"{_quoted(beginning)}*" if len(found) > MAX_EXPANDED else _any_of(found)


def expand(db: sqlite3.Connection, beginning: str, most: int) -> list[str]:
    """Tokens that begin so, without those beyond the next mark: where they are, their beginning up to it is as well."""
    found: list[str] = []
    start = beginning
    while len(found) < most:
        row = db.execute("SELECT word FROM word WHERE word >= ? LIMIT 1", (start,)).fetchone()
        if row is None or not row[0].startswith(beginning):
            break
        mark = MARKS.search(row[0], len(beginning))
        if mark is None:
            found.append(row[0])
            start = f"{row[0]}\x00"
        else:
            start = row[0][: mark.start() + 1] + _LAST
    return found


def _any_of(tokens: Iterable[str]) -> str:
    found = [_quoted(token) for token in tokens]
    return f"({' OR '.join(found)})" if found else ""


def _quoted(token: str) -> str:
    return f'"{token}"'
