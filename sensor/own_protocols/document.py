"""A description as it is written: what the core makes a parser of, apart from words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensor.schema.parts import Text
from sensor.site_file import near, read_yaml

TOP = frozenset(
    """
    protocol label description scope inside transports ports order framing header operation answer pair outcome user
    operations
    """.split()  # noqa: SIM905 names in a block read better than in quotes
)
FRAMING = frozenset(["start", "end", "size", "length", "most", "check"])
CHECK = frozenset(["kind", "from", "digits", "order", "behind_end"])
FIELD = frozenset(
    """
    name type order length count of bits values scale offset when unless peek label level upward said
    """.split()  # noqa: SIM905
)
OPERATION = frozenset(["code", "name", "label", "class", "unanswered", "request", "response", "touches"])
TOUCHES = frozenset(["space", "index", "start", "count", "named"])
ANSWER = frozenset(["field", "is", "bit"])
OUTCOME = frozenset(["field", "ok"])
WHEN = frozenset(["field", "is"])
WORDS = frozenset(["label", "description", "level", "upward", "said"])
"""Keys that the core does not need."""


@dataclass(frozen=True)
class Described:
    """What people are told of a field."""

    name: str
    type: str
    many: bool
    label: Text
    level: str
    upward: str
    said: str | None
    values: Mapping[str, Text]
    """what its numbers are called"""


@dataclass(frozen=True)
class Description:
    path: Path
    name: str
    label: Text
    layout: Mapping[str, Any]
    """what the core reads"""
    fields: tuple[Described, ...]
    operations: Mapping[str, Text]


def read(path: Path) -> Description:
    """Raises ValueError with every problem of the file, one line each."""
    data = read_yaml(path)
    problems = list(_problems(data))
    if problems:
        raise ValueError("\n".join(f"{path}: {problem}" for problem in problems))
    operations = {str(entry["name"]): _text(entry.get("label"), str(entry["name"])) for entry in data["operations"]}
    fields: dict[str, Described] = {}
    for field in _fields(data):
        if field.get("name"):
            fields.setdefault(field["name"], _described(field))
    return Description(
        path,
        data["protocol"],
        _text(data.get("label"), data["protocol"]),
        _plain(data),
        tuple(fields.values()),
        operations,
    )


def _fields(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from data.get("header", ())
    for operation in data["operations"]:
        yield from operation.get("request", ())
        yield from operation.get("response", ())


def _plain(data: Any) -> Any:
    """Without words for people."""
    if isinstance(data, dict):
        return {
            str(key): {str(number): _name(value) for number, value in values.items()}
            if key == "values" and isinstance(values, dict)
            else _plain(values)
            for key, values in data.items()
            if key not in WORDS
        }
    return [_plain(item) for item in data] if isinstance(data, list) else data


def _described(field: Mapping[str, Any]) -> Described:
    return Described(
        name=field["name"],
        type="float" if "scale" in field or "offset" in field else str(field["type"]),
        many="count" in field,
        label=_text(field.get("label"), field["name"]),
        level=field.get("level", "important"),
        upward=field.get("upward", "drop"),
        said=field.get("said"),
        values={
            _name(value): _text(value.get("label") if isinstance(value, dict) else None, _name(value))
            for value in field.get("values", {}).values()
        },
    )


def _name(value: Any) -> str:
    """Of a number: `stop`, or `{name: stop, label: …}`."""
    return str(value.get("name")) if isinstance(value, dict) else str(value)


def _text(label: Any, name: str) -> Text:
    if isinstance(label, dict):
        return Text(zh=str(label.get("zh") or label.get("en")), en=str(label.get("en") or label.get("zh")))
    return Text(zh=str(label or name), en=str(label or name))


def _problems(data: Any) -> Iterator[str]:
    if not isinstance(data, dict):
        yield "expected a mapping that begins with `protocol: NAME`"
        return
    yield from _keys(data, TOP, "")
    for key, kind in (("protocol", str), ("operations", list)):
        if not isinstance(data.get(key), kind):
            yield f"no {key}" if key not in data else f"{key}: {data[key]!r} is not what belongs there"
            return
    yield from _mapping(data, "framing", FRAMING)
    yield from _mapping(data, "answer", ANSWER)
    yield from _mapping(data, "outcome", OUTCOME)
    framing = data.get("framing")
    if isinstance(framing, dict):
        yield from _mapping(framing, "check", CHECK)
    yield from _listed(data, "header", "header")
    for place, operation in enumerate(data["operations"], 1):
        if not isinstance(operation, dict) or not isinstance(operation.get("name"), str):
            yield f"operation {place}: expected {{code: …, name: …, class: …}}"
            continue
        where = f"operation {operation['name']}"
        yield from _keys(operation, OPERATION, f"{where}: ")
        for key in ("code", "class"):
            if key not in operation:
                yield f"{where}: no {key}"
        yield from _mapping(operation, "touches", TOUCHES, f"{where}: ")
        for part in ("request", "response"):
            yield from _listed(operation, part, f"{where}: {part}")


def _listed(data: Mapping[str, Any], key: str, where: str) -> Iterator[str]:
    fields = data.get(key, [])
    if not isinstance(fields, list):
        yield f"{where}: expected a list of fields"
        return
    for place, field in enumerate(fields, 1):
        if not isinstance(field, dict) or "type" not in field or not isinstance(field.get("name", ""), str):
            yield f"{where}: field {place}: expected {{name: …, type: …}}"
            continue
        named = f"{where}: {field.get('name', place)}: "
        yield from _keys(field, FIELD, named)
        yield from _mapping(field, "when", WHEN, named)
        yield from _mapping(field, "unless", WHEN, named)


def _mapping(data: Mapping[str, Any], key: str, known: frozenset[str], where: str = "") -> Iterator[str]:
    if key in data:
        if isinstance(data[key], dict):
            yield from _keys(data[key], known, f"{where}{key}: ")
        else:
            yield f"{where}{key}: expected {', '.join(sorted(known))}"


def _keys(data: Mapping[str, Any], known: frozenset[str], where: str) -> Iterator[str]:
    for key in data:
        if key not in known:
            yield f"{where}unknown key {key}{near(key, known)}"
