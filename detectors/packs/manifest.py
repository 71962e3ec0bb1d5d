"""What a pack says about itself: `manifest.json`, the part that is signed. Everything else hangs on its hashes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sensor.schema import Text

FORMAT = 1
MAX_BYTES = 8 * 1024 * 1024
"""Of a manifest: 20,000 files with their hashes are 3 MB."""
MAX_FILES = 20_000
"""As many rule files as a folder of rules may hold."""
MAX_CONTENT_BYTES = 256 * 1024 * 1024
"""Of all files of a pack. A list of two million addresses has 30 MB."""
SUFFIXES = (".yml", ".yaml", ".txt", ".pcap", ".pcapng", ".md")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")
_VERSION = re.compile(r"(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,3}\Z")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,119}\Z")
_HASH = re.compile(r"[0-9a-f]{64}\Z")
KEYS = ("format", "name", "version", "needs", "changelog", "nursery", "files")


class PackRefused(ValueError):
    """Why a pack is not taken: one line."""


@dataclass(frozen=True)
class Content:
    """One file: its SHA-256 in hexadecimal digits, its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """`needs`: the oldest Otus that it works with. `nursery`: it brings rules without examples, and they are loaded."""

    name: str
    version: str
    needs: str
    changelog: Text
    nursery: bool
    files: Mapping[str, Content]

    def to_bytes(self) -> bytes:
        """The same manifest is the same bytes."""
        said: dict[str, Any] = {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "needs": self.needs,
            "changelog": {"zh": self.changelog.zh, "en": self.changelog.en},
            "nursery": self.nursery,
            "files": {
                name: {"sha256": content.sha256, "size": content.size} for name, content in sorted(self.files.items())
            },
        }
        return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()


def order(version: str) -> tuple[int, ...]:
    """For comparing: 2026.9 comes before 2026.11, and 1.0 is 1.

    Raises:
        PackRefused: it is no version.
    """
    if not _VERSION.match(version):
        raise PackRefused(f"{version[:40]!r} is no version; write numbers and dots, like 2026.11.1")
    numbers = [int(part) for part in version.split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))


def known_pack_name(name: str) -> bool:
    return _NAME.match(name) is not None


def sound_path(name: str) -> bool:
    """A path that stays below its folder on any system: plain parts, none hidden, of a kind that a pack holds."""
    parts = name.split("/")
    return len(name) <= 240 and len(parts) <= 8 and all(_PART.match(part) for part in parts) and name.endswith(SUFFIXES)


def read(data: bytes) -> Manifest:
    """Check every key.

    Raises:
        PackRefused: with the first thing that is wrong.
    """
    try:
        said = json.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise PackRefused("its manifest is not JSON in UTF-8") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise PackRefused(f"its manifest is not of format {FORMAT}; a newer Otus may read it")
    if set(said) != set(KEYS):
        raise PackRefused(f"its manifest has not the keys {', '.join(KEYS)}")
    name, version, needs, nursery = said["name"], said["version"], said["needs"], said["nursery"]
    if not isinstance(name, str) or not known_pack_name(name):
        raise PackRefused(f"its name {str(name)[:40]!r} is not written like plant-rules")
    for text in (version, needs):
        order(text if isinstance(text, str) else "")
    if not isinstance(nursery, bool):
        raise PackRefused("nursery is true or false")
    return Manifest(name, version, needs, _changelog(said["changelog"]), nursery, _files(said["files"]))


def _changelog(said: object) -> Text:
    both = said if isinstance(said, dict) else {}
    zh, en = both.get("zh"), both.get("en")
    if not isinstance(zh, str) or not isinstance(en, str) or not zh.strip() or not en.strip():
        raise PackRefused("its changelog has not a text in zh and one in en")
    return Text(zh, en)


def _files(said: object) -> dict[str, Content]:
    if not isinstance(said, dict) or not said or len(said) > MAX_FILES:
        raise PackRefused(f"its manifest names no files, or more than {MAX_FILES}")
    found: dict[str, Content] = {}
    for name, content in said.items():
        content = content if isinstance(content, dict) else {}
        digest, size = content.get("sha256"), content.get("size")
        if not sound_path(name):
            raise PackRefused(f"the path {name[:80]!r} has no place in a pack")
        if not isinstance(digest, str) or not _HASH.match(digest) or type(size) is not int or size < 0:
            raise PackRefused(f"{name}: its manifest has not a hash and a size")
        found[name] = Content(digest, size)
    if len({name.casefold() for name in found}) != len(found):
        raise PackRefused("two of its paths differ in upper and lower case only")
    if sum(content.size for content in found.values()) > MAX_CONTENT_BYTES:
        raise PackRefused(f"its files have more than {MAX_CONTENT_BYTES // 2**20} MiB")
    return found
