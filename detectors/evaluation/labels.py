"""Labels of captures: YAML, CSV, and the ground truth of the range. The forms are described in docs/evaluation.md."""

from __future__ import annotations

import csv
import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sensor.schema import Text

KINDS = ("attack", "exposure", "deviation", "work", "benign")
FOUND = ("attack", "exposure", "deviation")
"""What has to be found; work and special days must pass without an alarm of level medium or above."""
TRUTH = "otus-truth/1"


class LabelError(ValueError):
    """Labels cannot be read; the message names the file, the place and the way out."""


@dataclass(frozen=True)
class Event:
    """One thing that happened. What is not given (None, empty) does not limit which alerts are about it."""

    name: str
    kind: str = "attack"
    technique: tuple[str, ...] = ()
    frames: tuple[tuple[int, int], ...] = ()
    """runs of packet numbers, both ends included, from 1"""
    first: float | int | None = None
    """seconds after the first packet (float), or nanoseconds since 1970 (int)"""
    last: float | int | None = None
    hosts: frozenset[str] = frozenset()
    title: Text | None = None
    sign: Text | None = None
    """what can be seen of it"""
    invisible: str = ""
    """why nothing of it stands in the packets; then it is listed and not counted"""
    order: Mapping[str, Any] = field(default_factory=dict)
    """of announced work: `work_order`, `person`, `who`, `where`, `expected`; empty where nobody wrote one"""


@dataclass(frozen=True)
class Learn:
    """What is learned before: other files, or the beginning of this one."""

    files: tuple[Path, ...] = ()
    packets: int | None = None
    until: float | int | None = None


@dataclass(frozen=True)
class Labelled:
    """One capture."""

    path: Path
    name: str
    events: tuple[Event, ...] = ()
    learn: Learn | None = None
    rest_benign: bool = True
    """whether an alert about none of the events is a false one"""
    facts: Mapping[str, Any] = field(default_factory=dict)


