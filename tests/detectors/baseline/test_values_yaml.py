"""Process values as YAML and between versions: the same back, mistakes by their line, what changed by its name."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from detectors.baseline import BaselineError, Folder, export_yaml, import_yaml, write_folder
from detectors.baseline.value_entries import LIMITS
from detectors.baseline.versions import (
    Codec,
    Content,
    content_of,
    difference,
    read_known,
    rollback,
    write_version,
)

core = pytest.importorskip("sensor._core", reason="the core is not built: make build")

CODEC = Codec(core.baseline_to_json, core.baseline_from_json)
DAY = {
    "middle_ns": 5, "wave": [1.5, -0.25, 1e-7], "highest": 2.0,
    "sure": [[1.0, 0.1, 0.2], [0.1, 1.0, 0.3], [0.2, 0.3, 1e22]],
}  # fmt: skip
PLACE = {"space": "holding_register", "index": 1, "kind": "word", "samples": 900, "changes": 70, "seconds": 1800.5}
LEVEL = {
    **PLACE, "start": 7, "low": 99.5, "high": 812.1,
    "limits": [830.25, -90.1, 1e-5, 12.0, None, 3.4000000000000004, None],
    "days": [DAY, None, None, None, None, None, None],
}  # fmt: skip
NAMED = {**PLACE, "start": 2**64 - 5, "name": "Pump: 1", "kind": "number", "limits": [None] * 7, "counter": True}
MODE = {**PLACE, "start": 9, "limits": [None] * 7, "states": [1.0, 2.0, 7.0], "setting": True, "set_limits": [0.0, 9.5]}
LINEAR = {"linear": {"of": 0, "terms": [[1, 0.5], [2, -1.25]], "offset": 3.0, "limit": 0.125}}
WHILE = {"while": {"state": 2, "is": 7.0, "of": 0, "low": 100.0, "high": 200.0, "days": [DAY, None]}}
VALUES = {
    "format": 1,
    "not_learned": 0,
    "links": [
        {
            "segment": "default", "client": "192.168.1.10", "server": "192.168.1.20", "protocol": "modbus",
            "tags": [LEVEL, NAMED, MODE], "echoes": [{"request": 2**63 + 1, "limit": 7.5}],
            "relations": [LINEAR, WHILE],
        }
    ],
}  # fmt: skip
AT = "default/192.168.1.10>192.168.1.20/modbus#holding_register.1:7:word"


def compiled(values: dict[str, Any]) -> bytes:
    return bytes(core.values_from_json(json.dumps(values)))


@pytest.fixture
def folder(tmp_path: Path, table: bytes) -> Folder:
    to_json = core.baseline_to_json
    return write_folder(
        tmp_path / "base", table, None, to_json=to_json, source=["x"], start_ns=1, end_ns=2, values=compiled(VALUES)
    )


def compile_text(text: str, tmp_path: Path) -> Folder:
    path = tmp_path / "edited.yml"
    path.write_text(text, "utf-8")
    codecs = (core.baseline_from_json, core.baseline_to_json, core.values_from_json)
    return import_yaml(path, tmp_path / "imported", *codecs)


def test_export_and_import_give_the_same_bytes(folder: Folder, tmp_path: Path) -> None:
    text = export_yaml(folder, core.baseline_to_json)
    imported = compile_text(text, tmp_path)
    assert (imported.table, imported.values) == (folder.table, folder.values)
    assert export_yaml(imported, core.baseline_to_json) == text
    without = write_folder(
        tmp_path / "none", folder.table, None, to_json=core.baseline_to_json, source=[], start_ns=1, end_ns=2
    )
    assert compile_text(export_yaml(without, core.baseline_to_json), tmp_path).values is None


def test_limits_and_relations_have_names_in_it(folder: Folder) -> None:
    (link,) = yaml.safe_load(export_yaml(folder, core.baseline_to_json))["values"]["links"]
    limits = {"above": 830.25, "below": 90.1, "step": 1e-5, "rest_s": 12.0, "quiet": 3.4000000000000004}
    assert link["tags"][0]["limits"] == limits and link["tags"][2]["limits"] == {}
    linear, held = (next(iter(relation.values())) for relation in link["relations"])
    pump = 'holding_register.1:"Pump: 1":number'
    assert linear["of"] == "holding_register.1:7:word" and linear["terms"][0] == [pump, 0.5]
    assert (held["state"], held["of"]) == ("holding_register.1:9:word", "holding_register.1:7:word")


def test_an_edit_takes_effect(folder: Folder, tmp_path: Path) -> None:
    text = export_yaml(folder, core.baseline_to_json)
    imported = compile_text(text.replace("below: 90.1", "below: 80").replace("rest_s: 12.0, ", ""), tmp_path)
    wanted = copy.deepcopy(VALUES)
    wanted["links"][0]["tags"][0]["limits"] = [830.25, -80.0, 1e-5, None, None, 3.4000000000000004, None]  # type: ignore[index]
    assert imported.values == compiled(wanted)
    lines = list(difference(content_of(folder), content_of(imported), CODEC).lines())
    assert lines == [f"~ value:{AT}  below 90.1 → 80, rest_s 12 → -"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("above: 830.25", "abvoe: 830.25", f"abvoe: a value has no such limit; there are {', '.join(LIMITS)}"),
        ("above: 830.25", "above: hot", 'invalid type: string "hot"'),
        ("above: 830.25", "above: .inf", "'.inf': expected a number"),
        ("samples: 900", "samlpes: 900", "unknown field `samlpes`"),
        ("of: holding_register.1:7:word", "of: holding_register.1:8:word", "8:word: no such tag on this link"),
        ("counter: true", "counter: maybe", "expected a boolean"),
        ("kind: number", "kind: numbre", "number: no such tag on this link"),
    ],
)
def test_a_mistake_is_named_by_its_line(folder: Folder, tmp_path: Path, old: str, new: str, words: str) -> None:
    text = export_yaml(folder, core.baseline_to_json)
    head, _, values = text.partition("\nvalues:")
    assert old in values
    spoiled = f"{head}\nvalues:{values.replace(old, new, 1)}"
    with pytest.raises(BaselineError) as refused:
        compile_text(spoiled, tmp_path)
    message = str(refused.value)
    line = next(number for number, one in enumerate(spoiled.splitlines(), 1) if new in one)
    assert words in message and "\n" not in message
    if "numbre" not in new:  # the relation says it
        assert f"edited.yml:{line}:" in message, (line, message)
    assert not (tmp_path / "imported").exists()


@pytest.mark.parametrize("values", ["[]", "{links: 3}", "{format: 1, not_learned: 0, links: [{tags: 1}]}", "x", "{}"])
def test_anything_else_is_one_line(folder: Folder, tmp_path: Path, values: str) -> None:
    text = export_yaml(folder, core.baseline_to_json).partition("\nvalues:")[0]
    with pytest.raises(BaselineError) as refused:
        compile_text(f"{text}\nvalues: {values}\n", tmp_path)
    assert "\n" not in str(refused.value)


def test_versions_and_a_rollback_carry_values(folder: Folder) -> None:
    """Another version has other values; going back brings those of before, and the difference says which they are."""
    other = copy.deepcopy(VALUES)
    link: Any = other["links"][0]  # type: ignore[index]
    link["tags"][0] |= {"high": 900.5, "limits": [950.0, *LEVEL["limits"][1:]], "samples": 77}  # type: ignore[misc]
    link["tags"][2]["states"] = [1.0, 2.0]
    link["relations"] = [copy.deepcopy(LINEAR)]
    link["relations"][0]["linear"]["terms"][1][1] = -1.5
    known = read_known(folder, CODEC)
    said: dict[str, Any] = {"author": "王工", "note": "learned anew", "time_ns": 9, "model": None}
    second = write_version(folder, known, [], CODEC, values=compiled(other), **said)
    lines = list(difference(content_of(second, 1), content_of(second), CODEC).lines())
    base = f"{AT}=holding_register.1"
    assert lines == [
        f"- relation:{base.replace('=holding_register.1', '=while holding_register.1:9:word is 7')}",
        f"~ value:{AT}  high 812.1 → 900.5, above 830.25 → 950",
        f"~ value:{AT.replace(':7:', ':9:')}  states [1, 2, 7] → [1, 2]",
        f'~ relation:{base}:"Pump: 1":number,holding_register.1:9:word  factors [0.5, -1.25] → [0.5, -1.5]',
    ]
    third = rollback(second, 1, CODEC, author="李工", note="", time_ns=11)
    assert third.values == folder.values
    assert list(difference(content_of(third), content_of(third, 1), CODEC).lines()) == []


def test_the_order_of_operations_is_compared_too(folder: Folder) -> None:
    document = json.loads(core.baseline_to_json(folder.table))
    (link,) = document["links"]
    del link["orders"][1:]
    fewer = core.baseline_from_json(json.dumps(document))
    link["orders"][0]["last"] = "start"
    another = core.baseline_from_json(json.dumps(document))
    lines = list(difference(Content(fewer), Content(another), CODEC).lines())
    head = "order:default/192.168.1.10>192.168.1.20/modbus#"
    assert sorted(line[0] for line in lines) == ["+", "-"] and all(line[2:].startswith(head) for line in lines)
    assert any(",start>" in line for line in lines if line[0] == "+")
