"""What travels in datagrams beside the plant's own: a number of each message, whatever its direction.

An ICMP error quotes another datagram: what is in it is no message of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said


def _quotes(row: Row) -> bool:
    return "icmp" in row.layers or "icmpv6" in row.layers


def _each(layer: str, field: str, base: int = 10) -> Callable[[Row, frozenset[int]], Iterator[Said]]:
    """One message for each value of a field, where tshark names that layer."""

    def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
        if layer in row.layers and not _quotes(row):
            yield from (Said(str(int(value, base)), "") for value in row.all(field))

    return theirs


def _field(name: str) -> Callable[[Event], Said | None]:
    return lambda event: Said(str(event.get(name, "none")), "")


def _icmp(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    for layer in ("icmp", "icmpv6"):
        # The first is the message's own; an error quotes one, too.
        yield from (Said(value, "") for value in row.all(f"{layer}.type")[:1] if layer in row.layers)


def _names(layer: str, field: str = "dns.id") -> Comparable:
    theirs, ours = _each(layer, field, 16), _field(f"{layer}.id")
    return Comparable(name=layer, fields=(field,), theirs=theirs, ours=ours)


ALL = (
    Comparable(name="arp", fields=("arp.opcode",), theirs=_each("arp", "arp.opcode"), ours=_field("arp.operation")),
    Comparable(name="icmp", fields=("icmp.type", "icmpv6.type"), theirs=_icmp, ours=_field("icmp.type")),
    Comparable(name="ntp", fields=("ntp.flags.mode",), theirs=_each("ntp", "ntp.flags.mode"), ours=_field("ntp.mode")),
    _names("dns"),
    _names("mdns"),
    _names("llmnr"),
    _names("nbns", "nbns.id"),
)
