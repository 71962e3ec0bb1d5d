"""The small tables beside the records, copied row by row: who stands under whom, refusals, the queue to the parents.

The embedded store has them in its file, the store on Elasticsearch in the registry; they have the same shape, so the
same SQL reads and writes both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.store.moving.rows import Batch, Place, Row

Run = Callable[[str, Mapping[str, Any]], Sequence[Sequence[Any]]]
"""Executes one statement with named values (`:name`) and gives its rows."""


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    at_once: int = 2000
    """rows that are held in memory together; few where each carries a record"""
    only: str = "1 = 1"
    """rows that count; others a new store makes by itself"""


STANDING = (
    Table("child", ("name", "last_seen_ns"), ("name",)),
    Table("origin", ("name", "child"), ("name",)),
    Table("rejected", ("number", "child", "origin", "id", "revision", "reason", "at_ns"), ("number",)),
)
QUEUE = (
    Table(
        "spool_parent",
        ("name", "failures", "retry_at_ns", "problem", "last_answer_ns", "answered", "refused"),
        ("name",),
    ),
    Table("spool_record", ("seq", "origin", "id", "revision", "rank", "size", "body"), ("seq",), 100),
    Table("spool_pending", ("parent", "seq", "place"), ("parent", "seq")),
    Table(
        "spool_dead",
        ("number", "parent", "origin", "id", "revision", "reason", "at_ns", "rank", "body"),
        ("number",),
        100,
    ),
    Table("spool_meta", ("key", "value"), ("key",), only="key <> 'version' AND value <> 0"),
)
"""What waits for the parents, in its order, with the counters; a queue is moved as it stands, so that nothing has to be
sent before the move and nothing is sent twice after it."""
TABLES = {table.name: table for table in (*STANDING, *QUEUE)}


def batches(run: Run, tables: Sequence[Table], place: Place) -> Iterator[Batch]:
    """Every row, in the order of the keys; `place` is a table's name and the last key that was read, or lies before
    all tables."""
    names = [table.name for table in tables]
    begin = names.index(place[0]) if place and place[0] in names else 0
    for table in tables[begin:]:
        after = place[1:] if place and place[0] == table.name else []
        keys = [table.columns.index(column) for column in table.key]
        while rows := _read(run, table, after):
            after = [rows[-1][key] for key in keys]
            yield Batch([Row(table.name, tuple(row)) for row in rows], [table.name, *after])


def _read(run: Run, table: Table, after: Place) -> list[Sequence[Any]]:
    columns, key = ", ".join(table.columns), ", ".join(table.key)
    values = {f"k{number}": value for number, value in enumerate(after)}
    clause = f"{table.only} AND ({key}) > ({', '.join(f':{name}' for name in values)})" if after else table.only
    return list(run(f"SELECT {columns} FROM {table.name} WHERE {clause} ORDER BY {key} LIMIT {table.at_once}", values))


def write(run: Run, row: Row) -> None:
    """Add a row. One that a new store made by itself gives way."""
    table = TABLES[row.part]
    columns, places = ", ".join(table.columns), ", ".join(f":{name}" for name in table.columns)
    changed = ", ".join(f"{name} = excluded.{name}" for name in table.columns if name not in table.key)
    run(
        f"INSERT INTO {table.name} ({columns}) VALUES ({places}) ON CONFLICT ({', '.join(table.key)})"
        f" DO UPDATE SET {changed}",
        dict(zip(table.columns, row.said, strict=True)),
    )


def empty(run: Run, tables: Sequence[Table]) -> bool:
    """Whether nothing that counts stands in them."""
    return not any(run(f"SELECT 1 FROM {table.name} WHERE {table.only} LIMIT 1", {}) for table in tables)


def clear(run: Run, tables: Sequence[Table]) -> None:
    for table in reversed(tables):
        run(f"DELETE FROM {table.name} WHERE {table.only}", {})


def mark(run: Run, tables: Sequence[Table]) -> str:
    """Changes whenever a console took something in, or let something go, since."""
    digest = hashlib.sha256()
    for table in tables:
        wanted = "*" if table.name in ("child", "spool_parent", "spool_meta") else f"count(*), max({table.key[-1]})"
        for row in run(f"SELECT {wanted} FROM {table.name}{' ORDER BY 1' if wanted == '*' else ''}", {}):
            digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()
