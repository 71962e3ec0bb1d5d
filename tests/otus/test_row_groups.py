"""What bounds the memory of a wide export: few entries in the file's index, few bytes that wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from otus import row_groups, widening
from otus.row_groups import RowGroups
from otus.tables import Parquet
from otus.widening import Widener, rows_at_once


def batch(rows: int, words: list[str], wide: int = 0) -> Any:
    """Numbers and words from a dictionary of its own, and columns without a value."""
    columns = {
        "number": pyarrow.array(range(rows), pyarrow.uint64()),
        "word": pyarrow.array([words[row % len(words)] for row in range(rows)]).dictionary_encode(),
    }
    columns |= {f"empty.{place}": pyarrow.nulls(rows, pyarrow.uint64()) for place in range(wide)}
    return pyarrow.RecordBatch.from_pydict(columns)


def groups(path: Path) -> list[int]:
    metadata = pyarrow.parquet.read_metadata(path)
    return [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]


def written(path: Path, batches: list[Any]) -> list[dict[str, Any]]:
    with pyarrow.parquet.ParquetWriter(path, batches[0].schema) as writer:
        rows = RowGroups(pyarrow, writer)
        for each in batches:
            rows.write_batch(each)
        rows.close()
    found: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    return found


def test_batches_become_one_group_whatever_their_dictionaries(tmp_path: Path) -> None:
    batches = [batch(10, ["a", "b"]), batch(7, ["b", "c", "a"]), batch(1, ["d"])]
    rows = written(tmp_path / "x.parquet", batches)
    assert rows == [row for each in batches for row in each.to_pylist()]
    assert groups(tmp_path / "x.parquet") == [18]


def test_batches_without_a_word_go_on_sharing_their_room(tmp_path: Path) -> None:
    """A column of which one batch has words took a key in each row of all others of its group."""
    schema = batch(1, ["a"]).schema
    without = pyarrow.RecordBatch.from_arrays([pyarrow.nulls(50_000, field.type) for field in schema], schema=schema)
    batches = [without, batch(2, ["a", "b"]), without, batch(2, ["b", "c"])]
    before = pyarrow.total_allocated_bytes()
    column = RowGroups(pyarrow, None)._column(pyarrow.Table.from_batches(batches)["word"])
    assert column.to_pylist() == [row["word"] for each in batches for row in each.to_pylist()]
    assert len({chunk.indices.buffers()[1].address for chunk in column.chunks[::2]}) == 1
    assert all(chunk.dictionary.equals(column.chunk(0).dictionary) for chunk in column.chunks)
    assert pyarrow.total_allocated_bytes() - before < 2 * 50_000 * 4 + 10_000
    assert [row["word"] for row in written(tmp_path / "x.parquet", batches)] == column.to_pylist()


def test_a_group_ends_at_so_many_bytes_or_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = [batch(100, ["a"]) for _ in range(6)]
    monkeypatch.setattr(row_groups, "HELD_BYTES", 2 * row_groups.held_bytes(batches[0]))
    written(tmp_path / "bytes.parquet", batches)
    assert groups(tmp_path / "bytes.parquet") == [200, 200, 200]
    monkeypatch.setattr(row_groups, "HELD_BYTES", 1 << 30)
    monkeypatch.setattr(row_groups, "ROWS", 250)
    written(tmp_path / "rows.parquet", batches)
    assert groups(tmp_path / "rows.parquet") == [200, 200, 200]


def test_columns_without_a_value_do_not_count() -> None:
    assert row_groups.held_bytes(batch(100, ["a"], wide=50)) == row_groups.held_bytes(batch(100, ["a"]))


def test_a_file_without_rows_is_a_file(tmp_path: Path) -> None:
    with pyarrow.parquet.ParquetWriter(tmp_path / "x.parquet", batch(1, ["a"]).schema) as writer:
        RowGroups(pyarrow, writer).close()
    assert pyarrow.parquet.read_table(tmp_path / "x.parquet").num_rows == 0


def test_what_is_read_again_is_so_many_values_at_once() -> None:
    for columns in (1, 94, 776, 5_000):
        rows = rows_at_once(columns)
        assert rows * columns <= widening.VALUES_AT_ONCE or rows == widening.LEAST_ROWS
        assert widening.LEAST_ROWS <= rows <= widening.MOST_ROWS


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
    path = tmp_path / "x.parquet"
    with Parquet(path) as table:
        table.put(Batches(batch(5, ["a"]), batch(3, ["b"])))  # type: ignore[arg-type]
        table.put(Batches(batch(4, ["c"], wide=2)))  # type: ignore[arg-type]
        table.keep()
    found = pyarrow.parquet.read_table(path)
    assert found.column_names == ["number", "word", "empty.0", "empty.1"]
    assert found["word"].to_pylist() == ["a"] * 5 + ["b"] * 3 + ["c"] * 4
    assert groups(path) == [12] and list(tmp_path.iterdir()) == [path]
