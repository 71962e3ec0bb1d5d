"""探针: what each sees and what it does not, to the last packet, a page at a time."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from console.answers import Answer, page
from console.language import reader_language
from console.present import account, baseline
from console.roll import asked
from console.state import state
from console.store import SensorRow

bp = Blueprint("sensors", __name__)


def _figures(row: SensorRow, silent: bool) -> dict[str, Any]:
    return {
        "name": row.name,
        "child": row.child,
        "last_seen_ns": row.last_seen_ns,
        "silent": silent,
        "incidents": row.incidents,
        "heartbeat": None if row.heartbeat is None else row.heartbeat.to_json(),
    }


@page(bp, "/sensors", "sensors")
def sensors() -> Answer:
    here, language = state(), reader_language()
    request = asked(here)
    found = here.store.sensors(request.where, request.limit, request.cursor)
    sums = here.store.coverage(request.where.silent_before_ns)
    silent = {row.name for row in found.rows if row.last_seen_ns < request.where.silent_before_ns}
    ports = [port for row in found.rows if row.heartbeat for port in row.heartbeat.interfaces]
    return Answer(
        "sensors.html",
        figures={
            "total": sums.sensors,
            "silent_total": sums.silent_sensors,
            "sensors": [_figures(row, row.name in silent) for row in found.rows],
            "transmitted": sum(port.transmitted for port in ports),
            "dropped": sum(port.dropped for port in ports),
            "next_cursor": found.next_cursor,
        },
        context={
            "rows": found.rows,
            "request": request,
            "next_cursor": found.next_cursor,
            "sums": sums,
            "silent": silent,
            "ports": ports,
            "transmitted": sum(port.transmitted for port in ports),
            "baselines": {
                row.name: list(baseline.lines(row.heartbeat, language))
                for row in found.rows
                if row.heartbeat is not None
            },
            "accounts": {
                row.name: account.account(row.heartbeat.ledger, language)
                for row in found.rows
                if row.heartbeat is not None
            },
        },
    )
