"""`FIELDS`: every field an event or a record may have, with its type, words, data level and what happens to it upward.

Read from `fields/*.yml`, one file per protocol and for each kind of record. A field that is not listed does not leave
the plant, cannot be named in a rule, and is printed by its code only.

An entry is a field (`name: modbus.address`, type, …) or, in a protocol's file, a flaw (`flaw: modbus.bad_length`) or
the protocol itself (`protocol: modbus`), these two with label and description only. `inside` names the protocol in
whose conversations it is found, where it has none of its own (`cotp` below S7): it shares that one's flaws.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import yaml

from sensor.schema.parts import Text

Word = TypeVar("Word", bound=StrEnum)
Entry = TypeVar("Entry")
FOLDER = Path(__file__).with_name("fields")


class FieldType(StrEnum):
    UNSIGNED = "unsigned"
    SIGNED = "signed"
    FLOAT = "float"
    BOOLEAN = "boolean"
    TEXT = "text"
    BYTES = "bytes"
    IP = "ip"
    TIMESTAMP = "timestamp"
    ANY = "any"
    """a process value whose type the wire decides"""


class DataLevel(StrEnum):
    """一般 重要 核心 (101: 数据分类分级)."""

    GENERAL = "general"
    IMPORTANT = "important"
    CORE = "core"


class Upward(StrEnum):
    """What happens to a field where a record leaves the enterprise."""

    CLEAR = "clear"
    PSEUDONYM = "pseudonym"
    DROP = "drop"


class Said(StrEnum):
    """What a field is in the line that tells a message: what is acted on, what is read or written, what went wrong."""

    OBJECT = "object"
    VALUE = "value"
    ERROR = "error"


class FieldsError(ValueError):
    """The field files are wrong; every problem on a line of its own, with file, line and way out."""


@dataclass(frozen=True)
class Field:
    name: str
    type: FieldType
    label: Text
    description: Text
    example: Any
    level: DataLevel
    upward: Upward
    many: bool = False
    """a list of such values, or a map from a code to such a value"""
    protocol: str | None = None
    """the protocol it belongs to: the stem of its file; None for what every message or record has"""
    said: Said | None = None
    """the place it has where a message is told in one line"""
    words: Mapping[str, Text] = field(default_factory=dict, hash=False)
    """what people call its values, where the list says it"""

    @property
    def kind(self) -> str:
        """The type's code, as the core and the rules call it."""
        return str(self.type)


@dataclass(frozen=True)
class Flaw:
    label: Text
    protocol: str


@dataclass(frozen=True)
class Protocol:
    label: Text
    inside: str | None = None
    """the protocol in whose conversations it is found, where it has none of its own"""


@dataclass(frozen=True, eq=False)
class Listed:
    """Everything the files list, by name."""

    fields: Mapping[str, Field]
    flaws: Mapping[str, Flaw]
    protocols: Mapping[str, Protocol]
    operations: Mapping[str, Text]
    """`PROTOCOL.OPERATION`, of protocols that a site describes; the console knows those of this version"""


SHARED = ("base", "alert", "reason", "asset", "heartbeat", "evidence", "link", "receipt", "story")
"""Files that belong to no protocol."""

_KEYS = {"name", "type", "label", "description", "example", "level", "upward", "many", "said"}
_NEEDED = _KEYS - {"many", "said"}


def load_fields(folder: Path = FOLDER) -> dict[str, Field]:
    """The fields of a folder. Raises FieldsError."""
    return dict(load(folder).fields)


def load(folder: Path = FOLDER) -> Listed:
    """Read and check every file of a folder.

    Raises:
        FieldsError: with all problems of all files.
    """
    lists: dict[str, dict[str, Any]] = {"name": {}, "flaw": {}, "protocol": {}}
    seen_at: dict[str, str] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.yml")):
        owner = None if path.stem in SHARED else path.stem
        try:
            root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            problems.append(f"{path.name}: not YAML: {' '.join(str(error).split())}")
            continue
        if not isinstance(root, yaml.SequenceNode):
            problems.append(f"{path.name}: must be a list of fields")
            continue
        for node in root.value:
            where = f"{path.name}:{node.start_mark.line + 1}"
            try:
                what, name, entry = _entry(_plain(node), owner)
            except ValueError as error:
                problems.append(f"{where}: {error}")
                continue
            if f"{what} {name}" in seen_at:
                problems.append(f"{where}: {what} {name} is listed before, in {seen_at[f'{what} {name}']}")
            lists[what][name], seen_at[f"{what} {name}"] = entry, where
    if problems:
        raise FieldsError("\n".join(problems))
    return Listed(lists["name"], lists["flaw"], lists["protocol"], {})


