"""The pieces alerts are made of, as frozen dataclasses.

Each keeps the keys it does not know in `extra` and gives them back in `to_json`, so that a tier may be older than its
children. Times are UTC nanoseconds. `from_json` raises RecordError and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.shape import Json, Reader, as_int, as_int_or_none, as_object, as_text, as_text_or_none


@dataclass(frozen=True)
class Text:
    """A sentence in both languages, travelling inside the record."""

    zh: str
    en: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {**self.extra, "zh": self.zh, "en": self.en}

    @classmethod
    def from_json(cls, data: object, where: str = "text") -> Text:
        reader = Reader(data, where)
        return cls(
            zh=as_text(reader.need("zh"), reader.key("zh")),
            en=as_text(reader.need("en"), reader.key("en")),
            extra=reader.rest(),
        )


@dataclass(frozen=True)
class Endpoint:
    """One end of a conversation. Above the enterprise `ip` and `mac` may be pseudonyms (`host-…`, `mac-…`)."""

    ip: str | None = None
    port: int | None = None
    mac: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {**self.extra, "ip": self.ip, "port": self.port, "mac": self.mac}

    @classmethod
    def from_json(cls, data: object, where: str = "endpoint") -> Endpoint:
        reader = Reader(data, where)
        return cls(
            ip=as_text_or_none(reader.take("ip"), reader.key("ip")),
            port=as_int_or_none(reader.take("port"), reader.key("port")),
            mac=as_text_or_none(reader.take("mac"), reader.key("mac")),
            extra=reader.rest(),
        )


@dataclass(frozen=True)
class Reason:
    """Why: a code and its typed parameters. A screen says it in its reader's language.

    Above the enterprise parameters may be missing: the cut drops what is not declared for going up.
    """

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {**self.extra, "code": self.code, "params": dict(self.params)}

    @classmethod
    def from_json(cls, data: object, where: str = "reason") -> Reason:
        reader = Reader(data, where)
        return cls(
            code=as_text(reader.need("code"), reader.key("code")),
            params=as_object(reader.take("params", {}), reader.key("params")),
            extra=reader.rest(),
        )


@dataclass(frozen=True)
class Evidence:
    """One message that shows it: where it was seen (a file or an interface) and its flat dotted fields."""

    frame: int | None
    ts_ns: int
    file: str | None = None
    interface: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            **self.extra,
            "file": self.file,
            "interface": self.interface,
            "frame": self.frame,
            "ts_ns": self.ts_ns,
            "fields": dict(self.fields),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "evidence") -> Evidence:
        reader = Reader(data, where)
        return cls(
            frame=as_int_or_none(reader.take("frame"), reader.key("frame")),
            ts_ns=as_int(reader.need("ts_ns"), reader.key("ts_ns")),
            file=as_text_or_none(reader.take("file"), reader.key("file")),
            interface=as_text_or_none(reader.take("interface"), reader.key("interface")),
            fields=as_object(reader.take("fields", {}), reader.key("fields")),
            extra=reader.rest(),
        )
