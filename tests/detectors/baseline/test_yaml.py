"""YAML: the same table back, and mistakes named by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from detectors.baseline import BaselineError, Folder, export_yaml, import_yaml, read_folder, write_folder

core = pytest.importorskip("sensor._core", reason="the core is not built: make build")


@pytest.fixture
def folder(tmp_path: Path, table: bytes) -> Folder:
    return write_folder(
        tmp_path / "base", table, None, to_json=core.baseline_to_json, source=["x"], start_ns=1, end_ns=2
    )


def compile_text(text: str, tmp_path: Path) -> Folder:
    path = tmp_path / "edited.yml"
    path.write_text(text, "utf-8")
    return import_yaml(
        path, tmp_path / "imported", core.baseline_from_json, core.baseline_to_json, core.values_from_json
    )


def test_export_and_import_give_the_same_bytes(folder: Folder, tmp_path: Path) -> None:
    text = export_yaml(folder, core.baseline_to_json)
    imported = compile_text(text, tmp_path)
    assert imported.table == folder.table
    assert read_folder(tmp_path / "imported").table == folder.table
    assert export_yaml(imported, core.baseline_to_json) == text
    assert not imported.has_model


def test_an_edit_takes_effect_whatever_the_order(folder: Folder, tmp_path: Path) -> None:
    document = yaml.safe_load(export_yaml(folder, core.baseline_to_json))
    reads = next(row for row in document["links"][0]["objects"] if row["class"] == "read")
    reads["stretches"] = [[100, 109], [0, 9], [10, 19]]
    document["assets"].reverse()
    imported = compile_text(yaml.safe_dump(document), tmp_path)
    again = yaml.safe_load(export_yaml(imported, core.baseline_to_json))
    reads = next(row for row in again["links"][0]["objects"] if row["class"] == "read")
    assert reads["stretches"] == [[0, 19], [100, 109]]


def test_names_that_look_like_something_else_stay_names(folder: Folder, tmp_path: Path) -> None:
    document = yaml.safe_load(export_yaml(folder, core.baseline_to_json))
    names = sorted(["true", "null", "10:20:30", "0x10", "1.5", "~", "2026-11-20", "温度", "a: b", "- x", "0017", "007"])
    document["links"][0]["objects"].append(
        {"class": "read", "space": "node", "index": 2, "stretches": [], "names": names}
    )
    document["assets"][0]["macs"] = ["10:20:30:40:50:51"]
    imported = compile_text(yaml.safe_dump(document, allow_unicode=True), tmp_path)
    text = export_yaml(imported, core.baseline_to_json)
    again = yaml.safe_load(text)
    assert next(row for row in again["links"][0]["objects"] if row["space"] == "node")["names"] == names
    # Written by hand without quotes YAML takes this MAC for a number of base 60; we do not.
    unquoted = text.replace("'10:20:30:40:50:51'", "10:20:30:40:50:51")
    assert unquoted != text
    assert compile_text(unquoted, tmp_path).table == imported.table


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("class: read", "class: raed", "class raed: must be one of read, write"),
        ("protocol: modbus", "protokoll: modbus", "unknown field `protokoll`"),
        ("192.168.1.10", "192.168.1.999", "invalid IP address"),
        ("low_us: ", "low_us: 99999999 #", "expected"),
        ("messages: ", "messages: yes, x: ", "expected a number or text"),
        ("operations:", "operations: &rows", "write the rows out"),
        ("assets:", "assets: [", "is not YAML"),
    ],
)
def test_a_mistake_is_named_by_its_line(folder: Folder, tmp_path: Path, old: str, new: str, words: str) -> None:
    text = export_yaml(folder, core.baseline_to_json)
    assert old in text
    spoiled = text.replace(old, new, 1)
    if "&rows" in new:
        spoiled = spoiled.replace("  polls:", "  objects: *rows\n  polls:", 1)
    with pytest.raises(BaselineError) as refused:
        compile_text(spoiled, tmp_path)
    message = str(refused.value)
    assert words in message and "\n" not in message
    line = next(number for number, one in enumerate(spoiled.splitlines(), 1) if new in one or "*rows" in one)
    assert "edited.yml:" in message
    if words not in ("is not YAML", "write the rows out", "expected"):  # these are noticed a line later
        assert f"edited.yml:{line}:" in message, message
    assert not (tmp_path / "imported").exists()


def test_contradictions_name_the_row(folder: Folder, tmp_path: Path) -> None:
    document = yaml.safe_load(export_yaml(folder, core.baseline_to_json))
    document["links"].append(document["links"][0])
    with pytest.raises(BaselineError, match=r"link 192\.168\.1\.10 -> 192\.168\.1\.20 .* stands there twice"):
        compile_text(yaml.dump(document, Dumper=_NoAliases), tmp_path)


class _NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


@pytest.mark.parametrize("text", ["", "[1, 2]", "\x00", "a: b: c", "[" * 5000, "x"])
def test_anything_else_is_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(BaselineError) as refused:
        compile_text(text, tmp_path)
    assert "\n" not in str(refused.value)


def test_decisions_and_sightings_travel_with_it(tmp_path: Path) -> None:
    """What was learned, what was kept apart and why, and what was decided: the same on the other sensor."""
    from detectors.baseline.review import Known, Suspicion, decide
    from detectors.baseline.versions import Codec, decisions_of, read_known, write_version
    from otus.learning import learn_into
    from tests.detectors.baseline.conftest import capture

    codec = Codec(core.baseline_to_json, core.baseline_from_json)
    learn_into(tmp_path / "base", (str(capture(tmp_path / "normal.pcap", seconds=60)),))
    learned = read_folder(tmp_path / "base")
    known = read_known(learned, codec)
    link = "link:default/192.168.1.10>192.168.1.20/modbus"
    known = Known(known.document, known.report, (Suspicion(link, "x", {"zh": "写", "en": "w"}, "high", 5, "a", 3),))
    decisions = decide(known, [], "approve", [link], "王工: 检修", "null", 7)
    decisions += decide(known, decisions, "widen", ["object:*read*:0-9"], "1:20:30", "是", 8, stretch=(0, 40))
    reviewed = write_version(learned, known, decisions, codec, author="a", note="b", time_ns=9, model=None)
    text = export_yaml(reviewed, core.baseline_to_json)
    imported = compile_text(text, tmp_path)
    assert imported.table == reviewed.table != learned.table
    assert read_known(imported, codec) == known and decisions_of(imported) == decisions
    assert export_yaml(imported, core.baseline_to_json) == text


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        ("review: [{action: approve}]", "review: not a decision"),
        ("review: [{action: like, entry: x, person: y, reason: z, time_ns: 1}]", "approve, reject, widen"),
        ("suspicions: [{link: x}]", "report or suspicions"),
    ],
)
def test_what_stands_beside_the_rows_is_checked(folder: Folder, tmp_path: Path, beside: str, words: str) -> None:
    with pytest.raises(BaselineError, match=words) as refused:
        compile_text(f"{export_yaml(folder, core.baseline_to_json)}{beside}\n", tmp_path)
    assert "\n" not in str(refused.value)