def _entry(data: Any, owner: str | None) -> tuple[str, str, Field | Flaw | Protocol]:
    for what in ("flaw", "protocol"):
        if isinstance(data, dict) and what in data:
            name = data[what]
            wanted = {what, "label", "description"} | ({"inside"} & set(data) if what == "protocol" else set())
            if owner is None or set(data) != wanted or not isinstance(name, str):
                raise ValueError(f"{what} {name!r}: stands in a protocol's file, with label and description only")
            _text(data["description"], f"{name}: description")
            label = _text(data["label"], f"{name}: label")
            if what == "flaw":
                return what, name, Flaw(label, owner)
            if name != owner:
                raise ValueError(f"protocol {name!r}: stands in {name}.yml")
            return what, name, Protocol(label, data.get("inside"))
    described = _field(data, owner)
    return "name", described.name, described


def _plain(node: yaml.Node) -> Any:
    loader = yaml.CSafeLoader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _field(data: Any, owner: str | None) -> Field:
    if not isinstance(data, dict):
        raise ValueError("a field is a mapping with " + ", ".join(sorted(_NEEDED)))
    for key in data:
        if key not in _KEYS:
            near = difflib.get_close_matches(str(key), _KEYS, 1)
            raise ValueError(f"unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    missing = sorted(_NEEDED - data.keys())
    if missing:
        raise ValueError(f"{data.get('name', 'field')}: {', '.join(missing)} missing")
    name = data["name"]
    if not isinstance(name, str) or not all(part.replace("_", "").isalnum() for part in name.lstrip("@").split(".")):
        raise ValueError(f"{name!r}: a name is words of a-z, 0-9 and '_' joined by '.'")
    if not isinstance(data.get("many", False), bool):
        raise ValueError(f"{name}: many must be true or false")
    return Field(
        name=name,
        type=_word(FieldType, data["type"], f"{name}: type"),
        label=_text(data["label"], f"{name}: label"),
        description=_text(data["description"], f"{name}: description"),
        example=data["example"],
        level=_word(DataLevel, data["level"], f"{name}: level"),
        upward=_word(Upward, data["upward"], f"{name}: upward"),
        many=data.get("many", False),
        protocol=owner,
        said=_word(Said, data["said"], f"{name}: said") if "said" in data else None,
    )


def _word(kind: type[Word], value: object, what: str) -> Word:
    try:
        return kind(str(value))
    except ValueError:
        raise ValueError(f"{what} must be one of {', '.join(kind)}, not {value!r}") from None


def _text(value: Any, what: str) -> Text:
    if (
        not isinstance(value, dict)
        or set(value) != {"zh", "en"}
        or not all(isinstance(v, str) and v for v in value.values())
    ):
        raise ValueError(f"{what} must be {{zh: …, en: …}}")
    return Text(zh=value["zh"], en=value["en"])


_added: dict[str, Listed] = {}


def extend(more: Listed) -> None:
    """Add what a site describes of one protocol (`sensor.own_protocols`), for as long as this process lives. The same
    protocol again takes the place of the one before.

    Raises:
        FieldsError: this version has a protocol of that name.
    """
    (name,) = more.protocols
    if name not in _added and name in listed().protocols:
        raise FieldsError(f"protocol {name} is known to this version; choose another name")
    _added[name] = more
    listed.cache_clear()


@functools.cache
def listed() -> Listed:
    """Everything: what the files list, and what was added. Another object after each addition."""
    whole = _of_this_version()
    for more in _added.values():
        whole = Listed(
            {**whole.fields, **more.fields},
            {**whole.flaws, **more.flaws},
            {**whole.protocols, **more.protocols},
            {**whole.operations, **more.operations},
        )
    return whole


@functools.cache
def _of_this_version() -> Listed:
    return load()


class _Lazy(Mapping[str, Entry]):
    """Read at the first look, not at import: most commands never ask."""

    def __init__(self, part: Callable[[Listed], Mapping[str, Entry]]) -> None:
        self._part = part

    def __getitem__(self, name: str) -> Entry:
        return self._part(listed())[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._part(listed()))

    def __len__(self) -> int:
        return len(self._part(listed()))


FIELDS: Mapping[str, Field] = _Lazy(lambda listed: listed.fields)
FLAWS: Mapping[str, Flaw] = _Lazy(lambda listed: listed.flaws)
PROTOCOLS: Mapping[str, Protocol] = _Lazy(lambda listed: listed.protocols)
OPERATIONS: Mapping[str, Text] = _Lazy(lambda listed: listed.operations)
