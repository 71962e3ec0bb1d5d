"""`content`, `byte_test` and `dsize` on a whole payload → fields where the place is one of ours, else bytes of the
message.

What looks at a segment's payload there looks at a message here: the same for protocols that send one message a
segment, as controllers do; a message over several segments is looked at as one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

from detectors.imports.detection import BROADER, NARROWER, Detection, Remark
from detectors.imports.suricata.content import Content
from detectors.imports.suricata.grammar import GrammarError
from detectors.imports.suricata.places import place, taken

MOST_LETTERS = 6
"""Of a content without case: 64 ways to write it."""
_BYTE_TEST = ("=", "==", ">", "<", ">=", "<=", "&")


def joined(contents: Sequence[Content]) -> list[tuple[Content, int | None]]:
    """Contents with the one place where each may begin (None: several), those that touch each other as one."""
    found: list[tuple[Content, int | None]] = []
    end: int | None = None
    for content in contents:
        start = content.start(end)
        last = found[-1][0] if found else None
        follows = content.distance in (0, None) and content.relative and content.within == len(content.data)
        if last is not None and follows and _plain(last) and _plain(content) and not content.endswith:
            found[-1] = (
                replace(last, data=last.data + content.data, written=f"{last.written} {content.written}"),
                found[-1][1],
            )
        else:
            found.append((content, start))
        if not content.negated:
            end = None if start is None else start + len(content.data)
    return found


def _plain(content: Content) -> bool:
    return not content.negated and not content.nocase and not content.endswith and not content.variable


def known_bytes(placed: Sequence[tuple[Content, int | None]]) -> dict[int, int]:
    """Offset → value of the bytes that a rule says exactly."""
    known: dict[int, int] = {}
    for content, start in placed:
        if start is not None and _plain(content):
            known |= dict(enumerate(content.data, start))
    return known


def contents_on(protocol: str, contents: Sequence[Content], answers: bool, detection: Detection) -> list[Remark]:
    """Add what they ask of a message's bytes; `answers`: of what the server sends."""
    placed = joined(contents)
    known = known_bytes(placed)
    checks, covered = taken(protocol, known, answers)
    if checks:
        detection.need(checks)
    remarks: list[Remark] = []
    for content, start in placed:
        if start is not None and _plain(content) and covered >= set(range(start, start + len(content.data))):
            continue
        remarks += _content(protocol, content, start, known, answers, detection)
    return remarks


def _content(
    protocol: str, content: Content, start: int | None, known: dict[int, int], answers: bool, detection: Detection
) -> list[Remark]:
    part = f"content:{content.written}"
    wrong = NARROWER if content.negated else BROADER
    if content.variable:
        return [Remark(part, wrong, content.variable)]
    if content.negated and start is not None and not content.nocase:
        checks, covered = taken(protocol, known | dict(enumerate(content.data, start)), answers)
        own = set(range(start, start + len(content.data)))
        if own <= covered and not own & known.keys():
            only, _ = taken(protocol, known, answers)
            detection.exclude({key: value for key, value in checks.items() if only.get(key) != value})
            return []
    operator = "|startswith" if start == 0 else "|endswith" if content.endswith else "|contains"
    values = _spellings(content)
    if values is None:
        return [Remark(part, wrong, f"more than {MOST_LETTERS} letters in upper and lower case")]
    check = {f"message.bytes{operator}": values if len(values) > 1 else values[0]}
    if content.negated:
        detection.exclude(check)
    else:
        detection.need(check)
    return (
        [] if start == 0 or content.endswith or content.anywhere else [Remark(part, wrong, "its place in the message")]
    )


def _spellings(content: Content) -> list[str] | None:
    """The bytes as hexadecimal digits, in each way of upper and lower case where that does not count."""
    if not content.nocase:
        return [content.data.hex()]
    ways = [
        sorted({byte, ord(chr(byte).lower()), ord(chr(byte).upper())}) if byte < 0x80 else [byte]
        for byte in content.data
    ]
    if sum(len(way) > 1 for way in ways) > MOST_LETTERS:
        return None
    return [bytes(spelling).hex() for spelling in itertools.product(*ways)]


def byte_test(
    protocol: str, value: str, contents: Sequence[Content], answers: bool, detection: Detection
) -> list[Remark]:
    """`byte_test: count, [!]operator, value, offset [, relative, endianness, …]`, where the place is a field of ours.

    Raises:
        GrammarError: it is none.
    """
    words = [word.strip() for word in re.split(r"[,]", value)]
    part = f"byte_test:{value}"
    if len(words) < 4:
        raise GrammarError(f"{part} is not read")
    options = {word.lower() for word in words[4:]}
    operator, negated = words[1].lstrip("!"), words[1].startswith("!")
    try:
        size, wanted, offset = int(words[0]), int(words[2], 0), int(words[3])
    except ValueError:
        return [Remark(part, BROADER, "it compares with a variable")]
    placed = joined(contents)
    known = known_bytes(placed)
    if "relative" in options:
        last = placed[-1] if placed else None
        start = None if last is None or last[1] is None else last[1] + len(last[0].data) + offset
    else:
        start = offset
    unread = options - {"relative", "big"}
    if size == 1:
        unread -= {"little"}
    if operator not in _BYTE_TEST or unread or start is None:
        return [Remark(part, BROADER, f"{', '.join(sorted(unread)) or 'its place or operator'}")]
    found = place(protocol, start, size, known, answers)
    if found is None or not (found.field or operator in ("=", "==")):
        return [Remark(part, BROADER, f"no field of {protocol} stands at bytes {start} to {start + size - 1}")]
    if found.field:
        names = {"=": "", "==": "", ">": "|gt", "<": "|lt", ">=": "|gte", "<=": "|lte", "&": "|mask"}
        key = found.field + names[operator]
        also = {name: each for name, each in found.checks(wanted).items() if name != found.field}
        checks = {key: {"and": wanted, "equals": wanted}} if operator == "&" else {key: wanted}
        if also and not negated:
            detection.need(also, telling=False)
    else:
        checks = found.checks(wanted)
    if operator == "&" and wanted & (wanted - 1):
        return [Remark(part, BROADER, "any of several bits; one bit can be said")]
    if negated:
        detection.exclude(checks)
    else:
        detection.need(checks)
    return []
