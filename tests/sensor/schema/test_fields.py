"""The list of fields: complete, bilingual, and loud where a file is wrong."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest

from sensor.own_protocols import taken_up
from sensor.schema.fields import (
    FIELDS,
    FLAWS,
    FOLDER,
    PROTOCOLS,
    SHARED,
    DataLevel,
    Field,
    FieldsError,
    FieldType,
    Upward,
    load_fields,
)  # fmt: skip

GOOD = """
- name: modbus.address
  type: unsigned
  label: {zh: 地址, en: Address}
  description: {zh: 起始地址, en: First address}
  example: 112
  level: important
  upward: clear
"""
BASE = {
    "frame.number", "file.name", "@timestamp", "network.protocol", "network.transport", "network.vlan.id", "segment",
    "source.ip", "source.port", "source.mac", "destination.ip", "destination.port", "destination.mac", "client.ip",
    "client.port", "client.mac", "server.ip", "server.port", "server.mac", "message.kind", "operation.code",
    "operation.name", "operation.class", "object.space", "object.start", "object.end", "event.outcome",
    "event.duration", "request.frame.number", "flaws", "link.known", "link.learned_writes", "link.learned_operation",
    "link.learned_object", "message.bytes", "user.name", "login.password", "point.name", "point.value", "point.unit",
}  # fmt: skip


def test_every_base_field_is_listed() -> None:
    assert set(FIELDS) >= BASE
    assert all(FIELDS[name].protocol is None for name in BASE)


def test_flaws_and_protocols_are_listed() -> None:
    files = {path.stem for path in FOLDER.glob("*.yml")} - set(SHARED)
    assert {"modbus", "s7comm", "opcua"} <= files == set(PROTOCOLS) - set(taken_up())
    assert all("." in name and flaw.protocol in PROTOCOLS for name, flaw in FLAWS.items())


PYTHON: dict[FieldType, Any] = {
    FieldType.UNSIGNED: int, FieldType.SIGNED: int, FieldType.FLOAT: (int, float), FieldType.BOOLEAN: bool,
    FieldType.TEXT: str, FieldType.BYTES: str, FieldType.IP: str, FieldType.TIMESTAMP: (str, int),
}  # fmt: skip


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [value]


@pytest.mark.parametrize("field", FIELDS.values(), ids=list(FIELDS))
def test_a_field(field: Field) -> None:
    assert re.search(r"[\u4e00-\u9fff]|^[A-Z0-9 /.-]+$", field.label.zh, re.IGNORECASE), "no Chinese label"
    assert not re.search(r"[\u4e00-\u9fff]", field.label.en)
    assert len(field.label.zh) <= 24 and len(field.description.zh) >= 2
    for leaf in leaves(field.example) if field.many else [field.example]:
        if field.type in PYTHON:
            assert isinstance(leaf, PYTHON[field.type]), f"the example {leaf!r} is not {field.type}"
        if field.type is FieldType.IP:
            ipaddress.ip_address(leaf)
        if field.type is FieldType.UNSIGNED:
            assert leaf >= 0
    if field.level is DataLevel.CORE:
        assert field.upward is Upward.DROP, "what is 核心 does not leave in clear"
    if field.type is FieldType.IP or field.name.rpartition(".")[2] == "mac":
        assert field.upward is Upward.PSEUDONYM


def test_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "modbus.yml").write_text(GOOD)
    field = load_fields(tmp_path)["modbus.address"]
    assert (field.type, field.level, field.upward, field.many, field.protocol, field.kind) == (
        FieldType.UNSIGNED, DataLevel.IMPORTANT, Upward.CLEAR, False, "modbus", "unsigned",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("type: unsigned", "type: uint", r"modbus\.yml:2: modbus\.address: type must be one of unsigned.*not 'uint'"),
        ("level: important", "level: secret", "level must be one of general, important, core"),
        ("upward: clear", "upward: maybe", "upward must be one of clear, pseudonym, drop"),
        ("upward: clear", "upword: clear", "unknown key 'upword'; did you mean 'upward'"),
        ("  upward: clear\n", "", "upward missing"),
        ("label: {zh: 地址, en: Address}", "label: Address", r"label must be \{zh"),
        ("label: {zh: 地址, en: Address}", "label: {zh: 地址}", r"label must be \{zh"),
        ("name: modbus.address", "name: modbus..address", "a name is words"),
        ("name: modbus.address", "name: 7", "a name is words"),
        (GOOD, "- [1, 2]", "modbus.yml:1: a field is a mapping"),
        ("upward: clear", "upward: clear\n  many: 3", "many must be true or false"),
        (GOOD, "name: modbus.address", "must be a list"),
        ("type: unsigned", "type: {", "not YAML"),
    ],
)
def test_a_wrong_file_says_where_and_what(tmp_path: Path, before: str, after: str, words: str) -> None:
    assert before in GOOD
    (tmp_path / "modbus.yml").write_text(GOOD.replace(before, after, 1))
    with pytest.raises(FieldsError, match=words):
        load_fields(tmp_path)


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(GOOD.replace("unsigned", "uint"))
    (tmp_path / "b.yml").write_text(GOOD + GOOD)
    (tmp_path / "base.yml").write_text("- {flaw: x.y, label: {zh: 错, en: x}, description: {zh: 错, en: x}}")
    with pytest.raises(FieldsError) as caught:
        load_fields(tmp_path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("a.yml:2:") and lines[1].startswith(
        "b.yml:10: name modbus.address is listed before, in b.yml:2"
    )
    assert lines[2].startswith("base.yml:1: flaw 'x.y': stands in a protocol's file")
