"""`GET /api/v1/tasks?after=…&wait=…`: what goes down to a child, as the answer to its own call (`docs/federation.md`).

`after` says what the child has kept, so it is the acknowledgement. A call for which there is nothing may be held for a
while; a held call costs a thread, so only a few are, and to all others the answer says when to come back. That time
grows with the number of children: 30,000 ask some fifty times a second together.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Blueprint, Flask, Response, current_app, request

from console.ingest import Ingest, ingest_here, later, refusal, sender, unknown_credential
from console.nodes import Node
from console.registry import RegistryError
from console.store import Below, StoreError
from sensor.schema import SCHEMA_VERSION
from sensor.schema.shape import MAX_INT

log = logging.getLogger(__name__)

MAX_WAIT_S = 25.0
LOOK_EVERY_S = 0.5
MAX_HELD = 2
"""calls held at a time, of eight threads"""
AGAIN_S, LONGEST_AGAIN_S, CALLS_PER_S = 5.0, 600.0, 50
EXTENSION = "otus_tasks"

bp = Blueprint("tasks", __name__)


@dataclass
class Held:
    """The calls that one process holds."""

    free: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MAX_HELD))
    ending: Callable[[], bool] = lambda: False

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Whether this call may be held."""
        taken = self.free.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                self.free.release()


@bp.record_once
def _install(setup: object) -> None:
    app: Flask = setup.app  # type: ignore[attr-defined]
    app.extensions[EXTENSION] = Held()


def end_with(app: Flask, ending: Callable[[], bool]) -> None:
    """Let held calls go as soon as the server ends."""
    app.extensions[EXTENSION].ending = ending


@bp.get("/api/v1/tasks")
def tasks() -> Response:
    """What is for this child and for nobody else to see: notices and tasks for a console, decisions for a sensor."""
    here = ingest_here()
    try:
        node = sender(here.nodes)
        if node is None:
            return unknown_credential()
        asked = _asked()
        if asked is None:
            return refusal(400, "not_a_question", f"after: a whole number; wait: seconds, 0 to {MAX_WAIT_S:.0f}")
        return _answer(here, node, *asked)
    except (StoreError, RegistryError) as error:
        log.error("%s", error)
        return later("store_failed", "what is for you cannot be read now; come back")


def _asked() -> tuple[int, float] | None:
    after, wait = request.args.get("after", "0"), request.args.get("wait", "0")
    if not (after.isascii() and after.isdigit() and len(after) <= 19) or int(after) > MAX_INT:
        return None
    whole, _, part = wait.partition(".")
    if not ((whole + part).isascii() and (whole + part).isdigit() and len(wait) <= 9):
        return None
    return int(after), min(float(wait), MAX_WAIT_S)


def _answer(here: Ingest, node: Node, after: int, wait_s: float) -> Response:
    held: Held = current_app.extensions[EXTENSION]
    with held.one() as may_wait:
        below = _look(here, node, after, wait_s if may_wait else 0.0, held.ending)
        again_s = 0.0 if below.records or (may_wait and wait_s > AGAIN_S) else _again_s(here)
    head = {"schema": SCHEMA_VERSION, "node": node.name, "after": below.after, "again_s": again_s}
    text = json.dumps(head, ensure_ascii=False).encode()[:-1]
    return Response(text + b', "records": [' + b", ".join(below.records) + b"]}", mimetype="application/json")


def _look(here: Ingest, node: Node, after: int, wait_s: float, ending: Callable[[], bool]) -> Below:
    until_s = time.monotonic() + wait_s
    while True:
        below = here.store.orders_below(node.name, after, packs=here.pass_packs)
        # What passed by and was for others is kept as well: the child need not be asked past it again.
        if below.records or below.after != after or time.monotonic() >= until_s or ending():
            return below
        time.sleep(min(LOOK_EVERY_S, max(0.0, until_s - time.monotonic())))


def _again_s(here: Ingest) -> float:
    return min(LONGEST_AGAIN_S, max(AGAIN_S, len(here.nodes.list()) / CALLS_PER_S))
