"""The body of a heartbeat record: the ledger and the health of a sensor over one period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.below import Below
from sensor.schema.shape import Json, Reader, as_counts, as_object, as_text


@dataclass(frozen=True)
class Ledger:
    """The account of every packet: `received == parsed + sum(skipped) + sum(lost) + held`."""

    received: int = 0
    parsed: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    """reason → packets"""
    lost: Mapping[str, int] = field(default_factory=dict)
    """where → packets"""
    held: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        return self.received == self.parsed + sum(self.skipped.values()) + sum(self.lost.values()) + self.held

    def to_json(self) -> Json:
        return {
            **self.extra,
            "received": self.received,
            "parsed": self.parsed,
            "skipped": dict(self.skipped),
            "lost": dict(self.lost),
            "held": self.held,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "ledger") -> Ledger:
        reader = Reader(data, where)
        return cls(
            received=reader.whole("received", 0),
            parsed=reader.whole("parsed", 0),
            skipped=as_counts(reader.mapping("skipped"), reader.key("skipped")),
            lost=as_counts(reader.mapping("lost"), reader.key("lost")),
            held=reader.whole("held", 0),
            extra=reader.rest(),
        )


@dataclass(frozen=True)
class Interface:
    """One capture port. `transmitted` must stay 0: the sensor never sends, and this is the proof."""

    name: str
    """empty above the enterprise: the cut drops it, because it may tell about the plant"""
    received: int = 0
    dropped: int = 0
    """by the kernel, because the ring was full"""
    transmitted: int = 0
    nic_dropped: int = 0
    """by the card, before the kernel saw them"""
    offloads: tuple[str, ...] = ()
    """names of the offloads that are on"""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            **self.extra,
            "name": self.name,
            "received": self.received,
            "dropped": self.dropped,
            "transmitted": self.transmitted,
            "nic_dropped": self.nic_dropped,
            "offloads": list(self.offloads),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "interface") -> Interface:
        reader = Reader(data, where)
        return cls(
            name=reader.text("name", ""),
            received=reader.whole("received", 0),
            dropped=reader.whole("dropped", 0),
            transmitted=reader.whole("transmitted", 0),
            nic_dropped=reader.whole("nic_dropped", 0),
            offloads=reader.texts("offloads"),
            extra=reader.rest(),
        )


@dataclass(frozen=True)
class Heartbeat:
    """How one sensor fared in one period. Sent as revisions of one record while the period lasts."""

    sensor: str
    start_ns: int
    end_ns: int
    ledger: Ledger
    interfaces: tuple[Interface, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    """name of a part (`otus`, `core`, `rules`) → its version"""
    rules_loaded: int = 0
    baseline: Mapping[str, Any] | None = None
    """`{id, approved, tuples}`, or None: without a baseline its detectors are off, and that is said"""
    windows: Mapping[str, Any] = field(default_factory=dict)
    """`{seen, judged, ageing}` of the anomaly model's windows; `ageing` says how far the last day was from the learned
    time: `{index, mark, group, feature, aged_days, day_ns}`"""
    model: str = "none"
    """`none` `learning` `abstains` `active` `refused`"""
    spool: Mapping[str, Any] = field(default_factory=dict)
    """`{pending, dropped: {level: n}}`: what still waits, and what was given up because the disk's share was full"""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """`{kept, bytes, deleted, missing}`: files of packets around alerts"""
    recording: Mapping[str, Any] = field(default_factory=dict)
    """`{written, lost, thinned, deleted, used_bytes}` of the rolling capture"""
    detection: Mapping[str, Any] = field(default_factory=dict)
    """`{alive, time_ns, acts, found, failed}`: the sensor's examination of itself; empty before the first"""
    below: Below | None = None
    """of a console that sums up: `ledger` is then the sum of the last periods of all sensors below it"""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            **self.extra,
            "sensor": self.sensor,
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "ledger": self.ledger.to_json(),
            "interfaces": [item.to_json() for item in self.interfaces],
            "versions": dict(self.versions),
            "rules_loaded": self.rules_loaded,
            "baseline": None if self.baseline is None else dict(self.baseline),
            "windows": dict(self.windows),
            "model": self.model,
            "spool": dict(self.spool),
            "evidence": dict(self.evidence),
            "recording": dict(self.recording),
            "detection": dict(self.detection),
            **({} if self.below is None else {"below": self.below.to_json()}),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> Heartbeat:
        reader = Reader(data, where)
        return cls(
            sensor=reader.text("sensor"),
            start_ns=reader.whole("start_ns"),
            end_ns=reader.whole("end_ns"),
            ledger=Ledger.from_json(reader.mapping("ledger"), reader.key("ledger")),
            interfaces=reader.parts("interfaces", Interface.from_json),
            versions={name: as_text(text, reader.key("versions")) for name, text in reader.mapping("versions").items()},
            rules_loaded=reader.whole("rules_loaded", 0),
            baseline=reader.part_or_none("baseline", as_object),
            windows=reader.mapping("windows"),
            model=reader.text("model", "none"),
            spool=reader.mapping("spool"),
            evidence=reader.mapping("evidence"),
            recording=reader.mapping("recording"),
            detection=reader.mapping("detection"),
            below=reader.part_or_none("below", Below.from_json),
            extra=reader.rest(),
        )
