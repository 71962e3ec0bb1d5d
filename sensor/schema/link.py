"""The body of a link record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.shape import Json, Reader


@dataclass(frozen=True)
class Link:
    """Who speaks to whom, in which protocol, as traffic showed it. Its record's revision grows when it was heard again,
    not with every message."""

    segment: str
    client: str
    """address, or above the enterprise its pseudonym"""
    server: str
    server_port: int | None
    protocol: str
    first_ns: int
    last_ns: int
    messages: int = 0
    """Requests and answers counted so far, by the windows of the anomaly model; 0 where there is none."""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            **self.extra,
            "segment": self.segment,
            "client": self.client,
            "server": self.server,
            "server_port": self.server_port,
            "protocol": self.protocol,
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
            "messages": self.messages,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> Link:
        reader = Reader(data, where)
        return cls(
            segment=reader.text("segment", "default"),
            client=reader.text("client"),
            server=reader.text("server"),
            server_port=reader.whole_or_none("server_port"),
            protocol=reader.text("protocol"),
            first_ns=reader.whole("first_ns"),
            last_ns=reader.whole("last_ns"),
            messages=reader.whole("messages", 0),
            extra=reader.rest(),
        )
