"""The small tables beside the records, copied row by row: who stands under whom, refusals, the queue to the parents.

The embedded store has them in its file, the store on Elasticsearch in the registry; they are called differently and
mean the same, so one piece of SQL reads and writes both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from console.store.moving.rows import Batch, Place, Row
from console.store.sql import Run
from federation.spool_schema import rank_of
from sensor.schema import Record


@dataclass(frozen=True)
class Table:
    part: str
    file: str
    """its name in the embedded store"""
    registry: str
    columns: tuple[str, ...]
    """what both have"""
    key: tuple[str, ...]
    at_once: int = 2000
    """rows that are held in memory together; few where each carries a record"""
    only: str = "1 = 1"
    """rows that count; others a new store makes by itself"""
    sign: str = ""
    """what changes with every row that came or changed; "": their number and the last key"""


STANDING = (
    Table("child", "child", "child", ("name", "last_seen_ns"), ("name",)),
    Table("origin", "origin", "origin", ("name", "child"), ("name",)),
    Table(
        "rejected", "rejected", "rejected", ("number", "child", "origin", "id", "revision", "reason", "at_ns"),
        ("number",),
    ),
    Table(
        "suppression", "suppression", "suppression",
        ("id", "cause", "hosts", "segment", "reason", "author", "since_ns", "until_ns", "ended_ns", "ended_by",
         "about"),
        ("id",), sign="count(*), sum(coalesce(ended_ns, 0))",
    ),
    Table(
        "baseline", "baseline", "baseline", ("origin", "child", "revision", "received_ns", "whole"), ("origin",), 20,
        sign="count(*), sum(revision)",
    ),
    Table(
        "baseline_entry", "baseline_entry", "baseline_entry",
        ("origin", "part", "number", "revision", "name", "kind", "state", "link", "words", "whole"),
        ("origin", "part", "number"), sign="count(*), sum(revision)",
    ),
)  # fmt: skip
ORDERS = (
    Table(
        "order", "orders", "orders",
        (
            "origin", "id", "kind", "course", "revision", "state", "open", "parent", "name", "title", "colour",
            "deadline_ns", "all_below", "addressees", "issued_ns", "place", "keep_ns", "answer_revision",
            "answer_state", "settled", "whole", "answer",
        ),
        ("origin", "id"), 50, sign="count(*), max(place), sum(answer_revision)",
    ),
    Table("order_addressee", "order_addressee", "order_addressee", ("name", "origin", "id"), ("name", "origin", "id")),
    Table(
        "order_cursor", "order_cursor", "order_cursor", ("parent", "after"), ("parent",), sign="count(*), sum(after)",
    ),
)  # fmt: skip
"""What came down from the parents and what goes down to the children, with our answers."""
QUEUE = (
    Table(
        "queue_parent", "spool_parent", "upward_parent",
        ("name", "failures", "retry_at_ns", "problem", "last_answer_ns", "answered", "refused"), ("name",),
    ),
    Table(
        "queue_record", "spool_record", "upward_record", ("seq", "origin", "id", "revision", "size", "body"), ("seq",),
        100,
    ),
    Table("queue_pending", "spool_pending", "upward_pending", ("parent", "seq", "place"), ("parent", "seq")),
    Table(
        "queue_dead", "spool_dead", "upward_dead",
        ("number", "parent", "origin", "id", "revision", "reason", "at_ns", "body"), ("number",), 100,
    ),
)  # fmt: skip
"""What waits for the parents, in its order; a queue is moved as it stands, so that nothing has to be sent before the
move and nothing is sent twice after it."""
COUNTERS = Table(
    "queue_counters", "spool_meta", "", ("key", "value"), ("key",),
    only="key NOT IN ('version', 'place', 'bytes') AND value <> 0",
)  # fmt: skip
"""What was given up; only files count it. Places and bytes are worked out anew (`settle`)."""
_RANKED = {"queue_record", "queue_dead"}
"""A file keeps beside these how late a record is given up."""


@dataclass(frozen=True)
class Tables:
    """Those of one store."""

    run: Run
    in_registry: bool

    @property
    def all(self) -> tuple[Table, ...]:
        return (*STANDING, *ORDERS, *QUEUE) if self.in_registry else (*STANDING, *ORDERS, *QUEUE, COUNTERS)

    def name(self, table: Table) -> str:
        return table.registry if self.in_registry else table.file

    def batches(self, place: Place) -> Iterator[Batch]:
        """Every row, in the order of the keys; `place` is a part and the last key that was read, or lies before all."""
        parts = [table.part for table in self.all]
        begin = parts.index(place[0]) if place and place[0] in parts else 0
        for table in self.all[begin:]:
            after = place[1:] if place and place[0] == table.part else []
            keys = [table.columns.index(column) for column in table.key]
            while rows := self._read(table, after):
                after = [rows[-1][key] for key in keys]
                yield Batch([Row(table.part, tuple(row)) for row in rows], [table.part, *after])

    def _read(self, table: Table, after: Place) -> list[Sequence[Any]]:
        columns, key = ", ".join(table.columns), ", ".join(table.key)
        values = {f"k{number}": value for number, value in enumerate(after)}
        clause = f"{table.only} AND ({key}) > ({', '.join(f':{name}' for name in values)})" if after else table.only
        wanted = f"SELECT {columns} FROM {self.name(table)} WHERE {clause} ORDER BY {key} LIMIT {table.at_once}"
        return list(self.run(wanted, values))

    def write(self, row: Row) -> None:
        """Add a row. One that a new store made by itself gives way."""
        table = next(table for table in self.all if table.part == row.part)
        values = dict(zip(table.columns, row.said, strict=True))
        if row.part in _RANKED and not self.in_registry:
            values["rank"] = 0 if values["body"] is None else rank_of(Record.from_bytes(values["body"]))
        columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        changed = ", ".join(f"{name} = excluded.{name}" for name in values if name not in table.key)
        write = f"DO UPDATE SET {changed}" if changed else "DO NOTHING"
        self.run(
            f"INSERT INTO {self.name(table)} ({columns}) VALUES ({places}) ON CONFLICT ({', '.join(table.key)})"
            f" {write}",
            values,
        )

    def empty(self) -> bool:
        """Whether nothing that counts stands in them."""
        return not any(self.run(f"SELECT 1 FROM {self.name(it)} WHERE {it.only} LIMIT 1", {}) for it in self.all)

    def clear(self) -> None:
        for table in reversed(self.all):
            self.run(f"DELETE FROM {self.name(table)} WHERE {table.only}", {})

    def mark(self) -> str:
        """Changes whenever a console took something in, or let something go, since."""
        digest = hashlib.sha256()
        for table in self.all:
            whole = table.part in ("child", "queue_parent", "queue_counters")
            wanted = ", ".join(table.columns) if whole else table.sign or f"count(*), max({table.key[-1]})"
            order = " ORDER BY 1" if whole else ""
            for row in self.run(f"SELECT {wanted} FROM {self.name(table)} WHERE {table.only}{order}", {}):
                digest.update(repr(tuple(row)).encode())
        return digest.hexdigest()

    def settle(self) -> None:
        """What a queue counts about itself: the last place, the bytes that wait, the records that are answered for."""
        record, pending = self.name(QUEUE[1]), self.name(QUEUE[2])
        # Places and numbers come from one count there: neither may be given again.
        place = (
            f"(SELECT max(place) FROM (SELECT coalesce(max(place), 0) AS place FROM {pending}"
            f" UNION ALL SELECT coalesce(max(seq), 0) FROM {record}) AS given)"
        )
        size = f"(SELECT coalesce(sum(size), 0) FROM {record} WHERE body IS NOT NULL)"
        if self.in_registry:
            receipts = f"(SELECT count(*) FROM {record} WHERE body IS NULL)"
            self.run(f"UPDATE upward SET place = {place}, bytes = {size}, receipts = {receipts}", {})
            return
        for key, value in (("place", place), ("bytes", size)):
            # The clause is for SQLite's parser: without it ON would belong to the SELECT.
            self.run(
                f"INSERT INTO spool_meta SELECT '{key}', {value} WHERE 1 = 1"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                {},
            )
