"""A folder of rules → a pack: what goes in, what stays out, and what its `pack.toml` says."""

from __future__ import annotations

import hashlib
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from detectors.packs.manifest import (
    MAX_CONTENT_BYTES,
    MAX_FILES,
    Content,
    Manifest,
    PackRefused,
    known_pack_name,
    order,
    sound_path,
)
from detectors.rules.loader import NURSERY
from sensor.schema import Text

ABOUT = "pack.toml"
"""In the folder: `name`, `needs`, and a table `changelog` with `zh` and `en`."""


@dataclass(frozen=True)
class Gathered:
    manifest: Manifest
    files: dict[str, bytes]
    left_out: tuple[str, ...]
    """paths of files that no pack holds, or of the nursery"""


def gather(folder: Path, version: str, *, nursery: bool = False) -> Gathered:
    """Read a folder. Hidden files and folders are passed over.

    Raises:
        PackRefused: one line.
    """
    order(version)
    name, needs, changelog = _about(folder / ABOUT)
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    size = 0
    for where, below, names in os.walk(folder):
        below[:] = sorted(one for one in below if not one.startswith("."))
        for one in sorted(names):
            path = Path(where, one)
            shown = path.relative_to(folder).as_posix()
            if shown == ABOUT or one.startswith("."):
                continue
            if not sound_path(shown) or (not nursery and shown.startswith(f"{NURSERY}/")):
                left_out.append(shown)
                continue
            if path.is_symlink():
                raise PackRefused(f"{path}: a link; put the file itself there")
            files[shown] = _bytes(path)
            size += len(files[shown])
            if size > MAX_CONTENT_BYTES or len(files) > MAX_FILES:
                raise PackRefused(f"{folder}: more than {MAX_FILES} files or {MAX_CONTENT_BYTES // 2**20} MiB")
    if not files:
        raise PackRefused(f"{folder}: no rules" + (f" but those in {NURSERY}/ (--nursery)" if left_out else ""))
    contents = {name: Content(hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()}
    return Gathered(Manifest(name, version, needs, changelog, nursery, contents), files, tuple(left_out))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackRefused(f"{path}: cannot be read: {error.strerror}") from None


def _about(path: Path) -> tuple[str, str, Text]:
    try:
        said = tomllib.loads(_bytes(path).decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PackRefused(f"{path}: not TOML: {' '.join(str(error).split())}") from None
    name, needs, changelog = said.get("name"), said.get("needs", "0"), said.get("changelog")
    if not isinstance(name, str) or not known_pack_name(name):
        raise PackRefused(f'{path}: name is written like "plant-rules": small letters, digits, -')
    if not isinstance(needs, str):
        raise PackRefused(f'{path}: needs is the oldest version of Otus, in quotes: "0.1.0"')
    order(needs)
    both = changelog if isinstance(changelog, dict) else {}
    zh, en = both.get("zh"), both.get("en")
    if not isinstance(zh, str) or not isinstance(en, str) or not zh.strip() or not en.strip():
        raise PackRefused(f"{path}: [changelog] needs what changed as zh and as en")
    if unknown := said.keys() - {"name", "needs", "changelog"}:
        raise PackRefused(f"{path}: unknown {sorted(unknown)[0]}; known are name, needs, changelog")
    return name, needs, Text(zh.strip(), en.strip())
