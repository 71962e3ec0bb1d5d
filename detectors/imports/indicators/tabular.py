"""Indicators in CSV: columns by their names where there are names, values by what they look like where there are
none."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from detectors.imports.indicators.collected import COMBINED, DOUBTFUL, EXPIRED, LISTED, NOT, Bounds, Collected
from detectors.imports.indicators.kinds import guessed

MAX_FIELD = 64 * 1024
TYPES: Mapping[str, str] = {
    "ip": "addresses", "ipv4": "addresses", "ipv6": "addresses", "ipv4-addr": "addresses", "ipv6-addr": "addresses",
    "address": "addresses", "ip-dst": "addresses", "ip-src": "addresses", "cidr": "addresses", "ip_address":
    "addresses",
    "地址": "addresses", "ip地址": "addresses", "domain": "names", "domain-name": "names", "hostname": "names", "fqdn":
    "names",
    "host": "names", "域名": "names", "url": "url", "uri": "url", "sha256": "blocks", "sha-256": "blocks", "md5": "md5",
    "sha1": "sha1", "sha-1": "sha1", "ja4": "ja4", "user-agent": "agents", "user_agent": "agents", "serial":
    "certificates", "serial_number": "certificates", "x509-serial": "certificates",
}  # fmt: skip
"""What a column or a cell of the type's column may be called."""
VALUE = ("value", "indicator", "ioc", "observable", "indicator_value", "ioc_value", "data", "指标", "值")
TYPE = ("type", "indicator_type", "ioc_type", "kind", "类型")
UNTIL = ("valid_until", "expires", "expiration", "expiry", "失效时间", "有效期至")
CONFIDENCE = ("confidence", "置信度")
ABOUT = ("name", "description", "comment", "source", "threat", "malware", "名称", "说明", "来源")
_FANGS = ((re.compile(r"\[\.\]|\(\.\)|\{\.\}|\[dot\]", re.IGNORECASE), "."), (re.compile(r"^hxxp", re.IGNORECASE),
"http"),
          (re.compile(r"\[:\]"), ":"), (re.compile(r"\[/\]"), "/"))  # fmt: skip


def read(text: str, file: str, into: Collected, bounds: Bounds) -> None:
    """Every row. What is wrong with one is said with its line, the others are taken."""
    sample = text[:8192]
    delimiter = max(",;\t|", key=lambda mark: sum(line.count(mark) > 0 for line in sample.splitlines()))
    csv.field_size_limit(MAX_FIELD)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    names: list[str] | None = None
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            into.say(f"{file}:{rows.line_num}", "", NOT, f"no row: {error}")
            continue
        if row is None:
            break
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        if names is None:
            names = _names(cells)
            if any(names):
                continue
        _row(cells, names, f"{file}:{rows.line_num}", into, bounds)


def _names(cells: Sequence[str]) -> list[str]:
    """The columns' names, or empty ones where the first row is a value already."""
    plain = [cell.lower().replace(" ", "_") for cell in cells]
    known = any(cell in (*VALUE, *TYPES) for cell in plain)
    return plain if known and not any(guessed(_refanged(cell)) for cell in cells) else ["" for _ in cells]


def _row(cells: Sequence[str], names: Sequence[str], place: str, into: Collected, bounds: Bounds) -> None:
    by_name = {name: cell for name, cell in zip(names, cells, strict=False) if name and cell}
    about = " ".join(cell for name, cell in by_name.items() if name in ABOUT)[:200]
    until = next((by_name[name] for name in UNTIL if name in by_name), None)
    if until is not None:
        try:
            moment = datetime.fromisoformat(until)
        except ValueError:
            return into.say(place, "", NOT, f"{until[:40]} is no day or time")
        if (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) <= bounds.at:
            return into.say(place, "", EXPIRED, f"since {until}")
    confidence = next((by_name[name] for name in CONFIDENCE if name in by_name), "")
    if confidence.isdigit() and int(confidence) < bounds.least_confidence:
        return into.say(place, "", DOUBTFUL, f"{confidence} of 100")
    said = next((by_name[name] for name in TYPE if name in by_name), "").lower()
    found = [(by_name[name], said) for name in VALUE if name in by_name]
    found += [(cell, name) for name, cell in by_name.items() if name in TYPES]
    if not any(names):
        found = [(cell, "") for cell in cells if guessed(_refanged(cell)) is not None][:1]
    if not found:
        return into.say(place, "", NOT, "no value that looks like an indicator")
    for text, kind in found:
        _value(text, kind, about, place, into)
    return None


def _refanged(text: str) -> str:
    """`1.2[.]3[.]4` and `hxxp://` are written so that nobody follows them by accident."""
    for mark, plain in _FANGS:
        text = mark.sub(plain, text)
    return text


def _value(text: str, said: str, about: str, place: str, into: Collected) -> None:
    plain = _refanged(text)
    kind = TYPES.get(said)
    if kind is None:
        kind = guessed(plain)
        if kind is None:
            into.say(
                place, "", NOT, f"{text[:60]!r}: of no kind that is known" + (f", {said[:30]} neither" if said else "")
            )
            return
        into.guesses[kind] += 1
    if kind in ("md5", "sha1"):
        return into.say(place, "", NOT, f"{kind} is not computed here: of S7 blocks SHA-256 is")
    if kind == "url":
        done, why = into.add_url(plain)
        return into.say(place, "", COMBINED if done else NOT, why)
    if not into.add(kind, plain, f"{place} {about}".strip()):
        return into.say(place, "", NOT, f"{text[:60]!r} is none of the {kind}, or their list is full")
    return into.say(place, "", LISTED)
