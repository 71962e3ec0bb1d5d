"""What leaves the enterprise: the default upward cut, field by field, by the table in `sensor/schema/fields/*.yml`.

No payload, no register values; internal addresses become pseudonyms that stay the same, so that a case can be followed
without knowing the plant; public addresses stay, or nobody could trace an attacker. What is not listed is dropped: a
newer sensor's field does not leave before somebody decided about it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from federation.addresses import Internal
from federation.pseudonyms import Pseudonyms, is_pseudonym
from sensor.schema import Kind, Record
from sensor.schema.fields import FIELDS, Field, FieldType, Upward

POLICY_NAME = "default-1"
ENDS = ("client", "server", "source", "destination")

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Cut:
    """What happens to one value. `outgoing` is None where it is dropped; `field` is None where nothing is listed."""

    path: Path
    field: Field | None
    value: Any
    action: Upward
    outgoing: Any

    @property
    def why(self) -> str:
        """`unlisted`, or the data level that stands in the table: `general`, `important`, `core`."""
        return "unlisted" if self.field is None else str(self.field.level)


class UpwardPolicy:
    """The cut of one enterprise; a `Policy` for `federation.uplink`."""

    def __init__(self, key: bytes, internal_networks: Iterable[str] = (), fields: Mapping[str, Field] = FIELDS) -> None:
        """`internal_networks`: public ranges that the plant uses inside.

        Raises:
            ValueError: the key is short, or a text is no network.
        """
        self._names = Pseudonyms(key)
        self._internal = Internal(internal_networks)
        self._fields = fields
        self._families = {name[:end] for name in fields for end in range(len(name)) if name[end] == "."}

    def cut(self, record: Record) -> Record:
        """The record as a parent may see it; (origin, id, revision) stay.

        `body.cut` says which fields were dropped or replaced, by name: a reader sees that something is withheld.
        """
        tree: dict[str | int, Any] = {}
        dropped: set[str] = set()
        renamed: set[str] = set()
        for cut in self._body(record):
            if cut.action is Upward.DROP:
                dropped.add(cut.field.name if cut.field else "")
                continue
            if cut.action is Upward.PSEUDONYM and cut.field is not None:
                renamed.add(cut.field.name)
            _place(tree, cut.path, cut.outgoing)
        body = _as_lists(tree)
        body["cut"] = {
            "policy": POLICY_NAME,
            "dropped": sorted(dropped - {""}),
            "unlisted": "" in dropped,
            "pseudonym": sorted(renamed),
        }
        return replace(
            record,
            body=body,
            segment=self._clear(record.segment, record),
            tenant=self._clear(record.tenant, record),
            extra={},
        )

    def preview(self, record: Record) -> dict[str, Cut]:
        """Place in the record → what is there, what happens to it, what would go: for the page 上报预览."""
        return {".".join(map(str, cut.path)): cut for cut in self._body(record)}

    def _body(self, record: Record) -> Iterator[Cut]:
        for key, value in record.body.items():
            yield from self._walk(record, (key,), value)

    def _walk(self, record: Record, path: Path, value: Any) -> Iterator[Cut]:
        name = self._listed_name(record.kind, path)
        field = self._fields.get(name)
        if field is not None:
            yield self._decide(record, path, field, value)
        elif value is None or value == {} or value == []:
            return
        elif isinstance(value, Mapping) and (name == "" or name in self._families):
            for key, item in value.items():
                yield from self._walk(record, (*path, str(key)), item)
        elif isinstance(value, list) and name in self._families and all(isinstance(item, Mapping) for item in value):
            for index, item in enumerate(value):
                yield from self._walk(record, (*path, index), item)
        else:
            yield Cut(path, None, value, Upward.DROP, None)

    def _listed_name(self, kind: str, path: Path) -> str:
        """What the table calls a place. Event fields go by their own names wherever they are; "" holds such fields."""
        names = [part for part in path if isinstance(part, str)]
        if kind == Kind.ALERT:
            if names[0] in ENDS:
                return ".".join(names)
            if names[0] == "fields":
                return ".".join(names[1:])
            if names[:2] == ["evidence", "fields"]:
                return ".".join(names[2:])
            if names[:2] == ["reason", "params"]:
                inner = ".".join(names[2:])
                return inner if inner in self._fields else f"reason.{inner}" if inner else "reason"
        return ".".join([kind, *names])

    def _decide(self, record: Record, path: Path, field: Field, value: Any) -> Cut:
        # A value that is not what the table says is not what somebody decided about.
        if field.upward is Upward.DROP or not (value is None or _is_of(field, value)):
            return Cut(path, field, value, Upward.DROP, None)
        change = self._hide if field.upward is Upward.PSEUDONYM else self._clear
        outgoing = change(value, record)
        return Cut(path, field, value, Upward.CLEAR if outgoing == value else Upward.PSEUDONYM, outgoing)

    def _hide(self, value: Any, record: Record) -> Any:
        """Pseudonyms for internal addresses and for every other text; a public address stays."""
        if isinstance(value, (list, tuple)):
            return [self._hide(item, record) for item in value]
        if isinstance(value, Mapping):
            return {self._clear(key, record): self._hide(item, record) for key, item in value.items()}
        if value is None or isinstance(value, bool):
            return value
        text = str(value)
        try:
            public = not self._internal.has(ipaddress.ip_address(text))
        except ValueError:
            public = is_pseudonym(text)
        return text if public else self._names.name(text, record.segment)

    def _clear(self, value: Any, record: Record) -> Any:
        """As it is, but for internal addresses inside of texts."""
        if isinstance(value, str):
            return self._internal.replace(value, lambda found: self._names.name(found, record.segment))
        if isinstance(value, (list, tuple)):
            return [self._clear(item, record) for item in value]
        if isinstance(value, Mapping):
            return {self._clear(str(key), record): self._clear(item, record) for key, item in value.items()}
        return value


_PYTHON: Mapping[FieldType, tuple[type, ...]] = {
    FieldType.UNSIGNED: (int,),
    FieldType.SIGNED: (int,),
    FieldType.FLOAT: (int, float),
    FieldType.BOOLEAN: (bool,),
    FieldType.TEXT: (str,),
    FieldType.BYTES: (str,),
    FieldType.IP: (str,),
    FieldType.TIMESTAMP: (int, str),
    FieldType.ANY: (int, float, str, bool),
}


def _is_of(field: Field, value: Any) -> bool:
    """Whether the value has the listed type; where there may be many, each of them, at any depth."""
    if field.many and isinstance(value, (list, tuple)):
        return all(_is_of(field, item) for item in value)
    if field.many and isinstance(value, Mapping):
        return all(_is_of(field, item) for item in value.values())
    if isinstance(value, bool):
        return field.type in (FieldType.BOOLEAN, FieldType.ANY)
    return isinstance(value, _PYTHON[field.type])


def _place(tree: dict[str | int, Any], path: Path, value: Any) -> None:
    here = tree
    for part in path[:-1]:
        here = here.setdefault(part, {})
    here[path[-1]] = value


def _as_lists(tree: Any) -> Any:
    """Objects whose keys are indices become lists again."""
    if not isinstance(tree, dict):
        return tree
    if tree and all(isinstance(key, int) for key in tree):
        return [_as_lists(tree[key]) for key in sorted(tree)]
    return {key: _as_lists(value) for key, value in tree.items()}
