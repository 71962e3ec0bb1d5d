"""Suricata's and Snort's rules as text → header and options, nothing interpreted yet.

Suricata user guide 8, "Rules Format"; Snort 3 reference, "Rule headers", "Rule options". A rule may go over several
lines: with a backslash at the end of each (Suricata, Snort 2), or as long as its parenthesis is open (Snort 3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

ACTIONS = ("alert", "pass", "drop", "reject", "rejectsrc", "rejectdst", "rejectboth", "log", "block", "react",
"rewrite",
           "config")  # fmt: skip
MAX_RULE_CHARACTERS = 64 * 1024
"""Of one rule. The longest in public sets, lists of addresses, have some 8 KiB."""
_ACTION = re.compile(rf"({'|'.join(ACTIONS)})\s")
_DISABLED = re.compile(rf"#+\s*({'|'.join(ACTIONS)})\s.*\(.*\bsid\s*:")


@dataclass(frozen=True)
class Option:
    """`value` is what stands behind the colon, as it stands there; None: the name alone."""

    name: str
    value: str | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"


@dataclass(frozen=True)
class Signature:
    """One rule. `line` is its first; addresses and ports are `any` where the header leaves them out (Snort 3)."""

    line: int
    action: str
    protocol: str
    source: str
    source_ports: str
    direction: str
    destination: str
    destination_ports: str
    options: tuple[Option, ...]

    def value(self, name: str) -> str:
        """Of the first option of that name; empty: there is none."""
        return next((option.value or "" for option in self.options if option.name == name), "")


@dataclass(frozen=True)
class Unread:
    """A rule that is none, or one that its source has switched off."""

    line: int
    reason: str
    off: bool = False


class GrammarError(ValueError):
    """What is wrong with a rule's text."""


def signatures(text: str) -> Iterator[Signature | Unread]:
    """Every rule of a file, in order; what is not one is said, and so are rules behind a `#`."""
    for line, rule in _rules(text):
        if rule.startswith("#"):
            if _DISABLED.match(rule):
                yield Unread(line, "switched off in its file (it stands behind a #)", off=True)
            continue
        try:
            yield signature(rule, line)
        except GrammarError as error:
            yield Unread(line, str(error))


def _rules(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first one."""
    lines = text.splitlines()
    held: list[str] = []
    start = size = depth = 0
    quoted = False
    for index, line in enumerate(lines):
        stripped = line.strip()
        if stripped.startswith("#") and (not held or not quoted):
            if not held:
                yield index + 1, stripped
            continue  # else a remark inside of a Snort 3 rule
        if not held:
            if not stripped:
                continue
            start, depth, size, quoted = index + 1, 0, 0, False
        goes_on = stripped.endswith("\\")
        piece = stripped[:-1] if goes_on else stripped
        held.append(piece)
        size += len(piece)
        depth, quoted = _depth(piece, depth, quoted)
        following = lines[index + 1].strip() if index + 1 < len(lines) else ""
        # One that was never closed must not swallow the rule behind it.
        open_still = depth > 0 and not _ACTION.match(following)
        if (goes_on or open_still) and size <= MAX_RULE_CHARACTERS:
            continue
        yield start, " ".join(held)
        held = []
    if held:
        yield start, " ".join(held)


def _depth(piece: str, depth: int, quoted: bool) -> tuple[int, bool]:
    """Parentheses that are open behind the piece, outside of quotes."""
    escaped = False
    for char in piece:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif not quoted:
            depth += (char == "(") - (char == ")")
    return depth, quoted


def signature(rule: str, line: int = 1) -> Signature:
    """One rule's text.

    Raises:
        GrammarError: it is none.
    """
    if len(rule) > MAX_RULE_CHARACTERS:
        raise GrammarError(f"longer than {MAX_RULE_CHARACTERS} characters")
    if not _ACTION.match(rule):
        raise GrammarError(f"does not begin with an action ({', '.join(ACTIONS[:6])} …)")
    opening = rule.find("(")
    if opening < 0 or not rule.endswith(")"):
        raise GrammarError("its options are not in one pair of parentheses")
    header = _words(rule[:opening])
    options = tuple(_options(rule[opening + 1 : -1]))
    if len(header) == 2:  # Snort 3: the service alone
        return Signature(line, header[0], header[1], "any", "any", "->", "any", "any", options)
    if len(header) != 7 or header[4] not in ("->", "<>", "=>", "<-"):
        raise GrammarError("its header is not: action protocol addresses ports -> addresses ports")
    action, protocol, source, source_ports, direction, destination, destination_ports = header
    if direction == "<-":
        source, source_ports, destination, destination_ports = destination, destination_ports, source, source_ports
        direction = "->"
    return Signature(
        line,
        action,
        protocol.lower(),
        source,
        source_ports,
        "<>" if direction == "<>" else "->",
        destination,
        destination_ports,
        options,
    )


def _words(header: str) -> list[str]:
    """Words; blanks inside of brackets do not part them."""
    words, depth = [""], 0
    for char in header:
        depth += (char == "[") - (char == "]")
        if char.isspace() and depth <= 0:
            words.append("")
        elif not char.isspace():
            words[-1] += char
    return [word for word in words if word]


def _options(body: str) -> Iterator[Option]:
    for piece in parted(body, ";"):
        text = piece.strip()
        if not text:
            continue
        name, colon, value = text.partition(":")
        if not re.fullmatch(r"[A-Za-z0-9_.\-]+", name.strip()):
            raise GrammarError(f"no option: {text[:60]}")
        yield Option(name.strip().lower(), value.strip() if colon else None)


def parted(text: str, mark: str) -> list[str]:
    """Pieces between marks that stand outside of quotes and behind no backslash.

    Raises:
        GrammarError: quotes are not closed.
    """
    pieces, quoted, escaped = [[]], False, False  # type: list[list[str]], bool, bool
    for char in text:
        if not escaped and not quoted and char == mark:
            pieces.append([])
            continue
        pieces[-1].append(char)
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
    if quoted:
        raise GrammarError("quotes that are not closed")
    return ["".join(piece) for piece in pieces]


def unquoted(value: str) -> str:
    """A text without its quotes; `\\"`, `\\;`, `\\:` and `\\\\` are the characters behind the backslash."""
    text = value.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return re.sub(r'\\([\\";:])', r"\1", text)
