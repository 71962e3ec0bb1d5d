"""An Arrow stream whose protocols come late: what was written before gets their columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.ipc

from otus.tables import Arrow
from otus.widening import Widener


def batch(rows: int, words: list[str], wide: int = 0) -> Any:
    """Numbers and words from a dictionary of its own, and columns without a value."""
    columns = {
        "number": pyarrow.array(range(rows), pyarrow.uint64()),
        "word": pyarrow.array([words[row % len(words)] for row in range(rows)]).dictionary_encode(),
    }
    columns |= {f"empty.{place}": pyarrow.nulls(rows, pyarrow.uint64()) for place in range(wide)}
    return pyarrow.RecordBatch.from_pydict(columns)


def test_columns_that_were_not_there_share_one_empty_one() -> None:
    narrow, wide = batch(9, ["a", "b"]), batch(1, ["a"], wide=20)
    widened = Widener(pyarrow, wide.schema).widened(narrow)
    assert widened.schema == wide.schema and widened.num_rows == 9
    assert widened.select(["number", "word"]).to_pylist() == narrow.to_pylist()
    added = [widened.column(f"empty.{place}") for place in range(20)]
    assert all(column.null_count == 9 for column in added)
    assert len({column.buffers()[0].address for column in added}) == 1


class Batches:
    def __init__(self, *columns: Any) -> None:
        self.columns = columns


def test_what_came_before_a_protocol_is_read_again_with_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.arrow"
    with Arrow(path) as table:
        table.put(Batches(batch(5, ["a"]), batch(3, ["b"])))  # type: ignore[arg-type]
        table.put(Batches(batch(4, ["c"], wide=2)))  # type: ignore[arg-type]
        table.keep()
    with pyarrow.ipc.open_stream(path) as stream:
        found = stream.read_all()
    assert found.column_names == ["number", "word", "empty.0", "empty.1"]
    assert found["word"].to_pylist() == ["a"] * 5 + ["b"] * 3 + ["c"] * 4
    assert list(tmp_path.iterdir()) == [path]
