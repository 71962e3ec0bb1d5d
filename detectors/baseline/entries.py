"""The entries of a baseline one by one, each with a name that people can write: what a review is about.

```text
station:default/192.168.1.10
link:default/192.168.1.10>192.168.1.20/modbus
operation:default/192.168.1.10>192.168.1.20/modbus#16.write
object:default/192.168.1.10>192.168.1.20/modbus#read.holding_register.1:0-9
object:default/192.168.1.10>192.168.1.20/opcua#read.node.2="Pump.Speed"
poll:default/192.168.1.10>192.168.1.20/modbus#3.read.8017324…
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]
"""A table as the core's JSON (`sensor._core.baseline_to_json`)."""


@dataclass(frozen=True)
class Seen:
    """First and last time, how often, and where it was seen first. None: nobody knows (written by hand)."""

    first_ns: int | None = None
    last_ns: int | None = None
    count: int | None = None
    place: str | None = None
    """capture file or interface"""
    frame: int | None = None


@dataclass(frozen=True)
class Entry:
    kind: str
    """`station`, `link`, `operation`, `object`, `poll`"""
    id: str
    link: str | None
    """id of the link it belongs to; a link's own"""
    label: str
    seen: Seen = field(default_factory=Seen)
    about: Mapping[str, Any] = field(default_factory=dict)
    """the same as the label as facts, for a screen that has words of its own"""


def station_id(segment: str, ip: str) -> str:
    return f"station:{segment}/{ip}"


def link_id(link: Mapping[str, Any]) -> str:
    return f"link:{link['segment']}/{link['client']}>{link['server']}/{link['protocol']}"


def operation_id(link: str, code: int, kind: str) -> str:
    return f"operation:{link.removeprefix('link:')}#{code}.{kind}"


def stretch_id(link: str, row: Mapping[str, Any], start: int, end: int) -> str:
    return f"object:{link.removeprefix('link:')}#{row['class']}.{row['space']}.{row['index']}:{start}-{end}"


def name_id(link: str, row: Mapping[str, Any], name: str) -> str:
    return f'object:{link.removeprefix("link:")}#{row["class"]}.{row["space"]}.{row["index"]}="{name}"'


def poll_id(link: str, poll: Mapping[str, Any]) -> str:
    return f"poll:{link.removeprefix('link:')}#{poll['operation']}.{poll['class']}.{poll['identity']}"


def entries(document: Document, report: Mapping[str, Any] | None) -> Iterator[Entry]:
    """All entries of a table, with what learning saw of them (`report`: `Engine.learning(whole=True)`)."""
    seen = _Sightings(report)
    stations: dict[str, Seen] = {}
    for link in document["links"]:
        own = seen.link(link)
        for ip in (link["client"], link["server"]):
            key = station_id(link["segment"], ip)
            stations[key] = _both(stations.get(key), own)
    for asset in document["assets"]:
        key = station_id(asset["segment"], asset["ip"])
        label = " ".join((asset["ip"], *asset["macs"]))
        yield Entry("station", key, None, label, stations.get(key, Seen()), asset)
    for link in document["links"]:
        yield from _of_link(link, seen)


