"""A baseline on disk: a folder of files and a manifest with their hashes.

`baseline.bin` (compiled table); `known.json` (all that was learned, also what is kept apart) and `review.json` (what
people decided about it), which the table follows from; `robust.json`, `model.skops` and `forest.bin` (anomaly model:
the test of each feature, the forest, and the same forest compiled for scoring; absent where none was learned);
`values.json` (what process values are like; absent in folders of versions before it); `manifest.json`. Nothing is used
before its SHA-256 matched, and what is used are the very bytes that were hashed.

Each change is a version. `objects/` keeps the files of every version under their SHA-256 (files that did not change are
one file with several names), the manifest lists who made it, when and why.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from detectors.baseline.counts import count

ToJson = Callable[[bytes], str]
FromJson = Callable[[str], bytes]

KIND = "otus-baseline"
SCHEMA = "1.0"
MANIFEST = "manifest.json"
TABLE = "baseline.bin"
ROBUST = "robust.json"
MODEL = "model.skops"
FOREST = "forest.bin"
KNOWN = "known.json"
REVIEW = "review.json"
VALUES = "values.json"
FILES = (TABLE, ROBUST, MODEL, FOREST, KNOWN, REVIEW, VALUES)
OBJECTS = "objects"
PROGRAM = "otus baseline "
"""How versions begin to name their author that no person made."""
MAX_AUTHOR, MAX_NOTE = 100, 400
"""Letters: with as many versions as are kept, the manifest stays within its bounds."""
VERSIONS = 200
"""Versions that are kept: a review every other day for a year. Beyond it the oldest goes."""
MAX_MANIFEST_BYTES = 1 << 20
MAX_FILE_BYTES = 1 << 30


class BaselineError(ValueError):
    """A baseline cannot be read or written; the message is one line and says what to do."""


@dataclass(frozen=True)
class ModelFiles:
    """What `detectors.anomaly.train` learned, ready for the folder."""

    robust: bytes
    """JSON: the per-feature test, or why the model abstains"""
    forest: bytes | None
    """skops; None where the model abstains"""
    compiled: bytes | None
    """the same forest as the core reads it"""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """for the manifest and for people"""


@dataclass(frozen=True)
class Folder:
    """A baseline that was read, or just written, with every hash checked."""

    path: Path
    manifest: Mapping[str, Any]
    table: bytes
    robust: bytes | None = None
    model: bytes | None = None
    compiled: bytes | None = None
    """the model's forest as the core reads it; None in folders of versions before there was one"""
    known: bytes | None = None
    """JSON of all that was learned; None in folders of versions before there was a review, or made from YAML by hand"""
    review: bytes | None = None
    """JSON of what people decided"""
    values: bytes | None = None
    """what process values are like, as the core reads it; None where they were not learned"""

    @property
    def version(self) -> int:
        """0 for folders of before there were versions."""
        return int(self.manifest.get("version", 0))

    @property
    def versions(self) -> list[dict[str, Any]]:
        """`number`, `author`, `time_ns`, `note`, `files`, the oldest first."""
        return list(self.manifest.get("versions", []))

    @property
    def is_approved(self) -> bool:
        """The latest version is a person's, and nothing that is suspicious waits for one."""
        latest = self.versions[-1] if self.versions else {}
        waiting = (self.manifest.get("review") or {}).get("suspicious", 0)
        return bool(latest.get("author")) and not str(latest["author"]).startswith(PROGRAM) and not waiting

    def model_files(self) -> ModelFiles | None:
        """The model, to be written again with another table."""
        if self.robust is None:
            return None
        return ModelFiles(self.robust, self.model, self.compiled, self.manifest["model"])

    @property
    def has_model(self) -> bool:
        """Whether an anomaly model was learned; it may still abstain, and then says so."""
        return self.robust is not None

    @property
    def window_s(self) -> int | None:
        """Length of the windows the model was learned from: the engine has to cut the same."""
        window_ns = self.manifest.get("model", {}).get("window_ns")
        return None if window_ns is None else int(window_ns) // 1_000_000_000

    def summary(self) -> dict[str, Any]:
        """For heartbeats and statistics: which baseline it is and how much it knows."""
        learned = self.manifest.get("learned", {})
        return {
            "sha256": self.manifest["files"][TABLE]["sha256"],
            "from_ns": learned.get("from_ns", 0),
            "to_ns": learned.get("to_ns", 0),
            "version": self.version,
            "review": self.manifest.get("review"),
            "approved": self.is_approved,
            "completeness": learned.get("settings", {}).get("completeness", {}),
            **{name: learned.get("counts", {}).get(name, 0) for name in ("assets", "links", "operations", "polls")},
        }

    def line(self) -> str:
        """What was learned, in one line in both languages."""
        known = self.manifest.get("learned", {}).get("counts", {})
        model = self.manifest.get("model", {})
        words = {"active": ("工作", "active"), "abstains": ("不下结论", "abstains")}
        said = words.get(str(model.get("state")), ("无", "none"))
        reason = f" ({model['reason']})" if model.get("reason") else ""
        return (
            f"{self.path}: {known.get('assets', 0)} 台设备、{known.get('links', 0)} 条通信关系、"
            f"{known.get('polls', 0)} 个轮询周期，异常模型{said[0]} / {known.get('assets', 0)} stations, "
            f"{known.get('links', 0)} links, {known.get('polls', 0)} polls, model {said[1]}{reason}"
        )


