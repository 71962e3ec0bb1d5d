"""What a restart must not forget, as one file: bytes of the engine and JSON beside them, sealed with a hash.

    kind 8 bytes | version u16 | length of the JSON u32 | JSON | bytes of the engine | SHA-256 of all before it

It is written under another name, brought to the disk and renamed: after a crash the old one or the new one is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KIND = b"OTUSSAVE"
VERSION = 1
HEAD = struct.Struct("<8sHI")
DIGEST = 32
MAX_BYTES = 1 << 31
"""Everything that can be remembered (a million rows of baseline, every asset, every alert open) is below a gigabyte."""


class StateError(ValueError):
    """A saved state cannot be used; the message is one line and says why."""


def pack(engine: bytes, parts: Mapping[str, Any]) -> bytes:
    """Equal state gives equal bytes."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    sealed = HEAD.pack(KIND, VERSION, len(text)) + text + engine
    return sealed + hashlib.sha256(sealed).digest()


def unpack(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """Raises StateError for everything that `pack` did not make."""
    if len(data) < HEAD.size + DIGEST:
        raise StateError("is cut off")
    kind, version, length = HEAD.unpack_from(data)
    if kind != KIND:
        raise StateError("is no saved state")
    if version != VERSION:
        raise StateError(f"has version {version}, this sensor reads {VERSION}")
    sealed, digest = data[:-DIGEST], data[-DIGEST:]
    if hashlib.sha256(sealed).digest() != digest:
        raise StateError("is damaged")
    try:
        parts = json.loads(sealed[HEAD.size : HEAD.size + length])
    except (ValueError, RecursionError):
        raise StateError("contradicts itself") from None
    if not isinstance(parts, dict):
        raise StateError("contradicts itself")
    return sealed[HEAD.size + length :], parts


def write(path: Path, data: bytes) -> None:
    """Put the file in its place as a whole. Raises OSError; then the old one is still there."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)  # so that the new name outlives a power cut
    finally:
        os.close(folder)


def read(path: Path) -> tuple[bytes, dict[str, Any]] | None:
    """The state in this file; None where there is none. Raises StateError, which names the file."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise StateError(f"{path}: is larger than any state of ours")
    try:
        return unpack(data)
    except StateError as error:
        raise StateError(f"{path}: {error}") from None
