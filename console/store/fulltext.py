"""Full text of the embedded store: which tokens stand for an incident, and a filter as a query over them.

An FTS5 table without content holds, for each incident, its words and its filters as tokens. Words are cut up here, so
that FTS5's plain `ascii` tokenizer (which takes every character beyond ASCII for a letter) has only spaces to cut at:

- a run of Han characters becomes its overlapping pairs and its last character: 工程师站 is `工程 程师 师站 站`. Two
  characters are one token, more are a phrase, a single one is every token that begins with it;
- another word is a token, and so are its beginnings up to each mark (`192.168.1` of 192.168.1.66) and what its marks
  divide, where that is letters (`register`);
- a hardware address is one token without its marks, and its maker's half another: `@001c06a1b2c3` and `@001c06`. Two
  stand in every incident, and nobody looks for other beginnings often;
- a filter is a token no text can contain: `=` and a letter for the column, then the value (`=lhigh`, `=cplant-a`).
  What the sensor says of an incident's state is none: each would be written twice, for it is closed soon.

A beginning of a word is looked up in the index's own vocabulary and becomes an OR of whole tokens: FTS5 reads those as
a stream and stops when a page is full, where its own prefix query would first gather all matches of a frequent one.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter

from console.store.kept import Kept
from console.store.rows import IncidentFilter
from console.store.text import HARDWARE, MARKS, Word, pieces, runs, words_of
from sensor.schema import LEVELS, Level

TABLES = (
    "CREATE VIRTUAL TABLE search USING fts5(tokens, content='', tokenize=\"ascii tokenchars '.:/_-=@'\")",
    "CREATE VIRTUAL TABLE vocabulary USING fts5vocab(search, instance)",
    # Merge eight parts of the index at a time, not four: at ten million incidents each token is written anew five times
    # and not seven, and a search looks into some forty parts.
    "INSERT INTO search (search, rank) VALUES ('automerge', 8)",
)
MAX_EXPANDED = 256
"""Tokens that one beginning may stand for. One with more (the first letter of 30,000 names) is left to FTS5's own
prefix query, which is slower and as right."""
REMEMBERED, MAX_REMEMBERED = 32_768, 128
"""Texts whose tokens are remembered, and characters of such a text: titles and names come again and again, and cutting
them up was most of the cost of a write."""
_LAST = "\U0010ffff"
_IPV4 = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_LONGEST_ADDRESS = len("02:00:00:00:00:11")
_BEGINS_HARDWARE = re.compile(r"(?:[0-9a-f]{2}:){0,5}[0-9a-f]{0,2}")
_MAKER = len("@001c06")
_SPELLED = re.compile(r"[a-z0-9.:-]*")
"""what of a filter's value stands in a token as it is"""


_said = itemgetter(
    *(
        place
        for place, name in enumerate(Kept._fields)
        if name not in ("rank", "first_ns", "last_ns", "hits", "outcome", "state", "hour", "segment")
    )
)


def same_document(before: Kept, after: Kept) -> bool:
    """Whether two revisions of an incident are the same to the index, as most are: counted on, or closed."""
    return bool(_said(before) == _said(after))


def document(kept: Kept, workflow: str) -> str:
    """The tokens of one incident; the same row always gives the same tokens, for they must be told to be removed."""
    return " ".join([_words(kept), *_filter_tokens(kept, workflow)])


def _words(kept: Kept) -> str:
    said = (
        kept.title_zh, kept.title_en, kept.rule_id, kept.technique, kept.origin, kept.child, kept.detector,
        kept.protocol,
    )  # fmt: skip
    ends = " ".join([joined(text) for text in (kept.client, kept.server, *kept.words.split(" ")) if text])
    if ends.isascii():  # both are mostly of one network and one maker; pairs of Han characters stand as they follow
        ends = " ".join(dict.fromkeys(ends.split()))
    return " ".join([*[_remembered(text) for text in said if text], *([ends] if ends else [])])


def tokens(text: str) -> list[str]:
    return [token for word in runs(text) for token in _tokens(word)]


def _remembered(text: str) -> str:
    return _joined_short(text) if len(text) <= MAX_REMEMBERED else " ".join(tokens(text))


@lru_cache(REMEMBERED)
def _joined_short(text: str) -> str:
    return " ".join(tokens(text))


