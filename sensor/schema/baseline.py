"""What a sensor tells its console of its baseline: one record of kind `baseline`, the state of the whole, and as many
of kind `baseline_part` as its entries fill.

They end at the first console: what is normal in a plant is the plant's own. A part is told again when something in it
changed, and then stands in the place of the one before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.shape import Json, Reader, RecordError, as_object

ENTRIES_PER_PART = 250
"""Some 120 kB: far from the limit of one record, whatever names the wire brings."""
MAX_PARTS = 400
"""100,000 entries; of a larger baseline those that a person has to look at are told first."""
MAX_NAME, MAX_VERSIONS, MAX_FOUND, MAX_SUSPICIONS = 1000, 50, 200, 5
ROLES = ("enforced", "trial", "learned", "learning")
"""What the sensor does with it: holds traffic against it, tries it, keeps what was learned, is still learning."""


def baseline_id(origin: str) -> str:
    return hashlib.sha256(f"baseline\0{origin}".encode()).hexdigest()[:32]


def part_id(origin: str, part: int) -> str:
    return hashlib.sha256(f"baseline part\0{origin}\0{part}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class BaselineEntry:
    """One thing that is normal, or waits for a person, or is not."""

    name: str
    """as `otus baseline review` writes it"""
    kind: str
    """`station`, `link`, `operation`, `object`, `poll`, `value`"""
    state: str
    """`learned`, `approved`, `widened`, `rejected`, `suspicious`, `withheld` (hangs on a link that is not normal)"""
    link: str = ""
    """name of the link that it belongs to; a link's own"""
    about: Mapping[str, Any] = field(default_factory=dict)
    """the facts that a screen makes its words of: `client`, `server`, `protocol`, `space`, `start`, `period_us`, …"""
    first_ns: int | None = None
    last_ns: int | None = None
    count: int | None = None
    place: str = ""
    """capture file or interface where it was seen first"""
    frame: int | None = None
    decision: Mapping[str, Any] | None = None
    """`action`, `person`, `reason`, `time_ns`, `stretch`?, `network`?: the last one"""
    suspicions: tuple[Mapping[str, Any], ...] = ()
    """`rule_id`, `title`, `level`, `time_ns`, `place`, `frame`: what hit it while it was learned"""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        told: Json = {"name": self.name, "kind": self.kind, "state": self.state, "link": self.link}
        told["about"] = dict(self.about)
        for name in ("first_ns", "last_ns", "count", "place", "frame", "decision"):
            if (value := getattr(self, name)) not in (None, ""):
                told[name] = value
        if self.suspicions:
            told["suspicions"] = [dict(one) for one in self.suspicions]
        return {**self.extra, **told}

    @classmethod
    def from_json(cls, data: object, where: str = "entry") -> BaselineEntry:
        reader = Reader(data, where)
        name = reader.text("name")
        if not 1 <= len(name) <= MAX_NAME:
            raise RecordError(f"{reader.key('name')}: 1 to {MAX_NAME} characters")
        decision = reader.take("decision")
        return cls(
            name=name,
            kind=reader.text("kind"),
            state=reader.text("state"),
            link=reader.text("link", ""),
            about=reader.mapping("about"),
            first_ns=reader.whole_or_none("first_ns"),
            last_ns=reader.whole_or_none("last_ns"),
            count=reader.whole_or_none("count"),
            place=reader.text("place", ""),
            frame=reader.whole_or_none("frame"),
            decision=None if decision is None else as_object(decision, reader.key("decision")),
            suspicions=reader.parts("suspicions", as_object, most=MAX_SUSPICIONS),
            extra=reader.rest(),
        )


@dataclass(frozen=True)
class BaselinePart:
    part: int
    """counts from 1"""
    entries: tuple[BaselineEntry, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {**self.extra, "part": self.part, "entries": [entry.to_json() for entry in self.entries]}

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> BaselinePart:
        reader = Reader(data, where)
        part = reader.whole("part", least=1)
        if part > MAX_PARTS:
            raise RecordError(f"{reader.key('part')}: at most {MAX_PARTS}")
        entries = reader.parts("entries", BaselineEntry.from_json, most=ENTRIES_PER_PART)
        return cls(part, entries, reader.rest())


@dataclass(frozen=True)
class Baseline:
    """The state of the whole."""

    role: str
    version: int
    """0: nothing was written yet"""
    approved: bool = False
    """a person's, and nothing suspicious waits for one"""
    parts: int = 0
    entries: int = 0
    """of which so many as the parts hold are told"""
    states: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    from_ns: int = 0
    to_ns: int = 0
    """learned from then to then"""
    meter: Mapping[str, Any] | None = None
    """how complete: `complete`, `days`, `new_per_day`, `new_per_day_most`, `allowed_per_day`, `kinds`"""
    versions: tuple[Mapping[str, Any], ...] = ()
    """`number`, `author`, `time_ns`, `note`, and of the latest `added`, `removed`, `changed`, `lines`; newest first"""
    trial: Mapping[str, Any] | None = None
    """a baseline that is tried beside it: `messages`, `alerts`, `found`, `uncounted`"""
    decides: bool = False
    """the sensor takes decisions from the console it tells this"""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            **self.extra,
            "role": self.role,
            "version": self.version,
            "approved": self.approved,
            "parts": self.parts,
            "entries": self.entries,
            "states": dict(self.states),
            "kinds": dict(self.kinds),
            "from_ns": self.from_ns,
            "to_ns": self.to_ns,
            "meter": None if self.meter is None else dict(self.meter),
            "versions": [dict(one) for one in self.versions],
            "trial": None if self.trial is None else dict(self.trial),
            "decides": self.decides,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> Baseline:
        reader = Reader(data, where)
        meter, trial = reader.take("meter"), reader.take("trial")
        flags = {name: reader.take(name, False) for name in ("approved", "decides")}
        for name, value in flags.items():
            if not isinstance(value, bool):
                raise RecordError(f"{reader.key(name)}: must be true or false")
        return cls(
            role=reader.text("role"),
            version=reader.whole("version"),
            **flags,
            parts=reader.whole("parts", 0),
            entries=reader.whole("entries", 0),
            states=_counts(reader, "states"),
            kinds=_counts(reader, "kinds"),
            from_ns=reader.whole("from_ns", 0),
            to_ns=reader.whole("to_ns", 0),
            meter=None if meter is None else as_object(meter, reader.key("meter")),
            versions=reader.parts("versions", as_object, most=MAX_VERSIONS),
            trial=None if trial is None else as_object(trial, reader.key("trial")),
            extra=reader.rest(),
        )


def _counts(reader: Reader, name: str) -> dict[str, int]:
    found = reader.mapping(name)
    for value in found.values():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise RecordError(f"{reader.key(name)}: must be counts")
    return found
