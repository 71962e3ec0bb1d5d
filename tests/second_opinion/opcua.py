"""OPC UA binary: the type of a chunk, and of the message that its last chunk completes the type id of its service."""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said

CONNECTION = {"HEL": "request", "ACK": "response", "ERR": "response", "RHE": "request"}


def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    services = iter(row.all("opcua.servicenodeid.numeric"))
    for kind, chunk in zip(row.all("opcua.transport.type"), row.all("opcua.transport.chunk"), strict=False):
        if kind in CONNECTION:
            yield Said(kind, "")
        elif chunk == "A":
            yield Said(f"{kind} aborted", "")
        elif chunk == "F":
            yield Said(f"{kind} {next(services, 'encrypted')}", "")


def ours(event: Event) -> Said | None:
    kind = event["opcua.message_type"]
    if kind in CONNECTION:
        return Said(kind, "")
    if event["opcua.chunk_type"] == "A":
        return Said(f"{kind} aborted", "")
    return Said(f"{kind} {event.get('opcua.service_id', 'encrypted')}", "")


OPCUA = Comparable(
    name="opcua",
    fields=("opcua.transport.type", "opcua.transport.chunk", "opcua.servicenodeid.numeric"),
    theirs=theirs,
    ours=ours,
    ports=frozenset({4840}),
    decode_as="tcp.port=={port},opcua",
)
