"""Entries that a person rejected: when they are seen the alarm says so, and is no small one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from detectors.baseline.entries import link_id, operation_id, station_id
from detectors.baseline.review import Decision
from detectors.describe import Description
from sensor.schema import Level, Text

Side = tuple[str, int | None, str | None]


class Hit(Protocol):
    @property
    def cause(self) -> str: ...
    @property
    def segment(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def client(self) -> Side | None: ...
    @property
    def server(self) -> Side | None: ...
    def params(self) -> dict[str, Any]: ...


class Rejected:
    """Decisions by what the core says of a message that leaves the baseline."""

    def __init__(self, decisions: Sequence[Decision]) -> None:
        last = {decision.entry: decision for decision in decisions}
        self._by_id = {name: one for name, one in last.items() if one.action == "reject"}

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def decision(self, hit: Hit) -> Decision | None:
        """The decision that a hit is about."""
        if hit.client is None or hit.server is None:
            return None
        client, server = hit.client[0], hit.server[0]
        link = link_id({"segment": hit.segment, "client": client, "server": server, "protocol": hit.protocol})
        params = hit.params()
        operation = operation_id(link, params.get("operation_code", -1), str(params.get("operation_class")))
        names = [operation, link, *(station_id(hit.segment, ip) for ip in (client, server))]
        found = next((self._by_id[name] for name in names if name in self._by_id), None)
        return found or self._object(link, params)

    def _object(self, link: str, params: Mapping[str, Any]) -> Decision | None:
        """An object: by its name, or by a range that has something of what was touched."""
        if "space" not in params:
            return None
        touched = f"{params.get('operation_class')}.{params['space']}.{params.get('index')}"
        place = f"object:{link.removeprefix('link:')}#{touched}"
        if "object" in params:
            return self._by_id.get(f'{place}="{params["object"]}"')
        start, end = params.get("start", 0), params.get("end", 0)
        for name, decision in self._by_id.items():
            if name.startswith(f"{place}:"):
                first, _, last = name.rpartition(":")[2].partition("-")
                if int(first) <= end and start <= int(last):
                    return decision
        return None


def describing(describe: Callable[[Any], Description], rejected: Rejected) -> Callable[[Any], Description]:
    """`describe`, which says of an entry that was rejected who did and why."""

    def with_decision(hit: Any) -> Description:
        said = describe(hit)
        decision = rejected.decision(hit)
        if decision is None:
            return said
        params = {**said.reason.params, "rejected_by": decision.person, "rejected_because": decision.reason}
        return replace(
            said,
            # Somebody looked at it and said no: as grave as an operation that changes the plant.
            level=said.level if said.level.rank > Level.HIGH.rank else Level.HIGH,
            title=Text(f"［已否决］{said.title.zh}", f"[rejected] {said.title.en}"),
            reason=replace(said.reason, params=params),
        )

    return with_decision
