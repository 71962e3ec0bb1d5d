"""What a baseline's versions say of themselves: who made one, and what for, in the reader's language.

A sensor writes down `approve 2, reject 1: why`, and what no person made has a program as its author. What was written
otherwise stays as it is.
"""

from __future__ import annotations

import re

from console.catalogue import listed, say
from console.plain import clean
from console.words import Words

_DECIDED = re.compile(r"((?:(?:approve|reject|widen|add) \d+(?:, )?)+): (.*)", re.DOTALL)
_BACK = re.compile(r"rollback to version (\d+)(?:: (.*))?", re.DOTALL)
_ENFORCED = re.compile(r"enforce: (.*)", re.DOTALL)


def author_of(author: object, language: str) -> str:
    text = clean(str(author or ""))
    if text == "otus baseline (sensor)":
        return say("baseline.by_sensor", language)
    return say("baseline.by_learning", language) if text == "otus baseline learn" else text


def note_of(note: object, language: str) -> str:
    text = str(note or "")
    if found := _DECIDED.fullmatch(text):
        counts = (one.split(" ") for one in found[1].split(", ") if one)
        words = Words(language)
        said = [
            say("baseline.counted", language, what=words.code("review_action", code), n=int(n)) for code, n in counts
        ]
        return listed(said, language) + say("baseline.colon", language) + clean(found[2])
    if found := _BACK.fullmatch(text):
        said_back = say("baseline.asked_rollback", language, n=int(found[1]))
        return said_back + (say("baseline.colon", language) + clean(found[2]) if found[2] else "")
    if found := _ENFORCED.fullmatch(text):
        return say("baseline.asked_enforce", language) + say("baseline.colon", language) + clean(found[1])
    return say("baseline.taken_back", language) if text == "not loaded" else clean(text)
