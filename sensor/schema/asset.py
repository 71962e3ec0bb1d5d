"""The body of an asset record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.shape import Json, Reader, as_int, as_int_or_none, as_object, as_text, as_text_or_none, as_texts


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
            segment=as_text(reader.take("segment", "default"), reader.key("segment")),
            ip=as_text_or_none(reader.take("ip"), reader.key("ip")),
            mac=as_text_or_none(reader.take("mac"), reader.key("mac")),
            first_ns=as_int(reader.need("first_ns"), reader.key("first_ns")),
            last_ns=as_int(reader.need("last_ns"), reader.key("last_ns")),
            roles=as_texts(reader.take("roles", []), reader.key("roles")),
            protocols=as_texts(reader.take("protocols", []), reader.key("protocols")),
            operations=as_int(reader.take("operations", 0), reader.key("operations")),
            identity=as_object(reader.take("identity", {}), reader.key("identity")),
            vlan=as_int_or_none(reader.take("vlan"), reader.key("vlan")),
            extra=reader.rest(),
        )
