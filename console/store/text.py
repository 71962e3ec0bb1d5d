"""What a search finds: the text of an incident as words, and the reader's words as every store understands them.

Searched are the titles in both languages, the ends' addresses (IP and MAC), the rule's id, the technique's code, the
operation's name, and the names of origin, child, detector and protocol. Evidence is not searched, nor is advice: it is
the same sentence under every incident of a rule.

Text is compared after NFKC and without case: full-width letters are ordinary ones. It falls into two sorts of words:

- a run of Han characters. It is found wherever its characters stand side by side (写入, 工程师站), a single one
  wherever it stands;
- a run of other letters and digits, inner `. : - _ /` included, so that addresses, ids and `write_single_register` are
  one word each, and what is all letters between those marks is a word too (`register`). It is found from its beginning
  (`192.168.1` finds 192.168.1.66), but a whole address finds that address only (192.168.1.6 does not find .66).

Everything else separates words. At most `MAX_WORDS` words of a search count. A search of spaces alone does not narrow;
one that has no word in it (`?!`) finds nothing.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from sensor.schema import Alert, Endpoint

MAX_WORDS = 16
MAX_WORD = 64
"""characters of a word without Han that are compared; the longest names are this long"""
MAX_CHARACTERS = 256
"""of a search; nobody types more, and each costs a look into the index"""

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_HAN}]+|(?:(?![{_HAN}])\w)+(?:[.:/_-]+(?:(?![{_HAN}])\w)+)*")
_PLAIN = re.compile(r"[a-z0-9]+(?:[.:/_-]+[a-z0-9]+)*")
"""one word as it is compared already"""
MARKS = re.compile(r"[.:/_-]+")
_COLONS = re.compile(r"[0-9a-f.]*:[0-9a-f:.]+")
"""what may be an IPv6 address"""
_IPV4 = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
HARDWARE = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
PLAIN_ADDRESS = re.compile(f"{_IPV4.pattern}|{HARDWARE.pattern}")
"""one word, as it is compared already: most addresses are one"""


class Word(NamedTuple):
    text: str
    """as it is compared: NFKC, case folded"""
    han: bool = False
    whole: bool = False
    """only as it stands here, not as the beginning of a longer one: an address"""


def runs(text: str) -> Iterator[Word]:
    """Every word of a text, in order."""
    if len(text) <= MAX_WORD and _PLAIN.fullmatch(text):  # most are: addresses, names, codes
        yield Word(text, whole=_is_address(text))
        return
    folded = unicodedata.normalize("NFKC", text).casefold()
    for found in _RUN.findall(folded):
        han = re.match(f"[{_HAN}]", found) is not None
        text = found if han else found[:MAX_WORD].rstrip(".:/_-")
        yield Word(text, han, not han and _is_address(text))


def words_of(search: str | None) -> tuple[Word, ...]:
    """The words of a search, each once."""
    return tuple(dict.fromkeys(runs((search or "")[:MAX_CHARACTERS])))[:MAX_WORDS]


def pieces(word: Word) -> tuple[str, ...]:
    """A word and, where marks divide it and it is no address, the letters between them: `a_block` and `block`."""
    if word.han or word.whole:
        return (word.text,)
    return tuple(dict.fromkeys([word.text, *(part for part in MARKS.split(word.text) if part.isalpha())]))


def more_parts(alert: Alert) -> list[str]:
    """What is searched of an alert beside the columns of its row: the hardware addresses, the operation."""
    macs = [end.mac for end in (alert.client, alert.server) if isinstance(end, Endpoint) and end.mac]
    operation = alert.fields.get("operation.name")
    return [*macs, operation] if isinstance(operation, str) else macs


def more_words(alert: Alert) -> str:
    return " ".join(more_parts(alert))


def _is_address(text: str) -> bool:
    if HARDWARE.fullmatch(text) or _IPV4.fullmatch(text):
        return True
    if not _COLONS.fullmatch(text):
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
