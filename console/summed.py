"""The one heartbeat of a console that sums up the sensors below it: what `Store.coverage` says, as a record."""

from __future__ import annotations

import hashlib

from console.clock import NS
from console.state import ConsoleState
from console.store.rows import Coverage
from sensor.schema import Below, Heartbeat, Kind, Ledger, Record

HOUR_NS = 3600 * NS


def tell(here: ConsoleState, name: str) -> Record:
    """What a parent is told now that calls this console so.

    Raises:
        StoreError: the store cannot be asked.
    """
    now_ns = here.clock.now_ns()
    return heartbeat_of(here.store.coverage(now_ns - here.settings.silent_after_s * NS), name, now_ns)


def heartbeat_of(coverage: Coverage, name: str, now_ns: int) -> Record:
    """`name` is what the parent calls this console. As of a sensor it is a record an hour, and a revision of it each
    time it is told: by the second, so that a restart goes on from where it was."""
    start_ns = now_ns // HOUR_NS * HOUR_NS
    body = Heartbeat(
        sensor=name,
        start_ns=start_ns,
        end_ns=now_ns,
        ledger=coverage.ledger or Ledger(),
        below=Below(
            sensors=coverage.sensors,
            silent=coverage.silent_sensors,
            without_baseline=coverage.without_baseline,
            silent_names=coverage.silent_names,
            children=coverage.children,
            silent_children=coverage.silent_children,
            silent_child_names=coverage.silent_child_names,
        ),
    )
    record_id = hashlib.sha256(f"below:{name}:{start_ns}".encode()).hexdigest()[:32]
    revision = 1 + (now_ns - start_ns) // NS
    return Record(kind=Kind.HEARTBEAT, id=record_id, revision=revision, origin=name, body=body.to_json())