def joined(text: str) -> str:
    """`tokens`, with spaces between. Addresses are too many to be remembered, and of a form that is cut at once."""
    if len(text) <= _LONGEST_ADDRESS:
        if _IPV4.fullmatch(text):
            a, b, c, _ = text.split(".")
            return f"{text} {a} {a}.{b} {a}.{b}.{c}"
        if HARDWARE.fullmatch(text):
            return " ".join(_hardware(text))
    return _remembered(text)


def _tokens(word: Word) -> list[str]:
    if word.han:
        return [*map("".join, zip(word.text, word.text[1:], strict=False)), word.text[-1]]
    if word.whole and HARDWARE.fullmatch(word.text):
        return _hardware(word.text)
    return [*pieces(word), *(word.text[: mark.start()] for mark in MARKS.finditer(word.text))]


def _hardware(address: str) -> list[str]:
    token = f"@{address.replace(':', '')}"
    return [token, token[:_MAKER]]


def _filter_tokens(kept: Kept, workflow: str) -> list[str]:
    found = [
        _mark("l", kept.level), _mark("d", kept.detector), _mark("p", kept.protocol), _mark("c", kept.child),
        _mark("o", kept.origin), _mark("n", kept.tenant), _mark("w", workflow),
        *[_mark("t", name) for name in kept.techniques],
    ]  # fmt: skip
    if kept.cause is not None:
        found.append(_mark("a", kept.cause))
    if kept.story is not None:  # too many to be remembered
        found.append(f"=y{kept.story}" if _SPELLED.fullmatch(kept.story) else _mark("y", kept.story))
    return found


def _mark(column: str, value: str) -> str:
    """Filters are exact, also in upper and lower case, and their values any text; a long one is told by its digest."""
    if len(value) <= MAX_REMEMBERED:
        return _short_mark(column, value)
    return f"={column}@{sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()}"


@lru_cache(4 * REMEMBERED)
def _short_mark(column: str, value: str) -> str:
    if _SPELLED.fullmatch(value):
        return f"={column}{value}"
    return f"={column}" + "".join(letter if _SPELLED.fullmatch(letter) else f"_{ord(letter):x}_" for letter in value)


def expression(db: sqlite3.Connection, where: IncidentFilter) -> str | None:
    """What FTS5 is to match for all of `where` but its times; None where nothing of it narrows, "" for what is nowhere.

    Raises nothing for hostile text: every token is quoted, and quotes are no part of a word.
    """
    parts = []
    for column, value in (
        ("l", where.level), ("d", where.detector), ("p", where.protocol), ("t", where.technique), ("c", where.child),
        ("o", where.origin), ("n", where.tenant), ("w", where.workflow),
    ):  # fmt: skip
        if value is not None:
            parts.append(_quoted(_mark(column, str(value))))
    if where.level_at_least is not None:
        parts.append(_any_of(_mark("l", level) for level in at_least(where.level_at_least)))
    if where.suppressed:  # few among very many: found by their causes, whatever is asked beside them
        parts.append(_any_of(_mark("a", one.cause) for one in where.suppressions or ()))
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
        return _quoted(_tokens(word)[0])
    beginnings = [word.text]
    if _BEGINS_HARDWARE.fullmatch(word.text):
        beginnings.append(f"@{word.text.replace(':', '')}")
    found = list(filter(None, (_begun(db, beginning) for beginning in beginnings)))
    return f"({' OR '.join(found)})" if found else ""


def _begun(db: sqlite3.Connection, beginning: str) -> str:
    found = expand(db, beginning, MAX_EXPANDED + 1)
    return f"{_quoted(beginning)}*" if len(found) > MAX_EXPANDED else _any_of(found)


def expand(db: sqlite3.Connection, beginning: str, most: int) -> list[str]:
    """Tokens that begin so, without those beyond the next mark: where they are, their beginning up to it is as well."""
    found: list[str] = []
    start = beginning
    while len(found) < most:
        row = db.execute("SELECT term FROM vocabulary WHERE term >= ? LIMIT 1", (start,)).fetchone()
        if row is None or not row[0].startswith(beginning):
            break
        token = str(row[0])
        mark = MARKS.search(token, len(beginning))
        if mark is not None:
            start = token[: mark.start() + 1] + _LAST
        elif token[0] == "@" and len(beginning) <= _MAKER < len(token):
            start = token[:_MAKER] + _LAST
        else:
            found.append(token)
            start = f"{token}\x00"
    return found


def _any_of(tokens: Iterable[str]) -> str:
    found = [_quoted(token) for token in tokens]
    return f"({' OR '.join(found)})" if found else ""


def _quoted(token: str) -> str:
    return f'"{token}"'
