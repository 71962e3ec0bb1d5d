"""A baseline that is reviewed: what is known and decided, the next version of it, comparing, going back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detectors.baseline.entries import Entry, entries
from detectors.baseline.folder import FOREST as COMPILED
from detectors.baseline.folder import (
    KNOWN,
    REVIEW,
    ROBUST,
    TABLE,
    VALUES,
    BaselineError,
    Folder,
    FromJson,
    ModelFiles,
    ToJson,
    latest_version,
    read_object,
    write_folder,
)
from detectors.baseline.folder import MODEL as FOREST
from detectors.baseline.review import STATES, Decision, Known, ReviewError, reviewed, table
from detectors.baseline.value_entries import order_entries, value_entries


@dataclass(frozen=True)
class Codec:
    """The core's, which compiles a document into a table and back."""

    to_json: ToJson
    from_json: FromJson


def read_known(folder: Folder, codec: Codec) -> Known:
    """All that was learned. Of a folder without it (an earlier version's, or from YAML) what its table has.

    Raises:
        BaselineError: it cannot be read.
    """
    return _known(folder.known, folder.table, codec, str(folder.path / KNOWN))


def _known(data: bytes | None, compiled: bytes, codec: Codec, where: str) -> Known:
    try:
        if data is None:
            return Known(json.loads(codec.to_json(compiled)))
        return Known.from_json(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"{where}: {error}") from None


def read_decisions(data: bytes | None, where: str) -> list[Decision]:
    """Raises BaselineError: they cannot be read."""
    try:
        content = [] if data is None else json.loads(data)
        if not isinstance(content, list):
            raise ReviewError("not a list of decisions")
        return [Decision.from_json(one) for one in content]
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"{where}: {error}") from None


def decisions_of(folder: Folder) -> list[Decision]:
    return read_decisions(folder.review, str(folder.path / REVIEW))


