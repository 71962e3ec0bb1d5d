"""YAML with line numbers, safe on any file.

Read from libyaml's events, so that depth and size are bounded before anything is built. Scalars follow YAML 1.2's core
schema: `true` and `false` are booleans, `0x5a` is a number, and `on`, `no`, `12:30`, `2026-01-01` are texts. Anchors,
tags and several documents in one file are refused: a rule is read by people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

MAX_BYTES = 256 * 1024
"""Of one rule file. A long one has 5 KiB."""
MAX_DEPTH = 16

Scalar = bool | int | float | str | None
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?\Z")
_DIGITS = 40


class Malformed(ValueError):
    """Not YAML, or not the kind a rule is written in."""

    def __init__(self, line: int, message: str) -> None:
        self.line, self.message = line, message
        super().__init__(message)


@dataclass(frozen=True)
class Node:
    """A value and the line it stands on. A mapping keeps its keys' lines with its values."""

    value: Scalar | list[Node] | dict[str, Entry]
    line: int


@dataclass(frozen=True)
class Entry:
    """A value under a key; `line` is the key's."""

    node: Node
    line: int


def read(text: str) -> Node:
    """The one document in `text`.

    Raises:
        Malformed: with the line and what to do.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Malformed(1, f"larger than {MAX_BYTES // 1024} KiB; a file holds one rule")
    try:
        events = list(_bounded(yaml.parse(text, Loader=_Loader)))
    except yaml.MarkedYAMLError as error:
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise Malformed(line, f"not YAML: {error.problem or error.context}") from None
    except Malformed:
        raise
    except (yaml.YAMLError, ValueError) as error:
        raise Malformed(1, f"not YAML: {' '.join(str(error).split())[:200]}") from None
    content = events[1:-1]
    if sum(isinstance(event, yaml.DocumentStartEvent) for event in content) > 1:
        second = [event for event in content if isinstance(event, yaml.DocumentStartEvent)][1]
        line = 1 if second.start_mark is None else second.start_mark.line + 1
        raise Malformed(line, "a second document; a file holds one rule")
    if not content:
        raise Malformed(1, "empty; a rule needs title, level, protocol and detection")
    node, _ = _node(content, 1)
    return node


def _bounded(events: Iterable[Any]) -> Iterator[Any]:
    """Stops at the first event that is too deep: libyaml's time grows with the square of the depth."""
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise Malformed(event.start_mark.line + 1, f"nested deeper than {MAX_DEPTH} levels")
        yield event


def _node(events: list[Any], at: int) -> tuple[Node, int]:
    """The node that begins at `events[at]`, and where the next one begins."""
    event = events[at]
    line = event.start_mark.line + 1
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise Malformed(line, "anchors and aliases are not used in rules; write the value out")
    if event.tag is not None and event.tag != "!":
        raise Malformed(line, f"the tag {event.tag} is not used in rules; leave it out")
    if isinstance(event, yaml.ScalarEvent):
        return Node(_scalar(event.value, quoted=not event.implicit[0]), line), at + 1
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Node] = []
        at += 1
        while not isinstance(events[at], yaml.SequenceEndEvent):
            item, at = _node(events, at)
            items.append(item)
        return Node(items, line), at + 1
    return _mapping(events, at, line)


def _mapping(events: list[Any], at: int, line: int) -> tuple[Node, int]:
    entries: dict[str, Entry] = {}
    at += 1
    while not isinstance(events[at], yaml.MappingEndEvent):
        key, at = _node(events, at)
        if not isinstance(key.value, str):
            raise Malformed(key.line, "a key must be text")
        if key.value in entries:
            raise Malformed(key.line, f"{key.value} stands here twice; the first is in line {entries[key.value].line}")
        value, at = _node(events, at)
        entries[key.value] = Entry(value, key.line)
    return Node(entries, line), at + 1


def _scalar(text: str, *, quoted: bool) -> Scalar:
    if quoted:
        return text
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if len(text) <= _DIGITS:
        if _INTEGER.match(text):
            return int(text)
        if _HEXADECIMAL.match(text):
            return int(text, 16)
        if _FLOAT.match(text):
            return float(text)
    return text


def plain_text(text: str) -> bool:
    """Whether it reads as text where it stands without quotes: `0008` and `1e5` do not, though YAML 1.1 says so."""
    return isinstance(_scalar(text, quoted=False), str)