def _of_link(link: Mapping[str, Any], seen: _Sightings) -> Iterator[Entry]:
    name = link_id(link)
    label = f"{link['client']} → {link['server']} {link['protocol']}"
    ends = {key: link[key] for key in ("segment", "client", "server", "protocol")}
    writes = any(row["class"] in ("write", "control", "program") for row in link["operations"])
    yield Entry("link", name, name, label, seen.link(link), {**ends, "acts": writes})
    for row in link["operations"]:
        found = seen.of(name, "operation", (row["code"], row["class"])) or Seen(count=row["count"])
        about = {**ends, "class": row["class"], "code": row["code"], "operation": row["name"]}
        key = operation_id(name, row["code"], row["class"])
        yield Entry("operation", key, name, f"{label} {row['name']}", found, about)
    for row in link["objects"]:
        place = (row["class"], row["space"], row["index"])
        words = f"{label} {row['class']} {row['space']} {row['index']}"
        about = {**ends, "class": row["class"], "space": row["space"], "index": row["index"]}
        for start, end in row["stretches"]:
            found = seen.of(name, "stretch", (*place, start, end)) or Seen()
            touched = {**about, "start": start, "end": end}
            yield Entry("object", stretch_id(name, row, start, end), name, f"{words}: {start}–{end}", found, touched)
        for text in row["names"]:
            found = seen.of(name, "name", (*place, text)) or Seen()
            touched = {**about, "object": text}
            yield Entry("object", name_id(name, row, text), name, f"{words}: {text}", found, touched)
    for poll in link["polls"]:
        repeated = (poll["operation"], poll["class"], str(poll["identity"]))
        found = seen.of(name, "poll", repeated) or Seen(count=poll["samples"])
        words = f"{label} {poll['operation']} {poll['space']} {poll['index']}: {poll['name'] or poll['start']}"
        label_of_poll = f"{words}, {poll['period_us'] / 1e6:.3f} s"
        yield Entry("poll", poll_id(name, poll), name, label_of_poll, found, {**ends, **_rhythm(link, poll)})


def _rhythm(link: Mapping[str, Any], poll: Mapping[str, Any]) -> dict[str, Any]:
    """A poll's facts. Its request is known by number only; the link says what that is called."""
    called = {(row["code"], row["class"]): row["name"] for row in link["operations"]}
    told = {key: poll[key] for key in ("class", "space", "index", "period_us", "low_us", "high_us", "stopped_us")}
    told |= {"object": poll["name"]} if poll["name"] else {"start": poll["start"], "end": poll["end"]}
    return {**told, "code": poll["operation"], "operation": called.get((poll["operation"], poll["class"]), "")}


def _both(one: Seen | None, other: Seen) -> Seen:
    """Of two of a station's links: the first and the last time."""
    if one is None or one.first_ns is None or one.last_ns is None:
        return other
    if other.first_ns is None or other.last_ns is None:
        return one
    first = min(one, other, key=lambda seen: seen.first_ns or 0)
    count = (one.count or 0) + (other.count or 0)
    return Seen(first.first_ns, max(one.last_ns, other.last_ns), count, first.place, first.frame)


class _Sightings:
    """What learning saw of each thing, by what it is."""

    def __init__(self, report: Mapping[str, Any] | None) -> None:
        self._inputs = (report or {}).get("inputs", [])
        self._of: dict[tuple[Any, ...], Mapping[str, Any]] = {}
        for link in (report or {}).get("links", []):
            name = link_id(link)
            self._of[(name, "link")] = link["seen"]
            for code, kind, seen in link["operations"]:
                self._of[(name, "operation", code, kind)] = seen
            for row in link["objects"]:
                place = (row["class"], row["space"], row["index"])
                for start, end, seen in row["stretches"]:
                    self._of[(name, "stretch", *place, start, end)] = seen
                for text, seen in row["names"]:
                    self._of[(name, "name", *place, text)] = seen
            for operation, kind, identity, seen in link["polls"]:
                self._of[(name, "poll", operation, kind, identity)] = seen

    def of(self, link: str, what: str, key: tuple[Any, ...]) -> Seen | None:
        return self._seen(self._of.get((link, what, *key)))

    def link(self, link: Mapping[str, Any]) -> Seen:
        found = self._seen(self._of.get((link_id(link), "link")))
        return found or Seen(link["first_ns"], link["last_ns"], link["messages"])

    def _seen(self, found: Mapping[str, Any] | None) -> Seen | None:
        if found is None:
            return None
        place = self._inputs[found["input"]] if found["input"] < len(self._inputs) else None
        return Seen(found["first_ns"], found["last_ns"], found["count"], place, found["frame"])
