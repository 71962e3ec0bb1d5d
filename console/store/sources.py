"""Where the incidents of a list or a count of the embedded store come from, as SQL."""

from __future__ import annotations

from typing import Any, NamedTuple

from console.store import suppressions
from console.store.rows import IncidentFilter

MATCHING = "search s CROSS JOIN incident i ON i.number = s.rowid"
"""`CROSS`: read the full-text index as a stream and look each incident up, never the other way round"""
BESIDE = frozenset({"since_ns", "until_ns", "began_ns", "state", "suppressed"})
"""what the full-text index does not know"""


class Source(NamedTuple):
    tables: str
    """`i` among them, but where only numbers are asked of the full text"""
    clause: str
    values: list[Any]
    number: str
    """the column to walk by"""


def of_text(match: str, where: IncidentFilter, *, rows: bool = True) -> Source:
    """`match` is what the full text is asked; `rows`: columns of `i` are wanted."""
    clause, values = beside_clause(where)
    tables = MATCHING if rows or clause != "1" else "search s"
    return Source(tables, f"s.search MATCH ? AND {clause}", [match, *values], "s.rowid")


def beside_clause(where: IncidentFilter) -> tuple[str, list[Any]]:
    """SQL over `i` for what the full-text index does not know (`BESIDE`), with its values."""
    parts: list[str] = []
    values: list[Any] = []
    for sql, value in (
        ("i.last_ns >= ?", where.since_ns), ("i.first_ns < ?", where.until_ns), ("i.first_ns >= ?", where.began_ns),
        ("i.state = ?", where.state),
    ):  # fmt: skip
        if value is not None:
            parts.append(sql)
            values.append(value)
    if where.suppressed is not None and (where.suppressed or where.suppressions):
        hidden, of_these = suppressions.clause(where.suppressions or ())
        parts.append(hidden if where.suppressed else f"NOT {hidden}")
        values += of_these
    return " AND ".join(parts) or "1", values
