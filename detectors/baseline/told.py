"""What a console is told of a baseline: its entries one by one, and the state of the whole.

The order of the entries is that of the table, whatever is thought of them: a decision changes the part that its entry
stands in and no other. Of more than fit those go first that somebody has to look at.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from detectors.baseline.completeness import Completeness, completeness, link_completeness
from detectors.baseline.entries import link_id, station_id
from detectors.baseline.folder import TABLE, VALUES, BaselineError, Folder
from detectors.baseline.review import LEARNED, STATES, Decision, Known, Reviewed, reviewed
from detectors.baseline.value_entries import tag_id
from detectors.baseline.versions import Codec, content_of, difference
from sensor.schema import Baseline, BaselineEntry
from sensor.schema.baseline import ENTRIES_PER_PART, MAX_NAME, MAX_PARTS, MAX_SUSPICIONS, MAX_VERSIONS

MAX_ENTRIES = ENTRIES_PER_PART * MAX_PARTS
COMPARED = 10
"""Latest versions of which it is told what they changed; to compare two large ones takes seconds."""
MAX_LINES = 30
"""Changed entries of a version that are named; all are counted."""
WITHHELD = "withheld"
"""A state that is only told: what hangs on a link that is kept apart or rejected."""
_URGENT = {state: place for place, state in enumerate((*STATES, WITHHELD))}
MAX_NOTED, MAX_MACS, MAX_STATES = 500, 8, 16


def entries_told(known: Known, decisions: Sequence[Decision], values: bytes | None = None) -> list[BaselineEntry]:
    """All that fit, in the order of the table; process values (`values.json`) behind the link they are read on."""
    meters = _link_meters(known.report)
    tags = _tags(values)
    told: list[BaselineEntry] = []
    last = ""
    rows = reviewed(known, decisions)
    withheld = _withheld(known, rows)
    for one in rows:
        link = one.entry.link or ""
        if link != last:
            told += tags.pop(last, [])
            last = link
        told.append(_entry(one, meters.get(one.entry.id), WITHHELD if one.entry.id in withheld else one.state))
    for rest in tags.values():
        told += rest
    told = [one for one in told if len(one.name) <= MAX_NAME]
    if len(told) > MAX_ENTRIES:
        urgent = sorted(range(len(told)), key=lambda place: (_URGENT[told[place].state], place))
        told = [told[place] for place in sorted(urgent[:MAX_ENTRIES])]
    return told


def parts_told(entries: Sequence[BaselineEntry]) -> list[tuple[BaselineEntry, ...]]:
    return [tuple(entries[start : start + ENTRIES_PER_PART]) for start in range(0, len(entries), ENTRIES_PER_PART)]


def _withheld(known: Known, rows: Sequence[Reviewed]) -> set[str]:
    """What hangs on a link that is not normal, and nobody decided about: it is not normal either, until the link is."""
    gone = {one.entry.id for one in rows if one.entry.kind == "link" and not one.counts}
    stations: dict[str, bool] = {}
    for link in known.document["links"]:
        for end in ("client", "server"):
            key = station_id(link["segment"], link[end])
            stations[key] = stations.get(key, False) or link_id(link) not in gone
    alone = {key for key, counts in stations.items() if not counts}
    return {
        one.entry.id
        for one in rows
        if one.state == LEARNED and one.entry.kind != "link" and (one.entry.link in gone or one.entry.id in alone)
    }


def _entry(one: Reviewed, meter: Mapping[str, Any] | None, state: str) -> BaselineEntry:
    seen, about = one.entry.seen, dict(one.entry.about)
    if "macs" in about:
        about["macs"] = list(about["macs"])[:MAX_MACS]
    if meter is not None:
        about["meter"] = meter
    return BaselineEntry(
        name=one.entry.id,
        kind=one.entry.kind,
        state=state,
        link=one.entry.link or "",
        about=about,
        first_ns=seen.first_ns,
        last_ns=seen.last_ns,
        count=seen.count,
        place=seen.place or "",
        frame=seen.frame,
        decision=None if one.decision is None else _decision(one.decision),
        suspicions=tuple(
            {key: value for key, value in hit.to_json().items() if key != "link"}
            for hit in one.suspicions[:MAX_SUSPICIONS]
        ),
    )


def _decision(one: Decision) -> dict[str, Any]:
    told = one.to_json()
    return {key: value[:MAX_NOTED] if isinstance(value, str) else value for key, value in told.items()}


def _link_meters(report: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """By link: what it may still bring."""
    if not report or not report.get("stretches"):
        return {}
    return {link_id(link): meter_told(link_completeness(report, link)) for link in report["links"] if "meters" in link}


def meter_told(meter: Completeness) -> dict[str, Any]:
    """Numbers only; None where it is too early to say."""
    kinds = {
        name: {
            "seen": one.seen,
            "new_per_day": _finite(one.new_per_day),
            "new_per_day_most": _finite(one.new_per_day_most),
            "unseen_least": _finite(one.unseen_least),
            "changing": one.changing,
        }
        for name, one in meter.kinds.items()
    }
    return {**meter.to_json(), "kinds": kinds}


def _finite(number: float) -> float | None:
    return round(number, 3) if math.isfinite(number) else None


def _tags(values: bytes | None) -> dict[str, list[BaselineEntry]]:
    """Process values by link."""
    found: dict[str, list[BaselineEntry]] = {}
    for link in json.loads(values)["links"] if values else []:
        name = link_id(link)
        ends = {key: link[key] for key in ("segment", "client", "server", "protocol")}
        found[name] = [_tag(name, ends, tag) for tag in link["tags"]]
    return found


def _tag(link: str, ends: Mapping[str, Any], tag: Mapping[str, Any]) -> BaselineEntry:
    named = bool(tag.get("name"))
    about = {**ends, "space": tag["space"], "index": tag["index"], "type": tag["kind"]}
    about |= {"object": tag["name"]} if named else {"start": tag["start"], "end": tag["start"]}
    about |= {key: tag[key] for key in ("low", "high", "setting", "counter", "set_limits") if tag.get(key) is not None}
    if tag.get("states"):
        about["states"] = list(tag["states"])[:MAX_STATES]
    return BaselineEntry(tag_id(link, tag), "value", "learned", link, about, count=tag.get("samples"))


class Differences:
    """What each version changed, worked out once: a version never changes any more."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._known: dict[tuple[str, ...], dict[str, Any]] = {}

    def told(self, folder: Folder) -> Iterator[dict[str, Any]]:
        """The latest versions, the newest first."""
        versions = folder.versions[::-1]
        for place, one in enumerate(versions[:MAX_VERSIONS]):
            told = {key: one[key] for key in ("number", "author", "time_ns", "note")}
            if place < COMPARED and place + 1 < len(versions):
                told |= self._between(folder, versions[place + 1], one)
            yield told

    def _between(self, folder: Folder, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        key = tuple(one["files"].get(name, "") for one in (before, after) for name in (TABLE, VALUES))
        if key not in self._known:
            try:
                contents = [content_of(folder, one["number"]) for one in (before, after)]
                found = difference(contents[0], contents[1], self._codec)
            except (BaselineError, ValueError, LookupError):
                return {}  # an object that is damaged is said where somebody asks for that version
            lines = [line[:MAX_NAME] for line in found.lines()]
            self._known[key] = {
                "added": len(found.added),
                "removed": len(found.removed),
                "changed": len(found.changed),
                "lines": lines[:MAX_LINES],
            }
        return self._known[key]


def state_told(
    folder: Folder,
    known: Known,
    entries: Sequence[BaselineEntry],
    total: int,
    differences: Differences,
    **more: Any,
) -> Baseline:
    """The state of the whole. `total`: entries there are, told or not; `more`: what only the sensor knows."""
    learned = folder.manifest["learned"]
    meter = None
    if known.report and known.report.get("stretches"):
        meter = meter_told(completeness(known.report, known.report.get("allowed_per_day")))
    return Baseline(
        version=folder.version,
        approved=folder.is_approved,
        parts=math.ceil(len(entries) / ENTRIES_PER_PART),
        entries=total,
        states=Counter(one.state for one in entries),
        kinds=Counter(one.kind for one in entries),
        from_ns=learned.get("from_ns", 0),
        to_ns=learned.get("to_ns", 0),
        meter=meter,
        versions=tuple(differences.told(folder)),
        **more,
    )