def write_folder(
    path: Path,
    table: bytes,
    model: ModelFiles | None,
    *,
    to_json: ToJson,
    source: Sequence[str],
    start_ns: int,
    end_ns: int,
    settings: Mapping[str, Any] | None = None,
    known: bytes | None = None,
    review: bytes | None = None,
    author: str = "",
    note: str = "",
    time_ns: int = 0,
    states: Mapping[str, int] | None = None,
    values: bytes | None = None,
    order: str = "",
) -> Folder:
    """Write a baseline folder as a whole: after a crash the old one or the new one is there, or none, never a mix.

    Where a baseline was there, this is its next version: `author`, `note` and `time_ns` say whose, why and when.
    `states` counts the entries by what is thought of them (`review.py`); `order` is the id of what a console asked for:
    whoever carries it out sees from that whether it was done.

    Raises:
        BaselineError: the folder cannot be written, or something else stands at its place.
    """
    contents = {TABLE: table}
    if model is not None:
        contents[ROBUST] = model.robust
        if model.forest is not None:
            contents[MODEL] = model.forest
        if model.compiled is not None:
            contents[FOREST] = model.compiled
    beside = ((KNOWN, known), (REVIEW, review), (VALUES, values))
    contents |= {name: data for name, data in beside if data is not None}
    counts = count(json.loads(to_json(table)))
    files: dict[str, dict[str, Any]] = {}
    for name, data in contents.items():
        files[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    versions = _versions(path)
    version = {
        "number": versions[-1]["number"] + 1 if versions else 1,
        "author": author[:MAX_AUTHOR],
        "note": note[:MAX_NOTE],
        "time_ns": time_ns,
        "files": {name: entry["sha256"] for name, entry in files.items()},
        "model": {"state": "none"} if model is None else dict(model.facts),
        **({"order": order} if order else {}),
    }
    versions = [*versions, version][-VERSIONS:]
    manifest = {
        "kind": KIND,
        "schema": SCHEMA,
        "files": files,
        "version": version["number"],
        "versions": versions,
        "review": dict(states or {}),
        "learned": {
            "source": list(source),
            "from_ns": start_ns,
            "to_ns": end_ns,
            "from": _readable(start_ns),
            "to": _readable(end_ns),
            "counts": counts,
            "settings": dict(settings or {}),
        },
        "model": {"state": "none"} if model is None else dict(model.facts),
    }
    contents[MANIFEST] = (json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
    kept = {sha256 for one in versions for sha256 in one["files"].values()}
    try:
        _replace(path, contents, {entry["sha256"]: name for name, entry in files.items()}, kept)
    except OSError as error:
        raise BaselineError(f"{path}: the baseline cannot be written: {error.strerror or error}") from None
    return Folder(path, manifest, table, *(contents.get(name) for name in FILES[1:]))


def _versions(path: Path) -> list[dict[str, Any]]:
    """Those of the baseline that is there; a folder that cannot be read has none that could be trusted."""
    if not (path / MANIFEST).is_file():
        return []
    try:
        return list(_manifest(path).get("versions", []))
    except BaselineError:
        return []


def latest_version(path: Path) -> int:
    """The number of the version that is there now; 0: none, or of before there were versions."""
    versions = _versions(path)
    return int(versions[-1]["number"]) if versions else 0


def read_object(folder: Folder, sha256: str) -> bytes:
    """A file of some version.

    Raises:
        BaselineError: it is not there, or is not what was written.
    """
    return _checked(folder.path / OBJECTS / sha256, {"sha256": sha256})


def _readable(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).isoformat()


def _replace(path: Path, contents: Mapping[str, bytes], fresh_objects: Mapping[str, str], kept: set[str]) -> None:
    """Put a new folder in the place of the old one. `fresh_objects`: names of files by their hash; `kept`: hashes of
    files that some version needs."""
    if path.exists() and not (path / MANIFEST).is_file() and (not path.is_dir() or any(path.iterdir())):
        raise BaselineError(f"{path}: is there and is no baseline; name another folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh, old = (path.with_name(f".{path.name}.{word}-{os.getpid()}") for word in ("new", "old"))
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        for name, data in contents.items():
            with (fresh / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        (fresh / OBJECTS).mkdir()
        for sha256, name in fresh_objects.items():
            _same_file(fresh / name, fresh / OBJECTS / sha256)
        for sha256 in kept - set(fresh_objects):
            if (path / OBJECTS / sha256).is_file():
                _same_file(path / OBJECTS / sha256, fresh / OBJECTS / sha256)
        for folder in (fresh / OBJECTS, fresh):
            _sync(folder)
        if path.exists():
            path.rename(old)
        fresh.rename(path)
        _sync(path.parent)
    except OSError:
        if old.exists() and not path.exists():
            old.rename(path)
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _same_file(old: Path, new: Path) -> None:
    """One file with two names; where the file system knows no such thing, a copy."""
    try:
        new.hardlink_to(old)
    except OSError:
        shutil.copyfile(old, new)


def _sync(folder: Path) -> None:
    """Names in a folder are on the disk after this, as far as the file system can say."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_folder(path: Path, *, known: bool = True) -> Folder:
    """Read a baseline folder and check every hash first. `known`: False leaves out what only a review needs, which is
    several times as large as the table.

    Raises:
        BaselineError: it is no baseline, of a newer schema, incomplete, or some file is not the one that was written.
    """
    manifest = _manifest(path)
    contents = {}
    for name in FILES:
        if name == KNOWN and not known:
            continue
        entry = manifest["files"].get(name)
        if entry is not None:
            contents[name] = _checked(path / name, entry)
        elif (path / name).exists():
            raise BaselineError(f"{path / name}: is not in the manifest and is not used; remove it or learn again")
    if TABLE not in contents:
        raise BaselineError(f"{path / MANIFEST}: names no {TABLE}; learn again with: otus baseline learn -o {path} ...")
    return Folder(path, manifest, contents[TABLE], *(contents.get(name) for name in FILES[1:]))


def _manifest(path: Path) -> dict[str, Any]:
    place = path / MANIFEST
    try:
        manifest = json.loads(_read(place, MAX_MANIFEST_BYTES))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise BaselineError(f"{place}: is not JSON; learn the baseline again or restore it from a copy") from None
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND or not isinstance(manifest.get("files"), dict):
        raise BaselineError(f"{place}: is not the manifest of a baseline")
    if str(manifest.get("schema", "")).partition(".")[0] != SCHEMA.partition(".")[0]:
        raise BaselineError(
            f"{place}: has schema {manifest.get('schema')}, this version reads {SCHEMA}; learn again, or upgrade"
        )
    for part in ("learned", "model"):
        if not isinstance(manifest.get(part), dict):
            raise BaselineError(f"{place}: the part '{part}' is missing; learn again, or restore it from a copy")
    return manifest


def _read(place: Path, most: int) -> bytes:
    try:
        with place.open("rb") as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        raise BaselineError(f"{place}: is missing; a baseline is the folder that otus baseline learn writes") from None
    except OSError as error:
        raise BaselineError(f"{place}: cannot be read: {error.strerror or error}") from None
    if len(data) > most:
        raise BaselineError(f"{place}: is larger than {most} bytes; this is no baseline of ours")
    return data


def _checked(place: Path, entry: object) -> bytes:
    wanted = entry.get("sha256") if isinstance(entry, dict) else None
    data = _read(place, MAX_FILE_BYTES)
    if not isinstance(wanted, str) or hashlib.sha256(data).hexdigest() != wanted:
        raise BaselineError(
            f"{place}: does not match the manifest (damaged or tampered with) and is refused; "
            "restore the folder from a copy or learn again"
        )
    return data
