"""STIX 2.1 bundles: indicators with patterns. STIX 2.1 (OASIS Standard, 2021), 3.2 (common properties), 4.7
(Indicator)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from detectors.imports.indicators.collected import DOUBTFUL, EARLY, EXPIRED, NOT, REVOKED, Bounds, Collected
from detectors.imports.indicators.pattern import PatternError, alternatives


class BundleError(ValueError):
    """A file that is no bundle: one line."""


def read(text: str, file: str, into: Collected, bounds: Bounds) -> None:
    """Every indicator of a bundle. Of several versions of one object the latest counts (3.6).

    Raises:
        BundleError: the file is none.
    """
    try:
        said = json.loads(text)
    except json.JSONDecodeError as error:
        raise BundleError(f"{file}:{error.lineno}: not JSON: {error.msg}") from None
    except (RecursionError, ValueError):
        raise BundleError(f"{file}:1: not JSON that can be read") from None
    objects = said.get("objects") if isinstance(said, dict) and said.get("type") == "bundle" else [said]
    if not isinstance(objects, list) or not isinstance(objects[0] if objects else {}, dict):
        raise BundleError(f"{file}:1: no STIX bundle: a map with type bundle and a list objects")
    latest: dict[str, tuple[str, int]] = {}
    for number, one in enumerate(objects):
        if isinstance(one, dict) and one.get("type") == "indicator":
            identity, modified = str(one.get("id", number)), str(one.get("modified", ""))
            if identity not in latest or modified >= latest[identity][0]:
                latest[identity] = (modified, number)
    if not latest and not any(isinstance(one, dict) and "type" in one for one in objects):
        raise BundleError(f"{file}:1: no STIX objects")
    for number in sorted(number for _, number in latest.values()):
        _indicator(objects[number], f"{file}: objects[{number}]", into, bounds)


def _indicator(one: dict[str, Any], place: str, into: Collected, bounds: Bounds) -> None:
    identity = str(one.get("id", ""))[:100]
    if one.get("revoked") is True:
        return into.say(place, identity, REVOKED)
    try:
        until, since = _moment(one.get("valid_until")), _moment(one.get("valid_from"))
    except ValueError as error:
        return into.say(place, identity, NOT, str(error))
    if until is not None and until <= bounds.at:
        return into.say(place, identity, EXPIRED, f"since {one['valid_until']}")
    if since is not None and since > bounds.at:
        return into.say(place, identity, EARLY, f"before {one['valid_from']}")
    confidence = one.get("confidence")
    if isinstance(confidence, int) and confidence < bounds.least_confidence:
        return into.say(place, identity, DOUBTFUL, f"{confidence} of 100")
    kind, pattern = one.get("pattern_type", "stix"), one.get("pattern")
    if kind != "stix":
        way = "; otus rules import suricata reads those" if kind in ("snort", "suricata") else ""
        return into.say(place, identity, NOT, f"a pattern of {str(kind)[:40]}{way}")
    if not isinstance(pattern, str):
        return into.say(place, identity, NOT, "it has no pattern")
    try:
        found = alternatives(pattern)
    except PatternError as error:
        return into.say(place, identity, NOT, str(error))
    name = one.get("name")
    source = " ".join(part for part in (identity, name if isinstance(name, str) else "") if part)
    state, why = into.take(found, source)
    return into.say(place, identity, state, why)


def _moment(said: object) -> datetime | None:
    """RFC 3339 in UTC (2.16)."""
    if said is None:
        return None
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        raise ValueError(f"{str(said)[:40]} is no time") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
