"""Where the incidents of a list or a count of the embedded store come from: the full text, or the index by cause.

Suppressed incidents are few among very many: by the filters beside them every incident would be looked at.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from console.store import fulltext, suppressions
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


def of_suppressed(where: IncidentFilter) -> Source | None:
    """Where suppressed ones are asked, by nothing but columns: without words, techniques and stories."""
    if not where.suppressed or (where.text or "").strip() or where.technique is not None or where.stories is not None:
        return None
    clause, values = beside_clause(where)
    parts = [clause]
    for column, value in (
        ("i.level", where.level), ("i.detector", where.detector), ("i.protocol", where.protocol),
        ("i.child", where.child), ("i.origin", where.origin), ("i.tenant", where.tenant),
        ("coalesce(d.workflow, 'new')", where.workflow),
    ):  # fmt: skip
        if value is not None:
            parts.append(f"+{column} = ?")  # `+`: no index is to be walked for it
            values.append(str(value))
    if where.level_at_least is not None:
        levels = fulltext.at_least(where.level_at_least)
        parts.append(f"+i.level IN ({', '.join('?' * len(levels))})")
        values += levels
    return Source("incident i LEFT JOIN decision d USING (number)", " AND ".join(parts), values, "i.number")


def beside_clause(where: IncidentFilter) -> tuple[str, list[Any]]:
    """SQL over `i` for what the full-text index does not know (`BESIDE`), with its values."""
    parts: list[str] = []
    values: list[Any] = []
    for sql, value in (
        ("i.last_ns >= ?", where.since_ns), ("i.first_ns < ?", where.until_ns), ("i.first_ns >= ?", where.began_ns),
        ("i.state = ?", where.state),
    ):  # fmt: skip
        if value is not None:
            parts.append(f"+{sql}" if where.suppressed else sql)
            values.append(value)
    if where.suppressed is not None and (where.suppressed or where.suppressions):
        hidden, of_these = suppressions.clause(where.suppressions or ())
        parts.append(hidden if where.suppressed else f"NOT {hidden}")
        values += of_these
    return " AND ".join(parts) or "1", values
