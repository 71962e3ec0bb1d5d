"""Lists of children and sensors, a page at a time: who is on it, in which order, and where the next one begins.

By name, or the silent first and each part by name: what is heard of meanwhile moves nobody else. Whom a list counts as
silent is settled on its first page and travels in the cursor.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nsmallest

from console.store.queries import MAX_LIMIT
from console.store.rows import NodeFilter, Silence

MAX_CURSOR = 600
SILENT, HEARD = 0, 1

Listed = tuple[str, int | None]
"""(name, when it was last heard; None: never)"""


Place = tuple[int, str]
"""(part, name) of one on a list, in its order"""


@dataclass(frozen=True)
class Walk:
    """One page of one list."""

    where: NodeFilter
    limit: int
    after: Place | None

    @property
    def parts(self) -> tuple[int, ...]:
        """What is still to be listed, in order. A list by name alone has one part."""
        if self.where.silence is not Silence.FIRST:
            return (SILENT,)
        return (SILENT, HEARD) if self.after is None or self.after[0] == SILENT else (HEARD,)

    def places(self, listed: Iterable[Listed]) -> Iterator[Place]:
        """Those that the filter takes and that come after this page's beginning. One short loop: it runs over all."""
        before_ns, silence, after = self.where.silent_before_ns, self.where.silence, self.after
        text = None if self.where.text is None else self.where.text.casefold()
        for name, seen_ns in listed:
            silent = silence is not None and (seen_ns is None or seen_ns < before_ns)
            if (silence is Silence.ONLY and not silent) or (text is not None and text not in name.casefold()):
                continue
            place = (HEARD if silence is Silence.FIRST and not silent else SILENT, name)
            if after is None or place > after:
                yield place

    def page(self, listed: Iterable[Listed]) -> tuple[list[str], str | None]:
        """The names of this page, in order, and the next one's cursor. Costs a look at each name, and no more."""
        return self.cut(nsmallest(self.limit + 1, self.places(listed)))

    def cut(self, places: list[Place]) -> tuple[list[str], str | None]:
        """One more than a page says that there is another."""
        names = [name for _, name in places[: self.limit]]
        if len(places) <= self.limit:
            return names, None
        text = json.dumps([*places[self.limit - 1], self.where.silent_before_ns], separators=(",", ":"))
        return names, base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def walk(where: NodeFilter, limit: int, cursor: str | None) -> Walk:
    """A cursor that cannot be read begins at the first page."""
    limit = max(1, min(limit, MAX_LIMIT))
    found = _read(cursor)
    if found is None:
        return Walk(where, limit, None)
    part, name, silent_before_ns = found
    return Walk(where.as_of(silent_before_ns), limit, (part, name))


def _read(cursor: str | None) -> tuple[int, str, int] | None:
    if not cursor or len(cursor) > MAX_CURSOR:
        return None
    try:
        part, name, moment_ns = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        name.encode()
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        return None
    if part not in (SILENT, HEARD) or type(part) is not int or type(moment_ns) is not int or abs(moment_ns) >= 2**63:
        return None
    return part, name, moment_ns
