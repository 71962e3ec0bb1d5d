"""Tells every parent, three times a minute, one heartbeat for all sensors below, in the place of theirs.

It is not queued: a sum that could not be told is worth nothing once the next one is made, and that it does not come is
what the parent goes by. One thread per parent, as in `federation.uplink`.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence

import httpx

from federation.clients import SENDS_JSON, clients_of
from federation.parent import Parent
from federation.reply import Gone, read_reply
from federation.uplink import Pace
from sensor.schema import SCHEMA_VERSION, Record

log = logging.getLogger(__name__)


class Summing:
    """`start`, then `stop`; or `tell_once` for one sum without threads."""

    def __init__(
        self,
        parents: Sequence[Parent],
        tell: Callable[[str], Record],
        known_as: Callable[[str], str | None],
        *,
        pace: Pace | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`tell` makes the record of a node that is called so, and may raise RuntimeError where it cannot now;
        `known_as` says what a parent calls us, None as long as it has not answered."""
        self._parents = tuple(parents)
        self._tell = tell
        self._known_as = known_as
        self._pace = pace or Pace()
        self._stop = threading.Event()
        self._said: dict[str, str] = {}
        self._clients = clients_of(parents, self._pace.timeout_s, transport, SENDS_JSON)

    def start(self) -> None:
        for parent in self._parents:
            threading.Thread(target=self._run, args=(parent,), name=f"summing-{parent.name}", daemon=True).start()

    def stop(self) -> None:
        """A sum under way is not waited for."""
        self._stop.set()

    def _run(self, parent: Parent) -> None:
        while not self._stop.is_set():
            try:
                wait_s = self.tell_once(parent)
            except Exception:
                # A line must not end by a mistake of ours: say it in full, and go on slowly.
                log.exception("summing up for %s: unexpected", parent.name)
                wait_s = self._pace.slow_s
            self._stop.wait(wait_s)
        self._clients[parent.name].close()

    def tell_once(self, parent: Parent) -> float:
        """Tell one sum if the parent said already what it calls us. Returns the seconds to wait before the next."""
        name = self._known_as(parent.name)
        if name is None:
            return self._pace.idle_s
        try:
            record = self._tell(name)
            body = json.dumps({"schema": SCHEMA_VERSION, "records": [record.to_json()]}).encode()
            reply = read_reply(self._clients[parent.name].post(parent.batches_url, content=body))
            problem = reply.verdicts.get(record.key, "was not answered")
        except httpx.HTTPError as error:
            problem = f"cannot be reached ({type(error).__name__}: {error})"
        except (Gone, RuntimeError) as error:
            problem = str(error)
        if problem is not None and parent.name not in self._said:
            log.warning("the sum of the sensors below: parent %s (%s): %s", parent.name, parent.url, problem)
        if problem is None and self._said.pop(parent.name, None) is not None:
            log.info("parent %s takes the sum of the sensors below again", parent.name)
        elif problem is not None:
            self._said[parent.name] = problem
        return self._pace.sums_s


__all__ = ["Summing"]
