"""Packs that are installed: `FOLDER/<name>/<version>/…`, and beside the versions `current`, which says which one
counts.

A version is written under another name, brought to the disk and renamed; then `current` is replaced the same way. A
power cut at any moment leaves the version before or the new one, whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from detectors.packs.archive import MANIFEST, MAX_SIGNATURE_BYTES, SIGNATURES, Pack, altered
from detectors.packs.manifest import MAX_BYTES, Manifest, PackRefused, known_pack_name, order, read
from detectors.packs.signing import PublicKey, signer

CURRENT = "current"
PART = ".part-"
KEPT = 5
"""Versions of a pack that stay on the disk for going back: one a month is half a year's."""


@dataclass(frozen=True)
class Installed:
    """A version that counts. `folder` holds its files."""

    manifest: Manifest
    signer: PublicKey
    folder: Path
    before: tuple[str, ...]
    """versions to go back to, the latest first"""

    @property
    def label(self) -> str:
        return f"{self.manifest.name}@{self.manifest.version}"


@dataclass(frozen=True)
class _Pointer:
    version: str | None
    before: tuple[str, ...]


class Shelf:
    """One folder of packs. Changes are made by one process at a time."""

    def __init__(self, folder: Path, trusted: Mapping[str, PublicKey]) -> None:
        self.folder, self._trusted = folder, trusted

    def names(self) -> list[str]:
        """Packs that have something on the shelf."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir() and known_pack_name(path.name))

    def active(self) -> list[Installed]:
        """Every pack's version that counts, verified anew: signature, each file's hash, and that there are no others.

        Raises:
            PackRefused: one of them is not what was signed.
        """
        found = [self.current(name) for name in self.names()]
        return [one for one in found if one is not None]

    def current(self, name: str) -> Installed | None:
        """The version of that pack that counts; None: it is off. Raises PackRefused."""
        pointer = self._pointer(name)
        return None if pointer.version is None else self._verified(name, pointer.version, pointer.before)

    def folders(self) -> list[Path]:
        """Where the versions that count stand, not verified: for whoever only reads rules. Raises PackRefused."""
        versions = ((name, self.current_version(name)) for name in self.names())
        return [self.folder / name / version for name, version in versions if version is not None]

    def current_version(self, name: str) -> str | None:
        """Which version counts, whatever state its files are in. Raises PackRefused."""
        return self._pointer(name).version if known_pack_name(name) else None

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Raises PackRefused: somebody else is at it, or the folder cannot be written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise PackRefused(f"{self.folder}: cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PackRefused(f"{self.folder}: another command changes it at this moment; try again") from None
        else:
            yield
        finally:
            os.close(lock)

    def allows(self, pack: Pack, *, older: bool = False) -> None:
        """Raises PackRefused: a newer version counts (unless `older`), or this one with other content."""
        name, version = pack.manifest.name, pack.manifest.version
        pointer = self._pointer(name)
        if pointer.version is not None and order(version) < order(pointer.version) and not older:
            way = f"otus rules pack rollback {name}, or --rollback"
            raise PackRefused(f"{name} {version} is older than {pointer.version}, which is installed; {way}")
        there = self.folder / name / version / MANIFEST
        if there.is_file() and _bytes(there, MAX_BYTES) != pack.manifest_bytes:
            raise PackRefused(f"{name} {version} is installed with other content; give this one another version")

    def put(self, pack: Pack) -> None:
        """Bring the files to the disk. Nothing counts yet.

        Raises:
            PackRefused: they cannot be written; nothing of them is left.
        """
        home = self.folder / pack.manifest.name
        target, part = home / pack.manifest.version, home / f"{PART}{pack.manifest.version}"
        try:
            home.mkdir(parents=True, exist_ok=True)
            for rest in (*home.glob(f"{PART}*"), *self.folder.glob(f"{PART}*")):  # of a crash
                shutil.rmtree(rest)
            if target.is_dir():
                if self._pointer(pack.manifest.name).version == pack.manifest.version:
                    return
                shutil.rmtree(target)  # left there earlier, and who knows what became of it
            try:
                contents = {MANIFEST: pack.manifest_bytes, SIGNATURES: pack.signatures, **pack.files}
                for name, data in contents.items():
                    _write(part / name, data)
                for where, _, _ in os.walk(part):
                    _sync(Path(where))
                part.rename(target)
                _sync(home)
                _sync(self.folder)
            except OSError:
                shutil.rmtree(part, ignore_errors=True)
                raise
        except OSError as error:
            raise PackRefused(f"{target}: cannot be written: {error.strerror}") from None

    def make_current(self, name: str, version: str) -> None:
        """From now on that version counts, for whoever loads rules next. Older ones beyond `KEPT` go.

        Raises:
            PackRefused: it is not there as it was signed, or cannot be written; the version before counts on.
        """
        self._verified(name, version, ())
        pointer = self._pointer(name)
        if pointer.version == version:
            return
        before = tuple(one for one in (pointer.version, *pointer.before) if one is not None and one != version)
        self._point(name, _Pointer(version, before[: KEPT - 1]))
        self._forget(name)

    def back(self, name: str) -> str | None:
        """The version before counts again; None: there was none, the pack is off. What counted can be installed again.

        Raises:
            PackRefused: nothing of that name counts, or the version before is damaged; nothing is changed.
        """
        if not known_pack_name(name) or name not in self.names():
            raise PackRefused(f"no pack {name[:60]} is installed in {self.folder}")
        pointer = self._pointer(name)
        if pointer.version is None:
            raise PackRefused(f"{name} is off, there is nothing to go back to")
        earlier = pointer.before[0] if pointer.before else None
        if earlier is not None:
            self._verified(name, earlier, ())
        self._point(name, _Pointer(earlier, pointer.before[1:]))
        return earlier

    def _pointer(self, name: str) -> _Pointer:
        path = self.folder / name / CURRENT
        if not path.exists():
            return _Pointer(None, ())
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            version, before = said["version"], said["before"]
            for text in [*before, *([] if version is None else [version])]:
                order(text)
        except (OSError, ValueError, KeyError, TypeError):
            raise PackRefused(f"{path}: does not say which version counts; install the pack again") from None
        return _Pointer(version, tuple(before))

    def _point(self, name: str, pointer: _Pointer) -> None:
        path = self.folder / name / CURRENT
        part = path.with_name(f".{CURRENT}")
        text = json.dumps({"version": pointer.version, "before": list(pointer.before)}) + "\n"
        try:
            _write(part, text.encode())
            part.rename(path)
            _sync(path.parent)
        except OSError as error:
            raise PackRefused(f"{path}: cannot be written: {error.strerror}") from None

    def _verified(self, name: str, version: str, before: tuple[str, ...]) -> Installed:
        folder = self.folder / name / version
        told = _bytes(folder / MANIFEST, MAX_BYTES)
        try:
            key = signer(told, _bytes(folder / SIGNATURES, MAX_SIGNATURE_BYTES), self._trusted)
            manifest = read(told)
            if (manifest.name, manifest.version) != (name, version):
                raise PackRefused(f"it is {manifest.name} {manifest.version}")
            there = {
                Path(where, file).relative_to(folder).as_posix()
                for where, _, files in os.walk(folder)
                for file in files
            }
            if odd := sorted(there ^ (manifest.files.keys() | {MANIFEST, SIGNATURES})):
                raise PackRefused(f"{odd[0][:80]!r} {'is not in its manifest' if odd[0] in there else 'is missing'}")
            for file, content in manifest.files.items():
                if problem := altered(_bytes(folder / file, content.size + 1), content):
                    raise PackRefused(f"{file} {problem}")
        except PackRefused as error:
            way = f"otus rules pack rollback {name}"
            raise PackRefused(f"{folder}: {error}; not used ({way})") from None
        return Installed(manifest, key, folder, before)

    def _forget(self, name: str) -> None:
        """Versions that nothing goes back to. What cannot be deleted stays, and is in nobody's way."""
        pointer = self._pointer(name)
        for path in (self.folder / name).iterdir():
            if path.is_dir() and path.name != pointer.version and path.name not in pointer.before:
                shutil.rmtree(path, ignore_errors=True)


def _bytes(path: Path, most: int) -> bytes:
    """At most so many bytes of a plain file: a link that leads elsewhere is not followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(most)
    except OSError as error:
        raise PackRefused(f"{path}: cannot be read: {error.strerror}") from None


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """The names in it are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
