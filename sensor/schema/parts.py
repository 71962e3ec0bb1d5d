"""The pieces alerts are made of, as frozen dataclasses.

Each keeps the keys it does not know in `extra` and gives them back in `to_json`, so that a tier may be older than its
children. Times are UTC nanoseconds. `from_json` raises RecordError and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.shape import Json, Reader, Whole


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
            zh=reader.text("zh"),
            en=reader.text("en"),
            extra=reader.rest(),
        )


@dataclass(frozen=True)
class Endpoint:
    """One end of a conversation. Above the enterprise `ip` and `mac` may be pseudonyms (`host-…`, `mac-…`)."""

    ip: str | None = None
    port: Whole | None = None
    mac: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {**self.extra, "ip": self.ip, "port": self.port, "mac": self.mac}

    @classmethod
    def from_json(cls, data: object, where: str = "endpoint") -> Endpoint:
        reader = Reader(data, where)
        return cls(
            ip=reader.text_or_none("ip"),
            port=reader.whole_or_none("port"),
            mac=reader.text_or_none("mac"),
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
            code=reader.text("code"),
            params=reader.mapping("params"),
            extra=reader.rest(),
        )


@dataclass(frozen=True)
class Evidence:
    """One message that shows it: where it was seen (a file or an interface) and its flat dotted fields."""

    frame: Whole | None
    ts_ns: Whole
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
            frame=reader.whole_or_none("frame"),
            ts_ns=reader.whole("ts_ns"),
            file=reader.text_or_none("file"),
            interface=reader.text_or_none("interface"),
            fields=reader.mapping("fields"),
            extra=reader.rest(),
        )