def read_labels(path: Path, captures: Path | None = None) -> list[Labelled]:
    """Labels of one file. Captures are looked for beside it, or below `captures`.

    Raises:
        LabelError: one line that says what is wrong and where.
    """
    try:
        if path.suffix == ".csv":
            return _from_csv(path, captures)
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise LabelError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, LabelError):
            raise
        raise LabelError(f"{path}: not readable as labels: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise LabelError(f"{path}: expected a mapping with `labels: 1`, or a truth file of the range")
    if content.get("format") == TRUTH:
        return [_from_truth(path, content, captures)]
    if content.get("labels") != 1 or not isinstance(content.get("captures"), list):
        raise LabelError(f"{path}: expected `labels: 1` and a list `captures`; see docs/evaluation.md")
    return [
        _capture(entry, f"{path}: captures[{place}]", captures or path.parent)
        for place, entry in enumerate(content["captures"])
    ]


def _known(entry: Any, where: str, keys: Iterable[str]) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise LabelError(f"{where}: expected a mapping")
    if unknown := sorted(set(map(str, entry)) - set(keys)):
        raise LabelError(f"{where}: unknown key {unknown[0]!r}; there are {', '.join(sorted(keys))}")
    return entry


def _file(name: Any, where: str, folder: Path) -> Path:
    if not isinstance(name, str) or not name:
        raise LabelError(f"{where}: `file` names the capture")
    path = folder / name
    if not path.is_file():
        raise LabelError(f"{where}: no capture {path}; say where they are with --captures")
    return path


def _capture(entry: Any, where: str, folder: Path) -> Labelled:
    known = _known(entry, where, ("file", "learn", "rest", "events", "note"))
    path = _file(known.get("file"), where, folder)
    if (rest := known.get("rest", "benign")) not in ("benign", "unknown"):
        raise LabelError(f"{where}: rest is `benign` or `unknown`, not {rest!r}")
    events = tuple(_event(one, f"{where}.events[{place}]") for place, one in enumerate(known.get("events") or []))
    return Labelled(path, known["file"], events, _learn(known.get("learn"), where, folder), rest == "benign")


def _learn(entry: Any, where: str, folder: Path) -> Learn | None:
    if entry is None:
        return None
    known = _known(entry, f"{where}.learn", ("files", "packets", "until"))
    if len(known) != 1:
        raise LabelError(f"{where}.learn: one of files, packets, until")
    if "files" in known:
        return Learn(files=tuple(_file(name, f"{where}.learn", folder) for name in known["files"]))
    if "packets" in known:
        if not isinstance(known["packets"], int) or known["packets"] < 1:
            raise LabelError(f"{where}.learn: packets is a whole number from 1")
        return Learn(packets=known["packets"])
    return Learn(until=moment(known["until"], f"{where}.learn"))


def _event(entry: Any, where: str) -> Event:
    keys = ("name", "kind", "technique", "frames", "from", "to", "hosts", "whole", "invisible", "sign")
    known = _known(entry, where, keys)
    if not isinstance(known.get("name"), str):
        raise LabelError(f"{where}: `name` is missing")
    if (kind := known.get("kind", "attack")) not in KINDS:
        raise LabelError(f"{where}: kind is one of {', '.join(KINDS)}, not {kind!r}")
    frames = runs(known.get("frames", []), where)
    first, last = (None if known.get(key) is None else moment(known[key], where) for key in ("from", "to"))
    hosts = known.get("hosts", [])
    if not isinstance(hosts, list) or not all(isinstance(one, str) for one in hosts):
        raise LabelError(f"{where}: hosts is a list of addresses")
    if not (frames or first is not None or last is not None or hosts or known.get("whole") or known.get("invisible")):
        raise LabelError(f"{where}: say which packets: frames, from and to, hosts, or `whole: true`")
    technique = known.get("technique", [])
    technique = [technique] if isinstance(technique, str) else technique
    sign = known.get("sign")
    return Event(
        known["name"],
        kind,
        tuple(map(str, technique)),
        frames,
        first,
        last,
        frozenset(hosts),
        None,
        Text(str(sign), str(sign)) if sign else None,
        str(known.get("invisible") or ""),
    )


def runs(these: Any, where: str) -> tuple[tuple[int, int], ...]:
    """`[3, "10-20", [30, 40]]` as runs."""
    found = []
    for one in these if isinstance(these, list) else [these]:
        try:
            if isinstance(one, list):
                first, last = one
            else:
                begin, _, end = str(one).partition("-")
                first, last = int(begin), int(end or begin)
            if not 1 <= first <= last:
                raise ValueError
        except (ValueError, TypeError):
            raise LabelError(f"{where}: frames are numbers from 1 or runs like 10-20, not {one!r}") from None
        found.append((first, last))
    return tuple(sorted(found))


def moment(value: Any, where: str) -> float | int:
    """Seconds after the first packet, or a point in time (ISO 8601; UTC where no zone is named)."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            raise LabelError(f"{where}: a time is seconds or ISO 8601, not {value!r}") from None
    if not isinstance(value, datetime.datetime):
        raise LabelError(f"{where}: a time is seconds or ISO 8601, not {value!r}")
    value = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
    return int(value.timestamp() * 1_000_000) * 1000


def _from_truth(path: Path, content: Mapping[str, Any], captures: Path | None) -> Labelled:
    try:
        events = tuple(
            Event(
                one["name"],
                one["kind"],
                tuple(one["technique"]),
                tuple((first, last) for first, last in one["frames"]),
                int(one["first_ns"]),
                int(one["last_ns"]),
                frozenset(one["hosts"]),
                Text(one["title"]["zh"], one["title"]["en"]),
                Text(one["sign"]["zh"], one["sign"]["en"]),
                order=_order(one),
            )
            for one in content["events"]
        )
        learn = content["learn"]
        facts = {key: content[key] for key in ("scenario", "seed", "packets")}
        return Labelled(
            _file(content["file"], str(path), captures or path.parent),
            content["file"],
            events,
            None if not learn else Learn(packets=int(learn["packets"]), until=int(learn["until_ns"])),
            True,
            facts,
        )
    except (KeyError, TypeError) as error:
        raise LabelError(f"{path}: not a whole truth file: {error}") from None


def _order(one: Mapping[str, Any]) -> dict[str, Any]:
    """A work order, with who works and on what; empty where nobody wrote one."""
    details = one.get("details") or {}
    if "work_order" not in details or "expected" not in details:
        return {}
    parts: dict[str, list[str]] = {}
    for ip, part in one["hosts"].items():
        parts.setdefault(part, []).append(ip)
    return {**details, "who": parts.get("actor", []), "where": parts.get("target", [])}


def _from_csv(path: Path, captures: Path | None) -> list[Labelled]:
    """A row an event; captures in the order in which they appear. A row without a name: a benign capture."""
    columns = ("file", "name", "kind", "technique", "frames", "from", "to", "hosts", "whole", "invisible")
    found: dict[str, dict[str, Any]] = {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if unknown := sorted(set(reader.fieldnames or ()) - set(columns)):
            raise LabelError(f"{path}:1: unknown column {unknown[0]!r}; there are {', '.join(columns)}")
        for row in reader:
            if not row.get("file"):
                raise LabelError(f"{path}:{reader.line_num}: `file` is empty")
            entry = found.setdefault(row["file"], {"file": row["file"], "events": []})
            if not row.get("name"):
                continue
            event: dict[str, Any] = {key: row[key] for key in ("name", "kind", "invisible") if row.get(key)}
            event |= {key: row[key].split() for key in ("technique", "frames", "hosts") if row.get(key)}
            event |= {key: _number(row[key]) for key in ("from", "to") if row.get(key)}
            event |= {"whole": True} if row.get("whole", "").lower() in ("1", "true", "yes") else {}
            _event(event, f"{path}:{reader.line_num}")
            entry["events"].append(event)
    return [_capture(entry, str(path), captures or path.parent) for entry in found.values()]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
