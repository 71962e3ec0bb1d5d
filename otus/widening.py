"""Tables that were written before a protocol was seen first, read again with its columns."""

from __future__ import annotations

from types import ModuleType
from typing import Any


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
