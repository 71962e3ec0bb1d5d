"""`content` and what stands behind it: bytes, and where in the payload they are looked for.

Suricata user guide 8, "Payload Keywords"; Snort 3, "content". Offsets count from the beginning of the payload,
`distance` from the end of the match before; `depth` counts from `offset`, `within` from `distance`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from detectors.imports.suricata.grammar import GrammarError, Option, parted

MODIFIERS = ("offset", "depth", "distance", "within", "nocase", "startswith", "endswith", "fast_pattern", "rawbytes",
             "fast_pattern_only", "fast_pattern_offset", "fast_pattern_length", "width", "endian")  # fmt: skip
_NUMBERS = ("offset", "depth", "distance", "within")


@dataclass(frozen=True)
class Content:
    """`offset`, `depth`, `distance`, `within` in bytes; None where the rule does not say. `variable`: what it takes
    them from instead."""

    data: bytes
    negated: bool = False
    nocase: bool = False
    offset: int | None = None
    depth: int | None = None
    distance: int | None = None
    within: int | None = None
    startswith: bool = False
    endswith: bool = False
    variable: str = ""
    written: str = ""

    @property
    def relative(self) -> bool:
        return self.distance is not None or self.within is not None

    @property
    def anywhere(self) -> bool:
        """Nothing is said of its place."""
        return not self.relative and self.offset in (None, 0) and self.depth is None and not self.placed

    @property
    def placed(self) -> bool:
        return self.startswith or self.endswith

    def start(self, end_before: int | None) -> int | None:
        """The one place where it may begin, where there is only one."""
        if self.startswith:
            return 0
        if self.relative:
            if end_before is None or (self.within or 0) != len(self.data):
                return None
            return end_before + (self.distance or 0)
        return (self.offset or 0) if self.depth == len(self.data) else None


def read(value: str) -> Content:
    """`!"abc|0d 0a|",nocase,offset 4` (what stands behind commas is Snort 3's).

    Raises:
        GrammarError: it is none.
    """
    first, *rest = parted(value, ",")
    text = first.strip()
    negated = text.startswith("!")
    text = text[1:].strip() if negated else text
    content = Content(_bytes(text), negated=negated, written=first.strip())
    for piece in rest:
        name, _, number = piece.strip().partition(" ")
        if name not in MODIFIERS:
            raise GrammarError(f"content: unknown {name}")
        content = modified(content, Option(name, number.strip() or None))
    return content


def modified(content: Content, option: Option) -> Content:
    """With one modifier."""
    changed: dict[str, Any] = {option.name: True} if option.name in ("nocase", "startswith", "endswith") else {}
    if option.name in _NUMBERS:
        try:
            changed = {option.name: int(option.value or "")}
        except ValueError:
            changed = {"variable": f"{option.name} from {option.value}"}
    return replace(content, **changed)  # fast_pattern and its like only make it faster


def _bytes(quoted: str) -> bytes:
    if len(quoted) < 2 or quoted[0] != '"' or quoted[-1] != '"':
        raise GrammarError(f"content {quoted[:40]} is not in quotes")
    out = bytearray()
    inside, at, hexadecimal = quoted[1:-1], 0, ""
    in_hex = False
    while at < len(inside):
        char = inside[at]
        if char == "|":
            if in_hex:
                out += _from_hex(hexadecimal)
            in_hex, hexadecimal = not in_hex, ""
        elif in_hex:
            hexadecimal += char
        elif char == "\\" and at + 1 < len(inside):
            at += 1
            out += _encoded(inside[at])
        else:
            out += _encoded(char)
        at += 1
    if in_hex:
        raise GrammarError(f"content {quoted[:40]}: a | that is not closed")
    if not out:
        raise GrammarError("content that is empty")
    return bytes(out)


def _encoded(char: str) -> bytes:
    """A byte of a file that is not UTF-8 is the byte that it was."""
    try:
        return char.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return char.encode("utf-8", "surrogatepass")


def _from_hex(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise GrammarError(f"content: |{digits[:40]}| is not hexadecimal") from None
