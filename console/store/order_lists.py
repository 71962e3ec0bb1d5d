"""The list of orders, page by page."""

from __future__ import annotations

from typing import Any

from console.store.order_rows import OrderFilter, OrderRow
from console.store.orders import COLUMNS, FOR_DESKS, read_row
from console.store.queries import MAX_LIMIT
from console.store.rows import Page
from console.store.sql import Run, asked
from sensor.schema.shape import MAX_INT, known_id, known_name


def page(run: Run, where: OrderFilter, limit: int, cursor: str | None) -> Page[OrderRow]:
    """An index is walked in the order of the issuing; what is asked for is looked at on the way. It is as long as the
    orders kept, which are bounded (`MAX_OPEN`, retention)."""
    limit = max(1, min(limit, MAX_LIMIT))
    parts, values = _clause(where)
    place = _read_cursor(cursor)
    if place is not None:
        parts.append("(o.issued_ns, o.id, o.origin) < (:at, :at_id, :at_origin)")
        values |= place
    rows = run(
        f"SELECT {COLUMNS} FROM orders o WHERE {' AND '.join(parts) or '1 = 1'}"
        " ORDER BY o.issued_ns DESC, o.id DESC, o.origin DESC LIMIT :limit",
        {**values, "limit": limit + 1},
    )
    found = [read_row(row) for row in rows]
    return Page(tuple(found[:limit]), _write_cursor(found[limit - 1]) if len(found) > limit else None)


def _clause(where: OrderFilter) -> tuple[list[str], dict[str, Any]]:
    parts = [FOR_DESKS] if where.kind is None else []
    values: dict[str, Any] = {}
    for name in ("kind", "course", "state", "parent"):
        if (value := getattr(where, name)) is not None:
            parts.append(f"o.{name} = :{name}")
            values[name] = asked(value)
    if where.open is not None:
        parts.append("o.open = :open")
        values["open"] = int(where.open)
    if where.received is not None:
        parts.append("o.parent <> ''" if where.received else "o.parent = ''")
    if where.addressee is not None:
        parts.append(
            "(o.all_below = 1 OR EXISTS (SELECT 1 FROM order_addressee a"
            " WHERE a.name = :addressee AND a.origin = o.origin AND a.id = o.id))"
        )
        values["addressee"] = asked(where.addressee)
    if where.overdue_at_ns is not None:
        parts.append("o.open = 1 AND o.deadline_ns <= :now AND (o.parent = '' OR o.settled = 0)")
        values["now"] = min(where.overdue_at_ns, MAX_INT)
    return parts, values


def _write_cursor(row: OrderRow) -> str:
    return f"{row.issued_ns}.{row.id}.{row.origin}"


def _read_cursor(cursor: str | None) -> dict[str, Any] | None:
    """None for none, and for one that a stranger made up."""
    moment, _, rest = (cursor or "").partition(".")
    record_id, _, origin = rest.partition(".")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 19) or int(moment) > MAX_INT:
        return None
    if not known_id(record_id) or not known_name(origin):
        return None
    return {"at": int(moment), "at_id": record_id, "at_origin": origin}
