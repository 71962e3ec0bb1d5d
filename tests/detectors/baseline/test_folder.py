"""The folder: hashes first, one clear line for whatever is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from detectors.baseline import BaselineError, Folder, ModelFiles, read_folder, show_text, write_folder

core = pytest.importorskip("sensor._core", reason="the core is not built: make build")


def write(path: Path, table: bytes, model: ModelFiles | None = None) -> Folder:
    return write_folder(
        path, table, model, to_json=core.baseline_to_json, source=["normal.pcap"], start_ns=10**18, end_ns=2 * 10**18
    )


FACTS = {"state": "active", "window_ns": 10_000_000_000, "windows": 500}
MODEL = ModelFiles(b'{"a": 1}', b"forest", b"compiled", FACTS)


def test_what_was_written_is_read(tmp_path: Path, table: bytes) -> None:
    written = write(tmp_path / "base", table, MODEL)
    folder = read_folder(tmp_path / "base")
    assert (folder.table, folder.robust) == (table, b'{"a": 1}')
    assert (folder.model, folder.compiled) == (b"forest", b"compiled")
    assert folder.manifest == written.manifest
    assert folder.has_model and folder.window_s == 10
    assert folder.summary()["links"] == 1 and folder.summary()["polls"] == 1
    assert "1 links" in folder.line() and "通信关系" in folder.line()
    assert sorted(entry.name for entry in (tmp_path / "base").iterdir()) == [
        "baseline.bin", "forest.bin", "manifest.json", "model.skops", "objects", "robust.json",
    ]  # fmt: skip


def test_a_folder_of_an_earlier_version_has_no_compiled_forest(tmp_path: Path, table: bytes) -> None:
    write(tmp_path / "base", table, replace(MODEL, compiled=None))
    folder = read_folder(tmp_path / "base")
    assert (folder.model, folder.compiled) == (b"forest", None)


def test_writing_again_replaces_the_whole(tmp_path: Path, table: bytes) -> None:
    write(tmp_path / "base", table, MODEL)
    write(tmp_path / "base", table)
    folder = read_folder(tmp_path / "base")
    assert not folder.has_model and folder.window_s is None
    assert [entry.name for entry in tmp_path.iterdir()] == ["base"]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def edit_manifest(**changes: object) -> Callable[[Path], None]:
    def edit(base: Path) -> None:
        path = base / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return edit


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda base: flip(base / "model.skops"), "model.skops: does not match the manifest"),
        (lambda base: flip(base / "forest.bin"), "forest.bin: does not match the manifest"),
        (lambda base: flip(base / "baseline.bin"), "baseline.bin: does not match the manifest"),
        (lambda base: flip(base / "robust.json"), "robust.json: does not match the manifest"),
        (lambda base: (base / "baseline.bin").unlink(), "baseline.bin: is missing"),
        (lambda base: (base / "manifest.json").unlink(), "manifest.json: is missing"),
        (lambda base: (base / "manifest.json").write_bytes(b"\xff{"), "is not JSON"),
        (lambda base: (base / "manifest.json").write_text("[]"), "is not the manifest"),
        (edit_manifest(schema="2.0"), "schema 2.0"),
        (edit_manifest(files={}), "is not in the manifest"),
        (edit_manifest(learned=None), "'learned' is missing"),
    ],
)
def test_a_spoiled_folder_is_refused_with_one_line(
    tmp_path: Path, table: bytes, spoil: Callable[[Path], None], words: str
) -> None:
    write(tmp_path / "base", table, MODEL)
    spoil(tmp_path / "base")
    with pytest.raises(BaselineError) as refused:
        read_folder(tmp_path / "base")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_something_else_is_never_overwritten(tmp_path: Path, table: bytes) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "thesis.doc").write_text("x")
    with pytest.raises(BaselineError, match="is no baseline"):
        write(tmp_path / "base", table)
    (tmp_path / "file").write_text("x")
    with pytest.raises(BaselineError, match="file: is there"):
        write(tmp_path / "file", table)
    with pytest.raises(BaselineError, match="cannot be written"):
        write(tmp_path / "file" / "base", table)
    assert (tmp_path / "base" / "thesis.doc").read_text() == "x"


def test_show_is_for_people(tmp_path: Path, table: bytes) -> None:
    text = show_text(write(tmp_path / "base", table, MODEL), core.baseline_to_json)
    for words in ("192.168.1.10 → 192.168.1.20  modbus", "写过 writes", "0–9", "每 every 0.500 s", "工作 active, 500"):
        assert words in text, text


def test_names_from_the_wire_cannot_steer_the_terminal(tmp_path: Path, table: bytes) -> None:
    document = json.loads(core.baseline_to_json(table))
    document["links"][0]["objects"].append({"class": "read", "space": "node", "index": 2, "names": ["\x1b[2J\nx"]})
    spoiled = core.baseline_from_json(json.dumps(document))
    text = show_text(write(tmp_path / "base", spoiled), core.baseline_to_json)
    assert "\x1b" not in text and "[2J" in text
