"""Modbus/TCP. tshark tells requests from responses by the port only."""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said, side


def theirs(row: Row, servers: frozenset[int]) -> Iterator[Said]:
    kind = side(row, servers)
    for code in row.all("modbus.func_code"):
        yield Said(str(int(code) & 0x7F), kind)


def ours(event: Event) -> Said | None:
    return Said(str(event.get("modbus.function_code", "none")), event["message.kind"])


MODBUS = Comparable(
    name="modbus",
    fields=("mbtcp.trans_id", "modbus.func_code"),
    theirs=theirs,
    ours=ours,
    ports=frozenset({502}),
    decode_as="tcp.port=={port},mbtcp",
)
