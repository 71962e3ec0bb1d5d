"""Telnet: which options the first payload of a connection negotiates, and terminal types. tshark tells no login."""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said

NEGOTIATION = ("251", "252", "253", "254")
"""WILL, WONT, DO, DONT"""
SUBNEGOTIATION = "250"
TERMINAL_TYPE = "24"
LONGEST = 60
"""letters of a name that are compared"""
FIRST = 1
"""relative sequence number of the first byte of each side"""


def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    if "telnet" not in row.layers:
        return
    # Only what negotiates names an option; the end of a subnegotiation does not.
    told = [command for command in row.all("telnet.cmd") if command in (*NEGOTIATION, SUBNEGOTIATION)]
    pairs = list(zip(told, row.all("telnet.subcmd"), strict=False))
    offered = [option for command, option in pairs if command in NEGOTIATION]
    if offered and row.number("tcp.seq") == row.number("tcp.ack") == FIRST:
        yield Said(",".join(offered), "")
    if (SUBNEGOTIATION, TERMINAL_TYPE) in pairs:
        yield from (Said(f"terminal {name.lower()[:LONGEST]}", "") for name in row.all("telnet.string_subopt.value"))


def ours(event: Event) -> Said | None:
    if "telnet.terminal_type" in event:
        return Said(f"terminal {event['telnet.terminal_type'].lower()[:LONGEST]}", "")
    options = event.get("telnet.options")
    return Said(",".join(map(str, options)), "") if options else None


TELNET = Comparable(
    name="telnet",
    fields=("tcp.ack", "telnet.cmd", "telnet.subcmd", "telnet.string_subopt.value"),
    theirs=theirs,
    ours=ours,
    ports=frozenset({23}),
    decode_as="tcp.port=={port},telnet",
)
