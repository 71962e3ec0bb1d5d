"""One file that holds a pack: a zip archive of plain, uncompressed files whose bytes follow from what is in them.

`manifest.json`, `signatures.json`, then the files by name. Nothing is compressed, so nothing can grow; links,
folders, strange names and whatever the manifest does not name are refused before anything is written.
"""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from detectors.packs.manifest import (
    MAX_BYTES,
    MAX_CONTENT_BYTES,
    MAX_FILES,
    Content,
    Manifest,
    PackRefused,
    order,
    read,
)
from detectors.packs.signing import PrivateKey, PublicKey, signed, signer

MANIFEST, SIGNATURES = "manifest.json", "signatures.json"
MAX_SIGNATURE_BYTES = 64 * 1024
MAX_ARCHIVE_BYTES = MAX_CONTENT_BYTES + MAX_BYTES + MAX_FILES * 1024
_WHEN = (1980, 1, 1, 0, 0, 0)
"""The earliest time that the format knows: a pack is its content, whenever it was built."""


@dataclass(frozen=True)
class Pack:
    """A pack whose signature and hashes are right. `files` by path."""

    manifest: Manifest
    signer: PublicKey
    files: Mapping[str, bytes]
    manifest_bytes: bytes
    signatures: bytes


def archive(manifest: Manifest, files: Mapping[str, bytes], keys: Sequence[PrivateKey]) -> bytes:
    """The same files and keys give the same bytes."""
    told = manifest.to_bytes()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for name, data in ((MANIFEST, told), (SIGNATURES, signed(told, keys)), *sorted(files.items())):
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            packed.writestr(entry, data)
    return out.getvalue()


def open_pack(path: Path, trusted: Mapping[str, PublicKey], version: str) -> Pack:
    """Read and verify a pack; `version` is that of this Otus.

    Raises:
        PackRefused: with the one thing that is wrong first.
    """
    try:
        if not path.is_file():
            raise PackRefused("no such file")
        if (size := path.stat().st_size) > MAX_ARCHIVE_BYTES:
            raise PackRefused(f"{size} bytes; a pack has at most {MAX_ARCHIVE_BYTES}")
        with path.open("rb") as file:
            return read_pack(file, size, trusted, version)
    except PackRefused as error:
        raise PackRefused(f"{path}: {error}") from None
    except OSError as error:
        raise PackRefused(f"{path}: cannot be read: {error.strerror or error}") from None


def read_pack(file: IO[bytes], size: int, trusted: Mapping[str, PublicKey], version: str) -> Pack:
    """The same of what is open already. Raises PackRefused."""
    try:
        with zipfile.ZipFile(file) as packed:
            return _verified(_entries(packed, size), packed, trusted, version)
    except PackRefused:
        raise
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError, IndexError):
        raise PackRefused("no rule pack, or a damaged one") from None


def _entries(packed: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """Plain files that together are no larger than the archive."""
    entries = packed.infolist()
    if len(entries) > MAX_FILES + 2:
        raise PackRefused(f"more than {MAX_FILES} files")
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if entry.filename in found:
            raise PackRefused(f"{entry.filename[:80]!r} stands in it twice")
        if entry.is_dir() or kind not in (0, stat.S_IFREG):
            raise PackRefused(f"{entry.filename[:80]!r} is no plain file")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise PackRefused(f"{entry.filename[:80]!r} is compressed, which files of packs are not")
        if entry.flag_bits & 1:
            raise PackRefused(f"{entry.filename[:80]!r} is encrypted")
        found[entry.filename] = entry
    if sum(entry.file_size for entry in entries) > size:
        raise PackRefused("its files say that they are larger than the archive")
    return found


def _verified(
    entries: dict[str, zipfile.ZipInfo], packed: zipfile.ZipFile, trusted: Mapping[str, PublicKey], version: str
) -> Pack:
    for name, most in ((MANIFEST, MAX_BYTES), (SIGNATURES, MAX_SIGNATURE_BYTES)):
        if name not in entries:
            raise PackRefused(f"no rule pack: it has no {name}")
        if entries[name].file_size > most:
            raise PackRefused(f"{name} is larger than {most} bytes")
    told, signatures = packed.read(entries[MANIFEST]), packed.read(entries[SIGNATURES])
    key = signer(told, signatures, trusted)  # before a byte of it is believed
    manifest = read(told)
    if order(manifest.needs) > order(version):
        raise PackRefused(f"it needs Otus {manifest.needs}, this is {version}; upgrade first")
    names = entries.keys() - {MANIFEST, SIGNATURES}
    if odd := sorted(names ^ manifest.files.keys()):
        which = "is not in its manifest" if odd[0] in names else "is missing"
        raise PackRefused(f"{odd[0][:80]!r} {which}")
    files = {name: packed.read(entries[name]) for name in manifest.files}
    for name, data in files.items():
        if problem := altered(data, manifest.files[name]):
            raise PackRefused(f"{name} {problem}")
    return Pack(manifest, key, files, told, signatures)


def altered(data: bytes, content: Content) -> str:
    """What is wrong with a file's bytes; empty: they are what the manifest says."""
    if len(data) != content.size:
        return f"has {len(data)} bytes, its manifest says {content.size}"
    return "" if hashlib.sha256(data).hexdigest() == content.sha256 else "was altered: its hash is another one"
