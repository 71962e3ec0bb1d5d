"""Rows of a Parquet file wait until they are worth a row group.

Every column of every group has its entry in the file's index, which is in memory until the file is closed: a kilobyte
each, whether it has a value or not. In groups as small as the batches of the core, a table of a thousand columns would
take gigabytes for that.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from otus.widening import Empty

ROWS = 1 << 20
"""of one group, at most: what a reader skips or loads as one"""
HELD_BYTES = 32 << 20
"""that rows take while they wait, at most, and one batch more"""


class RowGroups:
    """Takes record batches for a Parquet writer."""

    def __init__(self, pyarrow: ModuleType, writer: Any) -> None:
        self._pyarrow = pyarrow
        self._writer = writer
        self._waiting: list[Any] = []
        self._rows = 0
        self._bytes = 0
        self._empty = Empty(pyarrow)

    def write_batch(self, record_batch: Any) -> None:
        if self._rows + record_batch.num_rows > ROWS:
            self._end_group()
        self._waiting.append(record_batch)
        self._rows += record_batch.num_rows
        self._bytes += held_bytes(record_batch)
        if self._bytes >= HELD_BYTES:
            self._end_group()

    def close(self) -> None:
        self._end_group()
        self._writer.close()

    def _end_group(self) -> None:
        """All that waits becomes a group. Words are numbered anew in each batch; in a group they have one number."""
        waiting, self._waiting = self._waiting, []
        self._rows = self._bytes = 0
        if waiting:
            table = self._pyarrow.Table.from_batches(waiting)
            columns = [self._column(column) for column in table.columns]
            table = self._pyarrow.Table.from_arrays(columns, schema=table.schema)
            self._writer.write_table(table, row_group_size=ROWS)

    def _column(self, column: Any) -> Any:
        """Without a value it is one piece, which is soon written. Keys are written anew where there are any: batches
        without a word go on sharing their room."""
        if column.null_count == len(column):
            return self._pyarrow.chunked_array([self._empty.column(column.type, len(column))])
        if not self._pyarrow.types.is_dictionary(column.type):
            return column
        known = [chunk for chunk in column.chunks if chunk.null_count < len(chunk)]
        unified = self._pyarrow.chunked_array(known).unify_dictionaries().chunks
        keys = self._empty.column(column.type.index_type, max(map(len, column.chunks)))
        empty = self._pyarrow.DictionaryArray.from_arrays(keys, unified[0].dictionary)
        left = iter(unified)
        return self._pyarrow.chunked_array(
            [next(left) if chunk.null_count < len(chunk) else empty.slice(0, len(chunk)) for chunk in column.chunks]
        )


def held_bytes(record_batch: Any) -> int:
    """What its columns take; those without any value share their room with others."""
    return sum(column.nbytes for column in record_batch.columns if column.null_count < len(column))
