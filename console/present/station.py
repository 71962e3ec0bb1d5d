"""What changed about a station from one revision to the next, as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from console.catalogue import say
from console.plain import clean, shorten
from console.present.fields import label
from console.store import AssetRevision
from console.words import Words
from sensor.schema import Asset

MAX_VALUE = 80


@dataclass(frozen=True)
class Change:
    at_ns: int
    """the traffic's time"""
    lines: tuple[str, ...]


def changes(revisions: Sequence[AssetRevision], language: str) -> tuple[Change, ...]:
    """`revisions` from the newest on, as the store gives them; the oldest has nothing to be compared with."""
    found = []
    for number, revision in enumerate(revisions):
        if number + 1 == len(revisions):
            lines = [say("assets.history_begins", language)]
        else:
            lines = list(_lines(revisions[number + 1].asset, revision.asset, language))
        found.append(Change(revision.asset.last_ns, tuple(lines or [say("assets.seen_again", language)])))
    return tuple(found)


def _lines(before: Asset, after: Asset, language: str) -> Iterator[str]:
    words = Words(language)
    for old, new, key, word in (
        (before.roles, after.roles, "role", lambda code: words.code("role", code)),
        (before.protocols, after.protocols, "protocol", words.protocol),
    ):
        for code in new:
            if code not in old:
                yield say("assets.gained", language, what=say(f"assets.{key}", language), value=word(code))
        for code in old:
            if code not in new:
                yield say("assets.lost", language, what=say(f"assets.{key}", language), value=word(code))
    for name in dict.fromkeys((*before.identity, *after.identity)):
        yield from _became(
            label(f"asset.identity.{name}", language) or clean(name),
            before.identity.get(name),
            after.identity.get(name),
            language,
        )
    for name in ("vlan", "mac"):
        yield from _became(label(f"asset.{name}", language), getattr(before, name), getattr(after, name), language)


def _became(what: str, old: Any, new: Any, language: str) -> Iterator[str]:
    if old == new:
        return
    shown = [shorten(clean(str(value)), MAX_VALUE) for value in (old, new) if value not in (None, "")]
    if old in (None, ""):
        yield say("assets.told", language, what=what, value=shown[0]) if shown else ""
    elif new in (None, ""):
        yield say("assets.lost", language, what=what, value=shown[0])
    else:
        yield say("assets.became", language, what=what, before=shown[0], after=shown[1])
