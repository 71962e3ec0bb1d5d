"""Who stands in a synthesised plant."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field


@dataclass(eq=False)
class Station:
    """One end of a conversation. `identity` is the IP identification it used last."""

    name: str
    ip: int
    mac: bytes
    ttl: int = 64
    role: str = ""
    identity: int = field(default=0, repr=False)

    @property
    def address(self) -> str:
        return str(ipaddress.IPv4Address(self.ip))

    @property
    def packed(self) -> bytes:
        return self.ip.to_bytes(4, "big")

    def next_identity(self, count: int = 1) -> int:
        """The first of `count` identifications in a row."""
        first = (self.identity + 1) & 0xFFFF
        self.identity = (self.identity + count) & 0xFFFF
        return first
