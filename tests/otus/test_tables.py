"""Where lines go: in pieces that file systems are fast with."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from otus import tables


def test_lines_are_written_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "WRITTEN_AT_ONCE", 4)
    path, sizes = tmp_path / "x.ndjson", []
    with tables.Text(path) as table:
        file = table._target.file

        def write(piece: memoryview) -> None:
            sizes.append(len(piece))
            file.write(piece)

        table._target.file = SimpleNamespace(write=write, flush=file.flush, close=file.close)
        for events in (b"123456789\n", b"", b"abcd"):
            table.put(SimpleNamespace(events=events))  # type: ignore[arg-type]
        table.keep()
    assert path.read_bytes() == b"123456789\nabcd"
    assert sizes == [4, 4, 2, 4]
