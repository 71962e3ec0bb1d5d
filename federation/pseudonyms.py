"""Names that stay the same and tell nothing: `host-7f3a2c91d0` for an address, `mac-…`, `name-…` for other texts."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
import secrets
from pathlib import Path

from federation.addresses import mac_digits

KEY_BYTES = 32
TOKEN_DIGITS = 10
"""40 bits: among 10,000 hosts two share a name with a chance of 1 in 20,000."""

_TOKEN = re.compile(rf"(host|mac|name)-[0-9a-f]{{{TOKEN_DIGITS}}}", re.ASCII)


class Pseudonyms:
    """The names one enterprise gives. The key is its own, so that other plants' names cannot be compared with them."""

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES:
            raise ValueError(f"the pseudonym key has at least {KEY_BYTES} bytes")
        self._key = key

    def name(self, text: str, segment: str = "") -> str:
        """The name for a text. The same IP address in another segment is another host."""
        digits = mac_digits(text)
        if digits is not None:
            return "mac-" + self._digest(f"mac\0{digits}")
        try:
            return "host-" + self._digest(f"ip\0{segment}\0{ipaddress.ip_address(text)}")
        except ValueError:
            return "name-" + self._digest(f"name\0{text}")

    def _digest(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:TOKEN_DIGITS]


def is_pseudonym(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def load_key(path: Path) -> bytes:
    """The enterprise's pseudonym key; made at the first use, readable by its owner only.

    Whoever has it can try addresses against the names; whoever loses it gives every host a new one.

    Raises:
        ValueError: the file is there and is no key.
    """
    if not path.exists():
        _make_key(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (ValueError, UnicodeDecodeError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path}: is not a pseudonym key ({2 * KEY_BYTES} hex digits); restore it from the backup")
    return key


def _make_key(path: Path) -> None:
    """Whole or not at all: written beside its place, then linked to it; who comes second keeps the first one's."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(beside)
        except FileExistsError:
            return
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        beside.unlink(missing_ok=True)