def dump(data: Any) -> bytes:
    return (json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def compiled(known: Known, decisions: Sequence[Decision], codec: Codec) -> bytes:
    """The table that follows.

    Raises:
        BaselineError: it does not fit.
    """
    try:
        return codec.from_json(json.dumps(table(known, decisions)))
    except ValueError as error:
        raise BaselineError(f"the reviewed baseline cannot be compiled: {error}") from None


def state_counts(known: Known, decisions: Sequence[Decision]) -> dict[str, int]:
    """Entries by state, none left out."""
    counted = Counter(one.state for one in reviewed(known, decisions))
    return {state: counted[state] for state in STATES}


def write_version(
    folder: Folder,
    known: Known,
    decisions: Sequence[Decision],
    codec: Codec,
    *,
    author: str,
    note: str,
    time_ns: int,
    model: ModelFiles | None,
    values: bytes | None = None,
    path: Path | None = None,
    order: str = "",
) -> Folder:
    """The next version of a folder that is there, or of another at `path`. `values`: what process values are like.

    Raises:
        BaselineError: it cannot be compiled or written, or somebody wrote another version since this one was read; the
            folder is as it was.
    """
    if path is None and folder.version and latest_version(folder.path) != folder.version:
        raise BaselineError(f"{folder.path}: another version was written meanwhile; look at it, and decide again")
    learned = folder.manifest["learned"]
    return write_folder(
        path or folder.path,
        compiled(known, decisions, codec),
        model,
        to_json=codec.to_json,
        source=learned.get("source", []),
        start_ns=learned.get("from_ns", 0),
        end_ns=learned.get("to_ns", 0),
        settings=learned.get("settings"),
        known=dump(known.to_json()),
        review=dump([one.to_json() for one in decisions]),
        author=author,
        note=note,
        time_ns=time_ns,
        states=state_counts(known, decisions),
        values=values,
        order=order,
    )


def version(folder: Folder, number: int) -> Mapping[str, Any]:
    """What the manifest says of a version.

    Raises:
        BaselineError: there is none of that number.
    """
    found = next((one for one in folder.versions if one["number"] == number), None)
    if found is None:
        there = ", ".join(str(one["number"]) for one in folder.versions) or "none"
        raise BaselineError(f"{folder.path}: has no version {number}; there are {there}")
    return found


def rollback(
    folder: Folder, number: int, codec: Codec, *, author: str, note: str, time_ns: int, order: str = ""
) -> Folder:
    """The content of an earlier version as the next one: nothing of what was between is lost.

    Raises:
        BaselineError: there is no such version, or a file of it is damaged.
    """
    files = version(folder, number)["files"]
    held = {name: read_object(folder, sha256) for name, sha256 in files.items()}
    known = _known(held.get(KNOWN), held[TABLE], codec, f"{folder.path}: version {number}")
    decisions = read_decisions(held.get(REVIEW), f"{folder.path}: version {number}")
    model = None
    if ROBUST in held:
        model = ModelFiles(held[ROBUST], held.get(FOREST), held.get(COMPILED), version(folder, number)["model"])
    return write_version(
        folder,
        known,
        decisions,
        codec,
        author=author,
        note=note or f"rollback to version {number}",
        time_ns=time_ns,
        model=model,
        values=held.get(VALUES),
        order=order,
    )


def put_in_place(
    candidate: Folder, path: Path, codec: Codec, *, author: str, note: str, time_ns: int, order: str = ""
) -> Folder:
    """A baseline that was tried as the next version of the one that counts.

    Raises:
        BaselineError: it cannot be written, or something else stands there.
    """
    known, decisions = read_known(candidate, codec), decisions_of(candidate)
    model = candidate.model_files()
    return write_version(
        candidate,
        known,
        decisions,
        codec,
        author=author,
        note=note,
        time_ns=time_ns,
        model=model,
        values=candidate.values,
        path=path,
        order=order,
    )


@dataclass(frozen=True)
class Difference:
    """Entries that are normal in one table and not in the other."""

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    changed: tuple[tuple[Entry, Entry], ...]
    """polls whose rhythm is another; values and relations that are judged by other numbers"""

    def lines(self) -> Iterator[str]:
        for sign, rows in (("+", self.added), ("-", self.removed)):
            for entry in rows:
                yield f"{sign} {entry.id}"
        for before, after in self.changed:
            yield f"~ {after.id}  {_change(before, after)}"


def _change(before: Entry, after: Entry) -> str:
    """What is another of it."""
    if before.kind == "poll":
        return f"{before.label.rpartition(', ')[2]} → {after.label.rpartition(', ')[2]}"
    keys = [key for key in {**before.about, **after.about} if before.about.get(key) != after.about.get(key)]
    return ", ".join(f"{key} {_shown(before.about.get(key))} → {_shown(after.about.get(key))}" for key in keys)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping) or (isinstance(value, list) and value and not isinstance(value[0], (int, float))):
        return "…"  # what the time of day adds: dozens of coefficients
    if isinstance(value, list):
        return "[" + ", ".join(_shown(one) for one in value) + "]"
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Content:
    """What is normal in one version."""

    table: bytes
    values: bytes | None = None


def content_of(folder: Folder, number: int | None = None) -> Content:
    """Of a version that is kept; None: of what is there now.

    Raises:
        BaselineError: there is no such version, or a file of it is damaged.
    """
    if number is None:
        return Content(folder.table, folder.values)
    files = version(folder, number)["files"]
    values = read_object(folder, files[VALUES]) if VALUES in files else None
    return Content(read_object(folder, files[TABLE]), values)


def difference(before: Content, after: Content, codec: Codec) -> Difference:
    """What is normal after and was not before, and the other way round.

    Raises:
        ValueError: a table or values cannot be read.
    """
    one, other = ({entry.id: entry for entry in _all_entries(content, codec)} for content in (before, after))
    return Difference(
        tuple(entry for name, entry in other.items() if name not in one),
        tuple(entry for name, entry in one.items() if name not in other),
        tuple(
            (one[name], entry)
            for name, entry in other.items()
            if name in one and _judges_otherwise(one[name], entry)
        ),
    )


def _all_entries(content: Content, codec: Codec) -> Iterator[Entry]:
    document = json.loads(codec.to_json(content.table))
    yield from entries(document, None)
    yield from order_entries(document)
    if content.values is not None:
        yield from value_entries(json.loads(content.values))


def _judges_otherwise(before: Entry, after: Entry) -> bool:
    if after.kind == "poll":
        return before.label != after.label
    return after.kind in ("value", "relation") and before.about != after.about
