"""TDS: the type of each message, told by its first packet, and whether a login was let in."""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said

RESULT = "4"
PRELOGIN = "18"
FIRST = ("0", "1")
"""numbers of a message's first packet: servers count from 1, some clients from 0"""


def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    let_in = iter(row.all("tds.loginack.interface"))
    for kind, number in zip(row.all("tds.type"), row.all("tds.packet_number"), strict=False):
        # TLS in packets is TLS's.
        if number in FIRST and not (kind == PRELOGIN and "tls" in row.layers):
            yield _said(kind, let_in=kind == RESULT and next(let_in, None) is not None)


def ours(event: Event) -> Said | None:
    return _said(str(event["tds.type"]), let_in="tds.server_program" in event) if "tds.type" in event else None


def _said(kind: str, *, let_in: bool) -> Said:
    return Said(f"{kind} let in" if let_in else kind, "response" if kind == RESULT else "request")


TDS = Comparable(
    name="tds",
    fields=("tds.type", "tds.packet_number", "tds.loginack.interface"),
    theirs=theirs,
    ours=ours,
    ports=frozenset({1433}),
    decode_as="tcp.port=={port},tds",
    by_front=True,
)
