"""A baseline on disk: a folder of files and a manifest with their hashes.

`baseline.bin` (compiled table); `robust.json`, `model.skops` and `forest.bin` (anomaly model: the test of each feature,
the forest, and the same forest compiled for scoring; absent where none was learned); `values.json` (what process values
are like; absent in folders of versions before it); `manifest.json`. Nothing is used before its SHA-256 matched, and
what is used are the very bytes that were hashed.
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
VALUES = "values.json"
FILES = (TABLE, ROBUST, MODEL, FOREST, VALUES)
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
    values: bytes | None = None
    """what process values are like, as the core reads it; None where they were not learned"""

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
    values: bytes | None = None,
) -> Folder:
    """Write a baseline folder as a whole: after a crash the old one or the new one is there, or none, never a mix.

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
    if values is not None:
        contents[VALUES] = values
    counts = count(json.loads(to_json(table)))
    manifest = {
        "kind": KIND,
        "schema": SCHEMA,
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in contents.items()
        },
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
    try:
        _replace(path, contents)
    except OSError as error:
        raise BaselineError(f"{path}: the baseline cannot be written: {error.strerror or error}") from None
    return Folder(path, manifest, table, *(contents.get(name) for name in FILES[1:]))


def _readable(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).isoformat()


def _replace(path: Path, contents: Mapping[str, bytes]) -> None:
    """Put a new folder in the place of the old one."""
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
        if path.exists():
            path.rename(old)
        fresh.rename(path)
    except OSError:
        if old.exists() and not path.exists():
            old.rename(path)
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)


def read_folder(path: Path) -> Folder:
    """Read a baseline folder and check every hash first.

    Raises:
        BaselineError: it is no baseline, of a newer schema, incomplete, or some file is not the one that was written.
    """
    manifest = _manifest(path)
    contents = {}
    for name in FILES:
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
