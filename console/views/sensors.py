"""探针: what each sees and what it does not, to the last packet."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from console.answers import Answer, page
from console.language import reader_language
from console.present import account
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
    rows = here.store.sensors(child=request.args.get("child", "")[:128] or None)
    silent = {row.name for row in rows if here.clock.age_s(row.last_seen_ns) > here.settings.silent_after_s}
    ports = [port for row in rows if row.heartbeat for port in row.heartbeat.interfaces]
    return Answer(
        "sensors.html",
        figures={
            "sensors": [_figures(row, row.name in silent) for row in rows],
            "transmitted": sum(port.transmitted for port in ports),
            "dropped": sum(port.dropped for port in ports),
        },
        context={
            "rows": rows,
            "silent": silent,
            "ports": ports,
            "transmitted": sum(port.transmitted for port in ports),
            "accounts": {
                row.name: account.account(row.heartbeat.ledger, language) for row in rows if row.heartbeat is not None
            },
        },
    )
