"""The entries of a baseline in words: who, does what, on which object, how often, between which values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.catalogue import listed, say
from console.plain import clean, shorten
from console.present.drawing import number, number_text, period_text
from console.present.reason import place_text
from console.words import Words
from sensor.schema import BaselineEntry

DECIDED = ("station", "link", "operation", "object", "poll")
"""kinds that people decide about; values are shown only"""
MOST = 160


@dataclass(frozen=True)
class Line:
    """One row of the list."""

    entry: BaselineEntry
    what: str
    more: str
    """in small letters beneath"""
    heading: tuple[str, str, str] | None
    """client, server and protocol, where another link begins"""
    asked: str
    """what somebody decided that the sensor has not carried out yet; "": nothing"""
    widened_to: str = ""
    """`0–99`, `10.0.0.0/28`: what it stands for by the last decision"""

    @property
    def may_be_decided(self) -> bool:
        return self.entry.kind in DECIDED and not self.asked


def lines(rows: Sequence[BaselineEntry], language: str, asked: Mapping[str, str]) -> list[Line]:
    """`asked`: entry → action of decisions under way."""
    found, last = [], ""
    for entry in rows:
        ends = ends_of(entry)
        begins = ends is not None and entry.link != last
        last = entry.link
        what, more = words_of(entry, language)
        heading = ends if begins else None
        found.append(Line(entry, what, more, heading, asked.get(entry.name, ""), _widened_to(entry)))
    return found


def _widened_to(entry: BaselineEntry) -> str:
    said = entry.decision or {}
    stretch, network = _list(said.get("stretch")), said.get("network")
    return shorten(clean("–".join(map(str, stretch)) or str(network or "")), 60)


def ends_of(entry: BaselineEntry) -> tuple[str, str, str] | None:
    """None for what is no link's."""
    client, server, protocol = (entry.about.get(name) for name in ("client", "server", "protocol"))
    return (clean(str(client)), clean(str(server)), str(protocol)) if client and server else None


def words_of(entry: BaselineEntry, language: str) -> tuple[str, str]:
    """What it is, and what else is known of it. A kind that this version does not know is shown by its name."""
    make = _WORDS.get(entry.kind)
    what, more = make(entry.about, Words(language)) if make is not None else ("", "")
    return shorten(clean(what), MOST) or shorten(clean(entry.name), MOST), shorten(clean(more), MOST)


def _station(about: Mapping[str, Any], words: Words) -> tuple[str, str]:
    roles = [str(role) for role in _list(about.get("roles"))]
    role = words.code("role", "both") if len(roles) > 1 else words.code("role", roles[0]) if roles else ""
    return str(about.get("ip", "")), " · ".join(part for part in (role, *map(str, _list(about.get("macs")))) if part)


def _link(about: Mapping[str, Any], words: Words) -> tuple[str, str]:
    what = say("baseline.what_link", words.language, protocol=words.protocol(about.get("protocol")))
    acts = say("baseline.acts" if about.get("acts") else "baseline.only_reads", words.language)
    return what, acts


def _operation(about: Mapping[str, Any], words: Words) -> tuple[str, str]:
    name = words.operation(str(about.get("protocol")), about.get("operation") or about.get("code"))
    return name, words.code("operation_class", about.get("class"))


def _place(about: Mapping[str, Any], words: Words) -> str:
    return place_text(about, str(about.get("protocol")), words.language) or ""


def _object(about: Mapping[str, Any], words: Words) -> tuple[str, str]:
    done = words.code("operation_class", about.get("class"))
    return say("baseline.what_object", words.language, done=done, place=_place(about, words)), ""


def _poll(about: Mapping[str, Any], words: Words) -> tuple[str, str]:
    period, low, high, stopped = (
        None if (value := number(about.get(f"{name}_us"))) is None else period_text(value / 1e6)
        for name in ("period", "low", "high", "stopped")
    )
    name = _operation(about, words)[0]
    what = say("baseline.what_poll", words.language, name=name, place=_place(about, words), period=period)
    return what, say("baseline.poll_limits", words.language, low=low, high=high, stopped=stopped)


def _value(about: Mapping[str, Any], words: Words) -> tuple[str, str]:
    place, language = _place(about, words), words.language
    low, high = number(about.get("low")), number(about.get("high"))
    states = [number_text(value) for one in _list(about.get("states")) if (value := number(one)) is not None]
    if states:
        what = say("baseline.what_states", language, place=place, states=listed(states, language))
    elif low is None or high is None:
        what = say("baseline.what_written", language, place=place)
    elif low == high:
        what = say("baseline.what_constant", language, place=place, value=number_text(low))
    else:
        what = say("baseline.what_value", language, place=place, low=number_text(low), high=number_text(high))
    more = [words.code("value_type", about.get("type"))] if about.get("type") else []
    more += [say(f"baseline.value_{name}", language) for name in ("setting", "counter") if about.get(name) is True]
    limits = [number(one) for one in _list(about.get("set_limits"))]
    if len(limits) == 2 and limits[0] is not None and limits[1] is not None:
        more.append(say("baseline.value_limits", language, low=number_text(limits[0]), high=number_text(limits[1])))
    return what, " · ".join(more)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


_WORDS = {
    "station": _station,
    "link": _link,
    "operation": _operation,
    "object": _object,
    "poll": _poll,
    "value": _value,
}
