"""What was seen in operation and never while learning, and a person took in all the same: a link, an operation on it,
objects. Each is named as an entry is; the table gets a row for it, with no count and no rhythm."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from detectors.baseline.entries import Entry, link_id, name_id, operation_id, stretch_id

MAX_ADDRESS = 2**63 - 1


@dataclass(frozen=True)
class Added:
    """One of them, read from its name."""

    kind: str
    """`link`, `operation`, `object`"""
    id: str
    segment: str
    client: str
    server: str
    protocol: str
    operation_class: str = ""
    code: int = 0
    space: str = ""
    index: int = 0
    stretch: tuple[int, int] | None = None
    name: str | None = None

    @property
    def ends(self) -> dict[str, str]:
        return {"segment": self.segment, "client": self.client, "server": self.server, "protocol": self.protocol}

    @property
    def link(self) -> str:
        return link_id(self.ends)

    def entry(self, called: str) -> Entry:
        label = f"{self.client} → {self.server} {self.protocol}"
        about: dict[str, Any] = dict(self.ends)
        if self.kind == "operation":
            label += f" {called or self.code}"
            about |= {"class": self.operation_class, "code": self.code, "operation": called}
        elif self.kind == "object":
            shown = self.name if self.stretch is None else "–".join(map(str, self.stretch))
            label += f" {self.operation_class} {self.space} {self.index}: {shown}"
            about |= {"class": self.operation_class, "space": self.space, "index": self.index}
            if self.stretch is None:
                about["object"] = self.name
            else:
                about["start"], about["end"] = self.stretch
        return Entry(self.kind, self.id, self.link, label, about=about)


def read(entry: str) -> Added:
    """Raises ValueError: it names nothing that can be taken in."""
    kind, _, rest = entry.partition(":")
    ends, hash_sign, inner = rest.partition("#")
    where, _, protocol = ends.rpartition("/")
    sides, _, server = where.rpartition(">")
    segment, _, client = sides.rpartition("/")
    for address in (client, server):
        ipaddress.ip_address(address)
    own: dict[str, Any] = {"id": entry, "segment": segment, "client": client, "server": server, "protocol": protocol}
    if not segment or not protocol:
        raise ValueError(entry)
    if kind == "link" and not hash_sign:
        found = Added(kind, **own)
    elif kind == "operation":
        code, _, operation_class = inner.partition(".")
        found = Added(kind, **own, code=_number(code, 2**32 - 1), operation_class=operation_class)
    elif kind == "object":
        found = _object(own, inner)
    else:
        raise ValueError(entry)
    if name_of(found) != entry:  # whatever is written another way names the same thing twice
        raise ValueError(entry)
    return found


def _object(own: Mapping[str, Any], inner: str) -> Added:
    place, quote, name = inner.partition('="')
    if not quote:
        place, _, stretch = inner.rpartition(":")
    operation_class, space, index = place.split(".")
    parts: dict[str, Any] = {"operation_class": operation_class, "space": space, "index": _number(index, 2**32 - 1)}
    if quote:
        return Added("object", **own, **parts, name=name.removesuffix('"'))
    first, _, last = stretch.partition("-")
    ends = _number(first, MAX_ADDRESS), _number(last, MAX_ADDRESS)
    if ends[0] > ends[1]:
        raise ValueError(stretch)
    return Added("object", **own, **parts, stretch=ends)


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19) or int(text) > most:
        raise ValueError(text)
    return int(text)


def name_of(added: Added) -> str:
    row = {"class": added.operation_class, "space": added.space, "index": added.index}
    if added.kind == "operation":
        return operation_id(added.link, added.code, added.operation_class)
    if added.kind == "object":
        if added.stretch is not None:
            return stretch_id(added.link, row, *added.stretch)
        return name_id(added.link, row, added.name or "")
    return added.link


def put(links: list[dict[str, Any]], taken_in: Iterable[tuple[Added, str]]) -> None:
    """Add rows to a table's links, in place. With each its operation's name, for people."""
    known = {link_id(link): link for link in links}
    for one, called in taken_in:
        link = known.get(one.link)
        if link is None:
            link = {**one.ends, "first_ns": 0, "last_ns": 0, "messages": 0}
            link |= {"operations": [], "objects": [], "polls": []}
            known[one.link] = link
            links.append(link)
        if one.kind == "operation":
            if not any((row["code"], row["class"]) == (one.code, one.operation_class) for row in link["operations"]):
                row = {"code": one.code, "name": called or str(one.code), "class": one.operation_class, "count": 0}
                link["operations"].append(row)
        elif one.kind == "object":
            _put_object(link, one)


def _put_object(link: dict[str, Any], one: Added) -> None:
    place = (one.operation_class, one.space, one.index)
    row = next((row for row in link["objects"] if (row["class"], row["space"], row["index"]) == place), None)
    if row is None:
        row = {"class": one.operation_class, "space": one.space, "index": one.index, "stretches": [], "names": []}
        link["objects"].append(row)
    if one.stretch is not None:
        row["stretches"] = joined([*row["stretches"], list(one.stretch)])
    elif one.name not in row["names"]:
        row["names"].append(one.name)


def joined(stretches: Iterable[Any]) -> list[list[int]]:
    """Apart and in order."""
    found: list[list[int]] = []
    for start, end in sorted(map(tuple, stretches)):
        if found and start <= found[-1][1] + 1:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return found
