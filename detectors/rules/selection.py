"""One selection: a map of fields (all must fit), or a list of maps (one must fit), brought to typed checks."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping

from detectors.rules.document import Entry, Node, Scalar
from detectors.rules.lists import KINDS, NamedList
from detectors.rules.model import OPERATORS, And, Check, Expression, Or, Value
from detectors.rules.regex import RegexError, canonical
from detectors.rules.vocabulary import NOT_IN_RULES, FieldType, Vocabulary, suggestion

Complain = Callable[[int, str], None]

_NUMBERS = ("in", "gte", "lte", "gt", "lt", "exists")
_PIECES = ("in", "contains", "startswith", "endswith", "exists")
ALLOWED = {
    "unsigned": (*_NUMBERS, "mask", "in_list"),
    "signed": _NUMBERS,
    "float": _NUMBERS,
    "boolean": ("in", "exists"),
    "text": (*_PIECES, "re", "in_list"),
    "bytes": _PIECES,
    "ip": ("in", "cidr", "in_list", "exists"),
    "timestamp": ("exists",),
    "any": tuple(operator for operator in OPERATORS if operator not in ("cidr", "mask", "re", "in_list")),
}
APART = frozenset({"flaws", "segment", "source.mac", "destination.mac"})
"""Texts that no message holds: only parts of them are compared."""
_ORDERED = ("gte", "lte", "gt", "lt")
_PARTS = ("contains", "startswith", "endswith")


class Reader:
    """Reads the selections of one rule. Every problem goes to `complain`; what could not be read is left out."""

    def __init__(
        self, protocol: str, known: Vocabulary, complain: Complain, lists: Mapping[str, NamedList] | None = None
    ) -> None:
        self._protocol, self._known, self._complain = protocol, known, complain
        self._lists: Mapping[str, NamedList] = lists or {}
        self._flaws = known.flaw_names(protocol)

    def selection(self, name: str, entry: Entry) -> Expression | None:
        value = entry.node.value
        if isinstance(value, dict):
            return self._map(name, value, entry.line)
        if isinstance(value, list) and value and all(isinstance(item.value, dict) for item in value):
            maps = [self._map(name, item.value, item.line) for item in value if isinstance(item.value, dict)]
            parts = tuple(part for part in maps if part is not None)
            return parts[0] if len(parts) == 1 else Or(parts) if parts else None
        self._complain(entry.line, f"{name} must be a map of fields, or a list of such maps")
        return None

    def _map(self, name: str, entries: dict[str, Entry], line: int) -> Expression | None:
        if not entries:
            self._complain(line, f"{name} is empty; name at least one field")
        checks = [self._check(key, entry) for key, entry in entries.items()]
        parts = tuple(check for check in checks if check is not None)
        return parts[0] if len(parts) == 1 else And(parts) if parts else None

    def _check(self, key: str, entry: Entry) -> Check | None:
        field, *modifiers = key.split("|")
        operator = modifiers[0] if modifiers else "in"
        if len(modifiers) > 1:
            self._complain(entry.line, f"{key}: one operator per field; write two fields for two conditions")
            return None
        if operator not in OPERATORS:
            hint = suggestion(operator, OPERATORS) or f"; known are {', '.join(OPERATORS)}"
            self._complain(entry.line, f"unknown operator {operator}{hint}")
            return None
        kind = self._field(field, entry.line)
        if kind is None:
            return None
        if operator not in ALLOWED[kind.kind]:
            fitting = ", ".join(ALLOWED[kind.kind])
            self._complain(entry.line, f"{field} is {kind.kind}: |{operator} does not apply; these do: {fitting}")
            return None
        if operator in ("re", "in_list") and field in APART:
            self._complain(entry.line, f"{field}: |{operator} does not apply; these do: {', '.join(_PIECES)}")
            return None
        given = entry.node.value if isinstance(entry.node.value, list) else [entry.node]
        if not given:
            self._complain(entry.line, f"{key}: an empty list fits nothing; name a value")
            return None
        values = [self._value(field, kind, operator, item) for item in given]
        if operator in ("exists", "in_list") and len(values) != 1:
            one = "one of true and false" if operator == "exists" else "the name of one list; two take two selections"
            self._complain(entry.line, f"{key} takes {one}")
            return None
        sound = tuple(value for value in values if value is not None)
        return Check(field, operator, sound) if len(sound) == len(values) else None

    def _mask(self, field: str, node: Node) -> tuple[int, int] | None:
        """`{and: 0x8000, equals: 0x8000}`; without `equals` all bits of the mask must be set."""
        parts = {key: entry.node.value for key, entry in node.value.items()} if isinstance(node.value, dict) else {}
        mask, bits = parts.get("and"), parts.get("equals", parts.get("and"))
        whole = all(isinstance(part, int) and not isinstance(part, bool) and 0 <= part < 2**64 for part in (mask, bits))
        if parts.keys() - {"and", "equals"} or not whole or not isinstance(mask, int) or not isinstance(bits, int):
            self._complain(node.line, f"{field}|mask is written {{and: 0x8000, equals: 0x8000}}")
            return None
        if mask == 0 or bits & ~mask:
            way = "fits everything" if mask == 0 else "can never fit: equals has bits that are not in and"
            self._complain(node.line, f"{field}|mask: {{and: {mask:#x}, equals: {bits:#x}}} {way}")
            return None
        return mask, bits

    def _regex(self, field: str, node: Node) -> str | None:
        if not isinstance(node.value, str):
            self._complain(node.line, f"{field}|re takes an expression in quotes")
            return None
        try:
            return canonical(node.value)
        except RegexError as error:
            self._complain(node.line, f"{field}|re: {node.value!r}: {error}")
            return None

    def _list(self, field: str, kind: FieldType, node: Node) -> str | None:
        name = node.value
        found = self._lists.get(name) if isinstance(name, str) else None
        if not isinstance(name, str) or found is None:
            hint = suggestion(str(name), self._lists) or "; lists are files lists/NAME.yml beside the rules"
            self._complain(node.line, f"{field}|in_list: there is no list {name}{hint}")
            return None
        if kind.kind not in KINDS[found.type]:
            self._complain(node.line, f"{field} is {kind.kind}: it is never one of the {found.type} of list {name}")
            return None
        return name

    def _field(self, field: str, line: int) -> FieldType | None:
        kind = self._known.fields.get(field)
        if kind is None:
            usable = [name for name in self._known.fields if self._known.readable(name, self._protocol)]
            self._complain(line, f"unknown field {field}{suggestion(field, usable)}")
        elif field in NOT_IN_RULES:
            self._complain(line, f"{field} says where a capture was made, not what happened; leave it out")
            return None
        elif not self._known.readable(field, self._protocol):
            self._complain(line, f"{field} never occurs in {self._protocol}; change protocol or the field")
            return None
        return kind

    def _value(self, field: str, kind: FieldType, operator: str, node: Node) -> Value | None:
        value = node.value
        if operator == "mask":
            return self._mask(field, node)
        if operator == "re":
            return self._regex(field, node)
        if operator == "in_list":
            return self._list(field, kind, node)
        if isinstance(value, list | dict) or value is None:
            way = "; ask for a missing field with |exists: false" if value is None else ""
            self._complain(node.line, f"{field} takes single values{way}")
            return None
        problem = _problem(kind.kind, operator, value)
        if problem is None and field == "flaws" and operator == "in" and value not in self._flaws:
            problem = f"unknown flaw {value}{suggestion(str(value), self._flaws)}"
        if problem is not None:
            self._complain(node.line, problem if problem.startswith("unknown") else f"{field} {problem}")
            return None
        return _normal(kind.kind, operator, value) if isinstance(value, str) else value


def _normal(kind: str, operator: str, value: str) -> str:
    """Hex digits as events print them; a network as address and prefix length."""
    if kind == "bytes":
        return value.lower()
    if kind == "ip":
        network = operator == "cidr"
        return str(ipaddress.ip_network(value, strict=False) if network else ipaddress.ip_address(value))
    return value


def _problem(kind: str, operator: str, value: Scalar) -> str | None:
    """What is wrong with a value, or nothing."""
    if operator == "exists":
        return None if isinstance(value, bool) else f"|exists takes true or false, not {value!r}"
    if kind == "any":
        return _problem_of_any(operator, value)
    if kind in ("unsigned", "signed", "float"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"is a number, {value!r} is not"
        if isinstance(value, float):
            if not math.isfinite(value) or (kind != "float" and operator == "in"):
                return f"is a {'finite' if kind == 'float' else 'whole'} number, {value!r} is not"
            return None
        least, most = (0, 2**64 - 1) if kind == "unsigned" else (-(2**63), 2**63 - 1)
        if not least <= value <= most:
            return f"is {kind}: {value} can never be its value"
        return None
    if kind == "boolean":
        return None if isinstance(value, bool) else f"is true or false, not {value!r}"
    if kind == "ip":
        return _problem_of_address(operator, value)
    if not isinstance(value, str):
        return f"is {'hex digits' if kind == 'bytes' else 'text'}: write '{value}' in quotes"
    if operator in _PARTS and not value:
        return f"|{operator}: an empty text is in every text; name one"
    if kind == "bytes" and any(digit not in "0123456789abcdef" for digit in value.lower()):
        return f"is raw bytes: write hex digits, {value!r} has others"
    return None


def _problem_of_any(operator: str, value: Scalar) -> str | None:
    if isinstance(value, str):
        if operator in _ORDERED:
            return f"|{operator} compares numbers, {value!r} is text"
        return f"|{operator}: an empty text is in every text; name one" if operator in _PARTS and not value else None
    if operator in _PARTS:
        return f"|{operator} compares texts: write '{value}' in quotes"
    if isinstance(value, float) and not math.isfinite(value):
        return f"is a finite number, {value!r} is not"
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return f"has 64 bits: {value} can never be its value"
    return None


def _problem_of_address(operator: str, value: Scalar) -> str | None:
    if not isinstance(value, str):
        return f"is an address, {value!r} is not"
    try:
        if "%" in value:
            raise ValueError("a zone means something on one machine only")
        if operator == "cidr":
            ipaddress.ip_network(value, strict=False)
        else:
            ipaddress.ip_address(value)
    except ValueError:
        if operator == "in" and "/" in value:
            return f"is one address, {value!r} is a network; use |cidr"
        return f"is an address, {value!r} is not {'a network like 10.0.0.0/8' if operator == 'cidr' else 'one'}"
    return None
