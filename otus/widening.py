"""Tables that were written before a protocol was seen first, read again with its columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

VALUES_AT_ONCE = 2 << 20
"""Rows by columns of what is read again as one piece: some 16 MB, and twice as much again in the reader. A table may
have a thousand columns."""
LEAST_ROWS = 2048
MOST_ROWS = 1 << 16


def rows_at_once(columns: int) -> int:
    """Rows of a table of so many columns that are read as one piece."""
    return min(MOST_ROWS, max(LEAST_ROWS, VALUES_AT_ONCE // max(1, columns)))


class Empty:
    """Columns without any value: all of one type share their room."""

    def __init__(self, pyarrow: ModuleType) -> None:
        self._pyarrow = pyarrow
        self._longest: dict[Any, Any] = {}

    def column(self, kind: Any, rows: int) -> Any:
        if kind not in self._longest or len(self._longest[kind]) < rows:
            self._longest[kind] = self._pyarrow.nulls(rows, kind)
        return self._longest[kind].slice(0, rows)


class Widener:
    """Gives record batches the columns of `schema`: what was not there before is empty."""

    def __init__(self, pyarrow: ModuleType, schema: Any) -> None:
        self._pyarrow = pyarrow
        self._schema = schema
        self._empty = Empty(pyarrow)

    def widened(self, record_batch: Any) -> Any:
        known = set(record_batch.schema.names)
        columns = [self._column(record_batch, field, field.name in known) for field in self._schema]
        return self._pyarrow.RecordBatch.from_arrays(columns, schema=self._schema)

    def _column(self, record_batch: Any, field: Any, known: bool) -> Any:
        if known:
            column = record_batch.column(field.name)
            if column.null_count < len(column):
                return column.cast(field.type)
        return self._empty.column(field.type, record_batch.num_rows)


def parquet_batches(parquet: ModuleType, path: Path) -> Iterator[Any]:
    """Record batches of a Parquet file, of no more rows than go with its columns."""
    with parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 16) as file:
        yield from file.iter_batches(batch_size=rows_at_once(file.metadata.num_columns), use_threads=False)
