"""One protocol message in a line a person reads: operation, object, value, answer. Made from its flat dotted fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from console.catalogue import known, say
from console.plain import clean, shorten
from console.words import Words
from sensor.schema.fields import FIELDS, Field, Listed, Said, listed

MAX_VALUES = 6
"""values of one message that stand in its line; the rest is in its fields"""
MAX_TEXT = 160

# (protocol, fields in the order they are said). What a message does not have is left out. Of every other protocol the
# list of fields says what is said.
OBJECTS: Mapping[str, Sequence[str]] = {
    "modbus": ("unit_id", "address", "quantity", "write_address", "diagnostic_code"),
    "s7comm": ("block_type", "block_number", "filename", "pi_service", "pi_argument", "szl_id", "szl_index", "clock"),
    "opcua": ("identity_token", "user_name", "security_policy", "object_ids", "method_ids", "node_ids"),
}
VALUES: Mapping[str, Sequence[str]] = {"modbus": ("values",), "s7comm": ("values",), "opcua": ("values",)}
ERRORS: Mapping[str, Sequence[str]] = {
    "modbus": ("exception_name", "exception_code"),
    "s7comm": ("error_class", "transfer_error", "userdata.error_code"),
    "opcua": ("status_name", "error_reason", "status_code"),
}


def shown(value: Any, most: int = MAX_TEXT) -> str:
    """A field's value as text; lists are shortened and say by how much."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        listed = ", ".join(shown(item, most) for item in value[:MAX_VALUES])
        more = len(value) - MAX_VALUES
        return shorten(f"{listed} … +{more}" if more > 0 else listed, most)
    if isinstance(value, Mapping):
        return shorten(", ".join(f"{clean(str(name))}: {shown(item, most)}" for name, item in value.items()), most)
    if isinstance(value, float):
        return f"{value:.6g}"
    return shorten(clean("—" if value is None else str(value)), most)


def protocol_of(fields: Mapping[str, Any], default: str = "") -> str:
    return str(fields.get("network.protocol") or default)


def operation_of(fields: Mapping[str, Any], protocol: str) -> str | None:
    for name in ("operation.name", f"{protocol}.function_name", f"{protocol}.service", f"{protocol}.service_name"):
        value = fields.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def _picked(fields: Mapping[str, Any], protocol: str, names: Iterable[str]) -> list[tuple[str, Any]]:
    found = ((name, fields.get(f"{protocol}.{name}")) for name in names)
    return [(name, value) for name, value in found if value not in (None, "", [], ())]


@lru_cache(maxsize=512)
def _said(protocol: str, what: Said, all_listed: Listed) -> tuple[str, ...]:
    fields = all_listed.fields.items()
    return tuple(name for name, field in fields if field.protocol == protocol and field.said is what)


def _listed(fields: Mapping[str, Any], protocol: str, what: Said, language: str) -> list[str]:
    """`域名 plant.example`: fields under the names that the list of fields gives them."""
    found = ((FIELDS[name], fields.get(name)) for name in _said(protocol, what, listed()))
    shown_ones = [(field, value) for field, value in found if value not in (None, "", [], ())]
    return [f"{clean(getattr(field.label, language))} {_worded(field, value, language)}" for field, value in shown_ones]


def _worded(field: Field, value: Any, language: str) -> str:
    word = field.words.get(value) if isinstance(value, str) else None
    return clean(getattr(word, language)) if word is not None else shown(value)


def _named(protocol: str, name: str, value: Any, language: str) -> str:
    key = f"message.{protocol}.{name}"
    if name in ("szl_id", "szl_index") and isinstance(value, int):
        value = f"0x{value:04x}"
    if isinstance(value, str) and known(f"message.value.{value}"):
        value = say(f"message.value.{value}", language)
    return say(key, language, value=shown(value)) if known(key) else f"{name} {shown(value)}"


def _items(fields: Mapping[str, Any]) -> list[str]:
    """What an S7 read or write touches: `DB1 @ 4`, `merker @ 10`."""
    columns = [fields.get(f"s7comm.item.{name}") for name in ("area", "db", "address")]
    if not all(isinstance(column, list) for column in columns[::2]):
        return []
    areas, numbers, addresses = (column if isinstance(column, list) else [] for column in columns)
    said = []
    for index, area in enumerate(areas[:MAX_VALUES]):
        number = numbers[index] if index < len(numbers) else ""
        address = addresses[index] if index < len(addresses) else "?"
        said.append(f"{f'DB{number}' if area == 'db' else area} @ {address}")
    more = len(areas) - len(said)
    return [shorten(clean(", ".join(said) + (f" … +{more}" if more > 0 else "")), MAX_TEXT)] if said else []


def is_response(fields: Mapping[str, Any]) -> bool:
    return fields.get("message.kind") == "response"


def line(fields: Mapping[str, Any], language: str, protocol: str = "") -> str:
    """`写单个寄存器 · 单元 1 · 地址 112 = 2650`"""
    if not fields:
        return say("message.not_kept", language)
    protocol = protocol_of(fields, protocol)
    words = Words(language)
    operation = operation_of(fields, protocol)
    head = words.operation(protocol, operation) if operation else words.protocol(protocol)
    if is_response(fields):
        head = say("message.answer_to", language, operation=head)
    parts = [head, *_items(fields)]
    objects = _picked(fields, protocol, OBJECTS.get(protocol, ()))
    parts += [_named(protocol, name, value, language) for name, value in objects]
    parts += _listed(fields, protocol, Said.OBJECT, language) + _listed(fields, protocol, Said.VALUE, language)
    values = _picked(fields, protocol, VALUES.get(protocol, ()))
    if values:
        parts[-1] += f" = {shown(values[0][1])}"
    errors = [item for item in _picked(fields, protocol, ERRORS.get(protocol, ())) if item[1] not in (0, "Good")]
    if is_response(fields) and errors:
        error = str(errors[0][1])
        key = f"message.error.{error}"
        parts.append(say("message.error_said", language, error=say(key, language) if known(key) else shown(error)))
    parts += _listed(fields, protocol, Said.ERROR, language)
    return " · ".join(parts)
