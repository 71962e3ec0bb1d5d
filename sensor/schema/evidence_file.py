"""The body of an evidence record: the packets around an alert, kept as a file where they were captured.

The record tells which file it is, how far it reaches and what its bytes hash to. The bytes themselves do not travel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.shape import Json, Reader, RecordError
from sensor.schema.words import Level


def evidence_id(alert_id: str) -> str:
    """The id of an alert's evidence record, from the same origin: who has one of them finds the other."""
    return hashlib.sha256(f"evidence\0{alert_id}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class EvidenceFile:
    """One slice of packets. Times are packet times."""

    alert: str
    """id of the alert it belongs to, of the same origin"""
    level: Level
    """the alert's: what is deleted last when the disk's share is used up"""
    sha256: str
    """of the whole file, 64 hex digits"""
    size: int
    """bytes"""
    packets: int
    first_ns: int
    last_ns: int
    hit_ns: int
    """of the packet that raised the alert"""
    frame: int
    """its number in the file or on the interface it came from"""
    reaches_back_packets: int
    """packets of the conversation before that one"""
    reaches_back_ns: int
    before: str
    """why it begins there: `beginning` `packets` `bytes` `time` `overwritten`"""
    after: str
    """why it ends: `packets` `bytes` `time` `budget` `end`"""
    format: str = "pcapng"
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            **self.extra,
            "alert": self.alert,
            "level": str(self.level),
            "format": self.format,
            "sha256": self.sha256,
            "size": self.size,
            "packets": self.packets,
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
            "hit_ns": self.hit_ns,
            "frame": self.frame,
            "reaches_back_packets": self.reaches_back_packets,
            "reaches_back_ns": self.reaches_back_ns,
            "before": self.before,
            "after": self.after,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> EvidenceFile:
        reader = Reader(data, where)

        try:
            level = Level(reader.text("level"))
        except ValueError as error:
            raise RecordError(f"{where}: {error}") from None
        return cls(
            alert=reader.text("alert"),
            level=level,
            sha256=reader.text("sha256"),
            size=reader.whole("size"),
            packets=reader.whole("packets"),
            first_ns=reader.whole("first_ns"),
            last_ns=reader.whole("last_ns"),
            hit_ns=reader.whole("hit_ns"),
            frame=reader.whole("frame"),
            reaches_back_packets=reader.whole("reaches_back_packets"),
            reaches_back_ns=reader.whole("reaches_back_ns"),
            before=reader.text("before"),
            after=reader.text("after"),
            format=reader.text("format", "pcapng"),
            extra=reader.rest(),
        )
