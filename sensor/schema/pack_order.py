"""The body of a pack record: a signed rule pack on its way down, or the word that one is to be taken back.

Who is trusted is the sensor's business: it believes the pack's signature, and no console.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass

from sensor.schema.order import Order, bounded, common, yes
from sensor.schema.shape import Json, Reader, RecordError

RULE_PACK = "rule_pack"
MAX_CONTENT = 640 * 1024
"""Letters of base64: a record has at most a mebibyte. Rules pack to a fifth, so some thousand fit; captures go by
hand."""
MAX_UNPACKED = 64 * 2**20
MAX_NAME, MAX_VERSION = 64, 64


def packed(archive: bytes) -> str:
    """A pack's file as it travels. Raises ValueError: it is too large for that."""
    text = base64.b64encode(zlib.compress(archive, 9)).decode("ascii")
    if len(text) > MAX_CONTENT:
        raise ValueError(
            f"it would have {len(text)} characters on its way, of which {MAX_CONTENT} fit: leave captures out, or "
            "carry it by hand"
        )
    return text


def unpacked(content: str) -> bytes:
    """The file again. Raises RecordError: it is none, or grows beyond all measure."""
    try:
        reader = zlib.decompressobj()
        data = reader.decompress(base64.b64decode(content, validate=True), MAX_UNPACKED)
    except (binascii.Error, ValueError, zlib.error):
        raise RecordError("content: not a pack") from None
    if not reader.eof or reader.unconsumed_tail or reader.unused_data:
        raise RecordError("content: not a pack, or one that is too large")
    return data


@dataclass(frozen=True, kw_only=True)
class PackOrder(Order):
    """`name` and `version` are for people; what counts is in the pack's signed manifest. To take one back, `version` is
    the one that is not to count any more."""

    name: str
    version: str
    content: str = ""
    """`packed`; empty where one is taken back"""
    rollback: bool = False
    consent: bool = False
    """somebody saw that it may bring new alerts, and wants it all the same"""

    @property
    def course(self) -> str:
        return RULE_PACK

    @property
    def person(self) -> str:
        return self.steps[0].by if self.steps else ""

    def to_json(self) -> Json:
        return {
            **super().to_json(),
            "name": self.name,
            "version": self.version,
            "content": self.content,
            "rollback": self.rollback,
            "consent": self.consent,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> PackOrder:
        reader = Reader(data, where)
        content, rollback = reader.text("content", ""), yes(reader, "rollback", False)
        if rollback == bool(content):
            raise RecordError(f"{reader.key('content')}: either a pack, or rollback")
        return cls(
            name=bounded(reader.text("name"), MAX_NAME, reader.key("name")),
            version=bounded(reader.text("version"), MAX_VERSION, reader.key("version")),
            content=bounded(content, MAX_CONTENT, reader.key("content")),
            rollback=rollback,
            consent=yes(reader, "consent", False),
            **common(reader),
            extra=reader.rest(),
        )
