"""The body of an asset record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.shape import Json, Reader


@dataclass(frozen=True)
class Asset:
    """A station, as traffic showed it. Its record's revision grows whenever something about it changed."""

    segment: str
    ip: str | None
    mac: str | None
    first_ns: int
    last_ns: int
    roles: tuple[str, ...] = ()
    """`client`, `server`, or both."""
    protocols: tuple[str, ...] = ()
    operations: int = 0
    """How many messages it took part in."""
    identity: Mapping[str, Any] = field(default_factory=dict)
    """What it said about itself: vendor, model, firmware …"""
    vlan: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            **self.extra,
            "segment": self.segment,
            "ip": self.ip,
            "mac": self.mac,
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
            "roles": list(self.roles),
            "protocols": list(self.protocols),
            "operations": self.operations,
            "identity": dict(self.identity),
            "vlan": self.vlan,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> Asset:
        reader = Reader(data, where)
        return cls(
            segment=reader.text("segment", "default"),
            ip=reader.text_or_none("ip"),
            mac=reader.text_or_none("mac"),
            first_ns=reader.whole("first_ns"),
            last_ns=reader.whole("last_ns"),
            roles=reader.texts("roles"),
            protocols=reader.texts("protocols"),
            operations=reader.whole("operations", 0),
            identity=reader.mapping("identity"),
            vlan=reader.whole_or_none("vlan"),
            extra=reader.rest(),
        )
